//! One step of a saved run: the event that comes next, and how everybody stands before it.

use super::layout::part;
use crate::escape::{cut, line};
use crate::moment::{Descriptor, Life, Moment, Process, Task};
use crate::place::place;
use crate::sentence::event::{about_to, phrase};
use crate::sentence::name::{self, count, list};
use crate::sentence::wait;
use crate::style::{Ink, Style};
use forklings_model::{
    Fd, ObjectId, ObjectKind, PipeEnd, Signal, SignalSet, TaskId, Trace, WaitsFor,
};

/// Descriptors that are told of one process.
const DESCRIPTORS: usize = 16;

/// What is seen after the first `done` events: the next one with its line, then every process. After
/// the last one, how the run ended. `excerpt` are the lines of code around the next event's place,
/// each with its number, where they could be read.
#[must_use]
pub fn step(trace: &Trace, done: usize, excerpt: &[(u32, String)], style: &Style) -> String {
    let moment = Moment::after(trace, done);
    let next = trace.events.get(done);
    let mut out = match next {
        Some(event) => {
            let number = format!("event {} of {}", event.seq, trace.events.len().saturating_sub(1));
            let mut out = style.paint(Ink::Strong, &number) + "\n\n";
            let next = format!("{}  {}", event.task.proc, phrase(event, trace));
            out += &part("next", &style.glyphs(&next), style);
            let place = place(trace, event.site);
            if let Some(place) = &place {
                let code = match (&place.text, excerpt) {
                    (Some(text), []) => format!("   {text}"),
                    _ => String::new(),
                };
                let room = style.width.saturating_sub(13).max(40);
                out += &part("where", &cut(&format!("{place}{code}"), room), style);
                if !excerpt.is_empty() {
                    out += &part("", &lines(excerpt, place.line), style);
                }
            }
            out
        }
        None => {
            let mut out = style.paint(Ink::Strong, "the run is over") + "\n\n";
            out += &part("end", &style.glyphs(&crate::sentence::end::end(trace)), style);
            out
        }
    };
    for (proc, process) in &moment.processes {
        out.push('\n');
        let next = next.map(|event| event.task).filter(|task| task.proc == *proc);
        let told = style.glyphs(&about(trace, process, next));
        out += &part(&proc.to_string(), &told, style);
    }
    out
}

/// The keys of the walk, for `?`.
#[must_use]
pub fn step_keys(style: &Style) -> String {
    let mut out = String::new();
    for (key, what) in [
        ("Enter", "one event further"),
        ("a number", "so many events further"),
        ("c", "to the next event of the one whose turn it is, or to the end"),
        ("q", "end"),
        ("?", "these lines"),
    ] {
        out += &part(key, what, style);
    }
    out
}

/// What is not walked through, as it is nobody's code.
#[must_use]
pub fn step_left_out(events: usize, style: &Style) -> String {
    let events = count(events as u64, "event", "events");
    let text = format!("({events} of the dynamic linker and the runtime before main are left out)");
    part("", &text, style)
}

fn lines(excerpt: &[(u32, String)], here: u32) -> String {
    let quoted = excerpt.iter().map(|(number, text)| {
        let mark = if *number == here { '>' } else { ' ' };
        format!("│ {mark} {number:>4}  {}", line(text.trim_end()))
    });
    quoted.collect::<Vec<_>>().join("\n")
}

/// How a process stands, in a few lines.
fn about(trace: &Trace, process: &Process, next: Option<TaskId>) -> String {
    let life = match process.life {
        Life::Alive => None,
        Life::Stopped(signal) => Some(format!("stopped by {signal}")),
        Life::Exiting => Some("exits: its descriptors are closed".to_owned()),
        Life::Dead(ending) => Some(format!("{}; nobody can see it yet", name::ended(ending))),
        Life::Zombie(ending) => Some(format!("zombie: {}", name::ended(ending))),
        Life::Gone(ending) => Some(format!("gone: {}", name::ended(ending))),
    };
    let lives = matches!(process.life, Life::Alive | Life::Stopped(_));
    let mut told: Vec<String> = life.into_iter().collect();
    if lives {
        let alone = process.tasks.len() == 1;
        for (thread, task) in &process.tasks {
            let runs = next.is_some_and(|next| next.thread == *thread);
            let who = if alone { String::new() } else { format!("T{thread} ") };
            told.push(format!("{who}{}", stands(trace, task, runs)));
        }
        told.push(descriptors(trace, process));
        if !process.pending.is_empty() {
            let pending: Vec<Signal> = process.pending.iter().copied().collect();
            told.push(format!("pending: {}", list(&pending, 6)));
        }
    }
    told.join("\n")
}

