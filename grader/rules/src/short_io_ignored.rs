//! short-io-ignored: the rest of a short read or write was forgotten. Its page:
//! `docs/rules/short-io-ignored.md`.

use crate::case::{At, Case, explain};
use crate::index::{is_write, transfer};
use forklings_model::{Detail, Errno, Event, Finding, IoResult, ObjectId, ObjectKind, ProcId};

/// `EPIPE`. Source: `errno(3)`.
const EPIPE: Errno = 32;

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

/// The process's next transfer in the same direction on the same descriptor.
fn next_on_descriptor<'a>(
    case: &Case<'a>,
    event: &Event,
    io: &IoResult,
) -> Option<(&'a Event, &'a IoResult)> {
    case.run
        .of(event.task.proc)
        .filter(|later| later.seq > event.seq && is_write(later) == is_write(event))
        .filter_map(|later| Some((later, transfer(later)?)))
        .find(|(_, later)| later.fd == io.fd)
}

fn rest_unwritten(case: &Case<'_>, event: &Event, io: &IoResult) -> bool {
    let Ok(moved) = io.result else { return false };
    moved < io.asked
        && next_on_descriptor(case, event, io)
            .is_none_or(|(_, later)| later.asked > io.asked - moved)
}

fn rest_unread(case: &Case<'_>, event: &Event, io: &IoResult) -> bool {
    let Ok(moved) = io.result else { return false };
    if moved == 0 {
        return false;
    }
    if io.shortened && next_on_descriptor(case, event, io).is_none() {
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
