//! Who waits for what, who could end the wait, and what holds it up.

use crate::place::{is_given, place};
use crate::sentence::name::{descriptor, list};
use forklings_model::{Holder, ObjectId, ObjectKind, ProcId, Trace, Wait, WaitsFor};

/// A few words for a column: `read fd 3`, `waitpid`.
#[must_use]
pub fn short(on: &WaitsFor) -> String {
    match on {
        WaitsFor::Readable { fd, .. } => format!("read fd {fd}"),
        WaitsFor::Writable { fd, .. } => format!("write fd {fd}"),
        WaitsFor::AnyOf { fds } => {
            let fds: Vec<String> = fds.iter().take(3).map(ToString::to_string).collect();
            format!("poll fd {}", fds.join(", "))
        }
        WaitsFor::Child { .. } => "waitpid".to_owned(),
        WaitsFor::Signal => "for a signal".to_owned(),
        WaitsFor::Futex { function: Some(function), .. } => crate::escape::line(function),
        WaitsFor::Futex { function: None, .. } => "lock".to_owned(),
        WaitsFor::Memory => "in a loop".to_owned(),
        WaitsFor::VforkChild { child } => format!("vfork → {child}"),
        WaitsFor::FifoPeer { path, .. } => format!("open {}", crate::escape::line(path)),
        WaitsFor::Lock { fd, .. } => format!("lock fd {fd}"),
        WaitsFor::Semaphore { .. } => "semop".to_owned(),
        WaitsFor::Message { sends: true, .. } => "msgsnd".to_owned(),
        WaitsFor::Message { sends: false, .. } => "msgrcv".to_owned(),
        WaitsFor::Connection { fd } => format!("connect fd {fd}"),
        WaitsFor::Continue => "stopped".to_owned(),
        WaitsFor::Unmodelled { call } => crate::escape::line(call),
    }
}

/// The whole sentence: what it waits for, who could end that, and which descriptor holds it.
#[must_use]
pub fn sentence(wait: &Wait, trace: &Trace) -> String {
    let who = wait.task;
    match &wait.on {
        WaitsFor::Readable { fd, object, .. } if meets_others(wait, trace) => {
            let made = trace.object(*object).and_then(|object| object.made_at);
            let made = place(trace, made)
                .map_or(String::new(), |place| format!(", {}:{}", place.file, place.line));
            format!(
                "{who}'s work waits in the given driver ({}{made}) until others are there too",
                descriptor(*fd)
            )
        }
        WaitsFor::Readable { fd, object, writers } => {
            let what = format!("{who} waits to read from {}", descriptor(*fd));
            match others(wait, writers).as_slice() {
                [] if !is_pipe(trace, *object) => what,
                [] if writers.is_empty() => format!("{what}, which nobody can write to"),
                [] => {
                    let own: Vec<String> = writers.iter().map(|own| end(own, trace)).collect();
                    format!(
                        "{what}, and only {who} itself holds its write end ({}): nobody else can \
                         write",
                        list(&own, 3)
                    )
                }
                others => format!(
                    "{what}; only {} could write or, by closing, end it",
                    holders(others, trace)
                ),
            }
        }
        WaitsFor::Writable { fd, object, readers } => {
            let what = format!("{who} waits to write to {}, which is full", descriptor(*fd));
            match others(wait, readers).as_slice() {
                // Who holds the other end of a socket is not known.
                [] if !is_pipe(trace, *object) => what,
                [] => format!("{what}, and nobody else holds its read end"),
                others => format!("{what}; only {} could read", holders(others, trace)),
            }
        }
        WaitsFor::AnyOf { fds } => {
            let fds: Vec<String> = fds.iter().map(|fd| descriptor(*fd)).collect();
            format!("{who} waits in poll or select for {}", list(&fds, 4))
        }
        WaitsFor::Child { candidates } => match candidates.as_slice() {
            [] => format!("{who} waits for a child, and none is left that could end"),
            all => format!("{who} waits for the end of {}", list(all, 4)),
        },
        WaitsFor::Signal => format!("{who} waits for a signal, and nobody is left to send it"),
        WaitsFor::Futex { function: None, .. } => format!("{who} waits for a lock or a thread"),
        WaitsFor::Futex { function: Some(function), holder, .. } => {
            let what = format!("{who} waits in {}", crate::escape::line(function));
            match holder {
                None => what,
                Some(holder) if *holder == who => format!("{what} for what it holds itself"),
                Some(holder) => format!("{what} for what {holder} holds"),
            }
        }
        WaitsFor::Memory => {
            format!("{who} turns in a loop until memory changes, and nobody is left to change it")
        }
        WaitsFor::VforkChild { child } => {
            format!("{who} waits until its vfork child {child} executes a program or ends")
        }
        WaitsFor::FifoPeer { path, writes } => {
            let other = if *writes { "reading" } else { "writing" };
            let path = crate::escape::line(path);
            format!("{who} waits in open until somebody opens the FIFO {path} for {other}")
        }
        WaitsFor::Lock { fd, holders, .. } => {
            let what = format!("{who} waits for a lock on the file behind {}", descriptor(*fd));
            match holders.as_slice() {
                [] => what,
                all if all == [who.proc] => format!("{what}, which it holds itself"),
                [one] => format!("{what}, which {one} holds"),
                all => format!("{what}, which {} hold", list(all, 4)),
            }
        }
        WaitsFor::Semaphore { .. } => format!("{who} waits for a semaphore of System V"),
        WaitsFor::Message { sends: true, .. } => {
            format!("{who} waits for room in a message queue of System V")
        }
        WaitsFor::Message { sends: false, .. } => {
            format!("{who} waits for a message in a queue of System V")
        }
        WaitsFor::Connection { fd } => format!(
            "{who} waits to connect {}, and nobody accepts the connections that wait already",
            descriptor(*fd)
        ),
        WaitsFor::Continue => format!("{who} is stopped and waits for SIGCONT"),
        WaitsFor::Unmodelled { call } => {
            format!("{who} waits in {}", crate::escape::line(call))
        }
    }
}