/// Whether a thread runs, could, or waits, and which signals it holds back.
fn stands(trace: &Trace, task: &Task, runs: bool) -> String {
    let mut text = match (&task.waits, runs) {
        (_, true) => "running".to_owned(),
        (None, false) => "ready".to_owned(),
        (Some((since, on)), false) => {
            let began = trace.events.iter().find(|event| event.seq == *since);
            let about_to = began.and_then(|event| about_to(event, trace));
            let blocked = || format!("blocked: {}", blocked_on(trace, on, task.awaited));
            about_to.unwrap_or_else(blocked)
        }
    };
    for signal in &task.handles {
        text += &format!("; in its handler of {signal}");
    }
    if !task.blocked.is_empty() {
        text += &format!("; blocks {}", name::signals(task.blocked));
    }
    text
}

/// What a thread waits for, by name.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are said in a word or two")]
fn blocked_on(trace: &Trace, on: &WaitsFor, awaited: Option<SignalSet>) -> String {
    let short = wait::short(on);
    match on {
        WaitsFor::Readable { object, .. } | WaitsFor::Writable { object, .. } => {
            format!("{short}, {}", object_name(trace, *object))
        }
        WaitsFor::Child { candidates } if !candidates.is_empty() => {
            format!("{short}, for {}", list(candidates, 4))
        }
        WaitsFor::Signal => match awaited {
            Some(awaited) => format!("{short} ({})", name::signals(awaited)),
            None => short,
        },
        WaitsFor::Futex { holder: Some(holder), .. } => format!("{short}, which {holder} holds"),
        _ => short,
    }
}

/// The descriptor table in one line.
fn descriptors(trace: &Trace, process: &Process) -> String {
    let all = &process.descriptors;
    let mut words: Vec<String> =
        all.iter().take(DESCRIPTORS).map(|(fd, open)| descriptor(trace, *fd, open)).collect();
    if all.len() > DESCRIPTORS {
        words.push(format!("{} more", all.len() - DESCRIPTORS));
    }
    if words.is_empty() {
        return "no descriptors".to_owned();
    }
    format!("fd {}", words.join(", "))
}

fn descriptor(trace: &Trace, fd: Fd, open: &Descriptor) -> String {
    let end = match open.end {
        Some(PipeEnd::Read) => " read end",
        Some(PipeEnd::Write) => " write end",
        None => "",
    };
    let closes = if open.close_on_exec { " (closes on exec)" } else { "" };
    format!("{fd} = {}{end}{closes}", object_name(trace, open.object))
}

/// An object by a name that tells it from others: pipes are numbered as they were made.
fn object_name(trace: &Trace, object: ObjectId) -> String {
    let Some(found) = trace.object(object) else { return "unknown".to_owned() };
    match &found.kind {
        ObjectKind::Stdin => "stdin".to_owned(),
        ObjectKind::Stdout => "stdout".to_owned(),
        ObjectKind::Stderr => "stderr".to_owned(),
        ObjectKind::Pipe => {
            let before = trace
                .objects
                .iter()
                .take_while(|other| other.object != object)
                .filter(|other| other.kind == ObjectKind::Pipe);
            format!("pipe {}", before.count() + 1)
        }
        ObjectKind::File(path) | ObjectKind::Fifo(path) | ObjectKind::Queue(path) => {
            cut(&line(path), 40)
        }
        ObjectKind::Other(call) => line(call),
    }
}
