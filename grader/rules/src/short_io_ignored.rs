//! short-io-ignored: the rest of a short read or write was forgotten. Its page:
//! `docs/rules/short-io-ignored.md`.

use crate::case::{At, Case, explain};
use crate::errno::EPIPE;
use crate::index::{Life, is_write, transfer};
use forklings_model::{
    Detail, Ending, Event, EventKind, Finding, IoResult, ObjectId, ObjectKind, ProcId, WaitsFor,
};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let transfers = case.trace().events.iter().filter_map(|event| Some((event, transfer(event)?)));
    transfers
        .filter(|(event, io)| {
            if is_write(event) {
                rest_unwritten(case, event, io)
            } else {
                rest_unread(case, event, io)
            }
        })
        .map(|(event, io)| {
            let detail = Detail::ShortIoIgnored {
                proc: event.task.proc,
                write: is_write(event),
                fd: io.fd,
                asked: io.asked,
                moved: io.result.unwrap_or(0),
            };
            let next = next_on_descriptor(case, event, io).map(|(later, _)| later.seq);
            explain(detail, next.into_iter().chain([event.seq])).at(event.site)
        })
        .take(1)
        .collect()
}

/// The process's next transfer in the same direction on the same descriptor, whose number may since
/// have been given to something else.
fn next_on_descriptor<'a>(
    case: &Case<'a>,
    event: &Event,
    io: &IoResult,
) -> Option<(&'a Event, &'a IoResult)> {
    case.run
        .after(event.seq)
        .filter(|later| later.task.proc == event.task.proc && is_write(later) == is_write(event))
        .filter_map(|later| Some((later, transfer(later)?)))
        .find(|(_, later)| later.fd == io.fd && later.object == io.object)
}

/// Whether the process waited in the same call once more. That moved nothing if a signal ended it.
fn asked_again(case: &Case<'_>, event: &Event, io: &IoResult) -> bool {
    let mut later = case.run.after(event.seq).filter(|later| later.task.proc == event.task.proc);
    later.any(|later| match &later.kind {
        EventKind::Blocked { on: WaitsFor::Readable { object, .. } } => {
            io.object == Some(*object) && !is_write(event)
        }
        EventKind::Blocked { on: WaitsFor::Writable { object, .. } } => {
            io.object == Some(*object) && is_write(event)
        }
        _ => false,
    })
}

/// Whether the process went on to its own end, so that what it did not do it would never have
/// done: it was not killed or cut off, and is not in the next call right now.
fn came_to_its_end(case: &Case<'_>, event: &Event, io: &IoResult) -> bool {
    let life = case.run.life(event.task.proc);
    let killed = matches!(life.and_then(Life::ending), Some(Ending::Killed(_)));
    let mut stuck = case.run.stuck_in(event.task.proc);
    let goes_on = stuck.any(|on| match on {
        WaitsFor::Readable { fd, .. } | WaitsFor::Writable { fd, .. } => *fd == io.fd,
        WaitsFor::AnyOf { fds } => fds.contains(&io.fd),
        _ => false,
    });
    let later = case.run.after(event.seq).any(|later| later.task.proc == event.task.proc);
    // Still alive when the run ended with its root: it might have read on.
    let cut_off =
        life.is_some_and(|life| life.ended.is_none()) && case.trace().root_ending().is_some();
    !killed && !cut_off && !goes_on && later
}

fn rest_unwritten(case: &Case<'_>, event: &Event, io: &IoResult) -> bool {
    let Ok(moved) = io.result else { return false };
    let forgotten = || match next_on_descriptor(case, event, io) {
        Some((_, later)) => later.asked > io.asked - moved,
        None => !asked_again(case, event, io),
    };
    moved < io.asked && forgotten() && came_to_its_end(case, event, io)
}

fn rest_unread(case: &Case<'_>, event: &Event, io: &IoResult) -> bool {
    let Ok(moved) = io.result else { return false };
    // Most reads are followed by another, which is quickly seen.
    let read_again = next_on_descriptor(case, event, io).is_some() || asked_again(case, event, io);
    if moved == 0 || read_again || !came_to_its_end(case, event, io) {
        return false;
    }
    if io.shortened {
        return true;
    }
    let Some(pipe) = io.object.filter(|pipe| case.run.is(Some(*pipe), &ObjectKind::Pipe)) else {
        return false;
    };
    let reads = || case.run.io(pipe).filter(|(event, _)| !is_write(event));
    // A child may take what it wants and go: a full buffer tells nothing about it.
    let short = moved < io.asked || (event.task.proc == ProcId::ROOT && reads().count() == 1);
    short && reads().all(|(other, _)| other.seq <= event.seq) && more_was_written(case, pipe)
}

/// Whether more was written into the pipe than was ever read from it, or would have been.
fn more_was_written(case: &Case<'_>, pipe: ObjectId) -> bool {
    let total = |write: bool| -> u64 {
        let some = case.run.io(pipe).filter(|(event, _)| is_write(event) == write);
        some.filter_map(|(_, io)| io.result.ok()).sum()
    };
    total(true) > total(false)
        || case.run.io(pipe).any(|(event, io)| is_write(event) && io.result == Err(EPIPE))
}
