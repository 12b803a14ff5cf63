//! How a run came to its end, in words.

use crate::escape::line;
use crate::sentence::name::{self, count, ended, list};
use crate::sentence::wait;
use forklings_model::{End, Event, EventKind, Stuck, Trace, Wait};

/// How the run ended, one sentence a line.
#[must_use]
pub fn end(trace: &Trace) -> String {
    match &trace.end {
        End::Root { ending, alive } if alive.is_empty() => format!("P1 {}.", ended(*ending)),
        End::Root { ending, alive } => {
            let verb = if alive.len() == 1 { "was" } else { "were" };
            format!("P1 {}; {} {verb} still alive.", ended(*ending), list(alive, 6))
        }
        End::Deadlock { waits } => {
            let lines: Vec<String> = waits.iter().map(|w| wait::sentence(w, trace)).collect();
            format!("Nobody can go on:\n{}", lines.join("\n"))
        }
        End::TimeLimit { seconds, proc, computing, .. } => {
            let doing = if *computing { "computing" } else { "sleeping" };
            let limit = count((*seconds).into(), "second", "seconds");
            format!("Ended after {limit} (the limit); {proc} was {doing}.")
        }
        End::ProcessLimit { processes, proc } => {
            format!("Ended when {proc} asked for more than {processes} processes.")
        }
        End::MemoryLimit { mib, proc } => {
            format!("Ended when {proc} wanted more than {mib} MiB of memory.")
        }
        End::OutputLimit { kib, proc } => {
            format!("Ended when {proc} had written more than {kib} KiB of output.")
        }
        End::NoRun => "Nothing ran: this is about what the program's text means.".to_owned(),
        End::Abandoned { reason, stuck } => format!(
            "The grader gave this run up, which is no fault of the program.\n{}",
            given_up(reason, stuck, trace)
        ),
    }
}

/// Why a run was given up: who stands in which call, who waits for whom besides, and what can be
/// done about it. One sentence a line.
#[must_use]
pub fn given_up(reason: &str, stuck: &[Stuck], trace: &Trace) -> String {
    if stuck.is_empty() {
        return line(reason);
    }
    let mut lines: Vec<String> = stuck.iter().map(stands).collect();
    for process in &trace.processes {
        let own = |event: &&Event| event.task.proc == process.proc;
        let last = trace.events.iter().rev().find(own);
        if let Some(Event { task, site, kind: EventKind::Blocked { on }, .. }) = last
            && !stuck.iter().any(|stuck| stuck.task == *task)
        {
            lines.push(wait::sentence(&Wait { task: *task, on: on.clone(), site: *site }, trace));
        }
    }
    let foreign: Vec<String> = stuck
        .iter()
        .filter(|stuck| !stuck.modelled)
        .filter_map(|stuck| stuck.call.as_deref().map(name::call))
        .collect();
    lines.push(match foreign.as_slice() {
        [] => "Run it again. If that comes back, it is a mistake of the grader: please report it \
               with this message"
            .to_owned(),
        calls => format!(
            "If the task can be done without {}, do it without. If it cannot, or if the program \
             does come back when it runs by itself, the grader lacks a model: please report it \
             with this message",
            list(calls, 3)
        ),
    });
    lines.join("\n")
}

fn stands(stuck: &Stuck) -> String {
    let who = stuck.task;
    match (&stuck.call, stuck.modelled) {
        (None, _) => format!("{who} neither goes on nor makes a call, and uses no processor time"),
        (Some(call), true) => format!(
            "{who} stands in {} and does not come back, although nothing should keep it there",
            name::call(call)
        ),
        (Some(call), false) => format!(
            "{who} stands in {} and does not come back. The grader has no model of this call and \
             cannot tell who could end it",
            name::call(call)
        ),
    }
}