/// Whether both ends of an object are the same object to the trace.
fn is_pipe(trace: &Trace, object: ObjectId) -> bool {
    let kind = trace.object(object).map(|object| &object.kind);
    matches!(kind, Some(ObjectKind::Pipe | ObjectKind::Fifo(_) | ObjectKind::Queue(_)))
}

/// `P2 (fd 4, opened at src/lib.rs:31)`.
#[must_use]
pub fn holder(holder: &Holder, trace: &Trace) -> String {
    format!("{} ({})", holder.proc, end(holder, trace))
}

/// `fd 4, opened at src/lib.rs:31`.
fn end(holder: &Holder, trace: &Trace) -> String {
    let opened = place(trace, holder.opened_at);
    let opened = opened.map_or(String::new(), |place| format!(", opened at {place}"));
    format!("fd {}{opened}", holder.fd)
}

/// Whether a child waits for something of the given driver: that is how an exercise makes
/// processes meet, and none of the student's pipes.
#[must_use]
pub fn meets_others(wait: &Wait, trace: &Trace) -> bool {
    wait.task.proc != ProcId::ROOT && reads_from_driver(wait, trace)
}

/// Whether a process waits to read from something that the given driver has made.
pub(super) fn reads_from_driver(wait: &Wait, trace: &Trace) -> bool {
    let WaitsFor::Readable { object, .. } = &wait.on else { return false };
    let made = trace.object(*object).and_then(|object| object.made_at);
    is_given(trace, made)
}

fn holders(all: &[Holder], trace: &Trace) -> String {
    let words: Vec<String> = all.iter().map(|h| holder(h, trace)).collect();
    list(&words, 3).replace(" and ", " or ")
}

fn others(wait: &Wait, all: &[Holder]) -> Vec<Holder> {
    all.iter().copied().filter(|holder| holder.proc != wait.task.proc).collect()
}
