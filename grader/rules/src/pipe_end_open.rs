//! pipe-end-open: an end of a pipe that nobody will use holds somebody up. Its page,
//! `docs/rules/pipe-end-open.md`, has the five cases in the same order.

use crate::case::{At, Case, accuse};
use crate::relief::Relief;
use forklings_model::{
    Detail, End, Event, EventKind, Fd, Finding, ObjectId, ObjectKind, PipeEnd, ProcId, SiteId,
    Wait, WaitsFor,
};

/// Somebody who waits on a pipe, and one who holds the other end of it.
struct Suspect<'a> {
    wait: &'a Wait,
    fd: Fd,
    pipe: ObjectId,
    holder: ProcId,
    held: Fd,
    opened_at: Option<SiteId>,
}

/// What makes a suspect guilty.
struct Reason {
    /// The end that is held.
    end: PipeEnd,
    holds: fn(&Case<'_>, &[Wait], &Suspect<'_>) -> bool,
}

/// The cases, the surest first. One case of the page may take two lines: whom it names first.
const REASONS: [Reason; 7] = [
    Reason { end: PipeEnd::Write, holds: reader_holds_it },
    Reason { end: PipeEnd::Write, holds: stray },
    Reason { end: PipeEnd::Write, holds: waits_for_the_reader },
    Reason { end: PipeEnd::Write, holds: never_wrote },
    Reason { end: PipeEnd::Write, holds: done_with_writing },
    Reason { end: PipeEnd::Read, holds: writer_holds_it },
    Reason { end: PipeEnd::Read, holds: never_read },
];

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let End::Deadlock { waits } = &case.trace().end else { return Vec::new() };
    let suspects = |end| -> Vec<Suspect<'_>> {
        waits.iter().flat_map(|wait| suspects(case, wait, end)).collect()
    };
    let (writers, readers) = (suspects(PipeEnd::Write), suspects(PipeEnd::Read));
    let guilty = REASONS.iter().find_map(|reason| {
        let all = match reason.end {
            PipeEnd::Write => &writers,
            PipeEnd::Read => &readers,
        };
        let guilty = all.iter().find(|suspect| (reason.holds)(case, waits, suspect))?;
        Some(report(case, waits, (all, guilty), reason.end))
    });
    guilty.into_iter().collect()
}

/// Everybody who holds this end of a pipe whose other end the task waits on.
fn suspects<'a>(case: &Case<'_>, wait: &'a Wait, end: PipeEnd) -> Vec<Suspect<'a>> {
    let suspect =
        |fd, pipe, holder, held, opened_at| Suspect { wait, fd, pipe, holder, held, opened_at };
    match (&wait.on, end) {
        (WaitsFor::Readable { fd, object, writers: holders }, PipeEnd::Write)
        | (WaitsFor::Writable { fd, object, readers: holders }, PipeEnd::Read)
            if case.run.is(Some(*object), &ObjectKind::Pipe) =>
        {
            holders
                .iter()
                .map(|holder| suspect(*fd, *object, holder.proc, holder.fd, holder.opened_at))
                .collect()
        }
        (WaitsFor::AnyOf { fds }, PipeEnd::Write) => {
            let table = case.run.descriptors(wait.task.proc, u32::MAX);
            let asked = fds.iter().filter_map(|fd| Some((*fd, *table.get(fd)?)));
            asked
                .filter(|(_, (_, end))| *end == Some(PipeEnd::Read))
                .flat_map(|(fd, (pipe, _))| {
                    let made_at = case.run.maker(pipe).and_then(|event| event.site);
                    let holders = case.run.holders(pipe, end, u32::MAX);
                    holders.into_iter().map(move |(proc, held)| (fd, pipe, proc, held, made_at))
                })
                .map(|(fd, pipe, proc, held, made_at)| suspect(fd, pipe, proc, held, made_at))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Case 1: the reader itself, unless the pipe is its own affair.
fn reader_holds_it(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    let reader = suspect.wait.task.proc;
    let self_pipe = case.run.is_private(reader, suspect.pipe)
        && case.run.serves_a_handler(reader, suspect.pipe)
        && !nobody_can_write(case, waits, suspect);
    suspect.holder == reader && !self_pipe && !is_undecided(case, suspect)
}

/// Whether the reader alone holds a write end, and has neither another thread nor a handler that could
/// write: only the end of file can end its wait. A test may hold the end on purpose, to see whether
/// something waits that must not.
fn nobody_can_write(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    if !case.demands.is_empty() {
        return false;
    }
    let reader = suspect.wait.task.proc;
    let holders = case.run.holders(suspect.pipe, PipeEnd::Write, u32::MAX);
    holders.iter().all(|(holder, _)| *holder == reader)
        && waits.iter().filter(|wait| wait.task.proc == reader).count() == 1
        && !case.run.installs_handlers()
}

/// Case 2: an end that came along with a fork and belongs to the work of another process.
fn stray(case: &Case<'_>, _: &[Wait], suspect: &Suspect<'_>) -> bool {
    let Some(maker) = case.run.maker(suspect.pipe).map(|event| event.task.proc) else {
        return false;
    };
    let holders = case.run.holders(suspect.pipe, PipeEnd::Write, u32::MAX);
    let reader = suspect.wait.task.proc;
    ![maker, reader].contains(&suspect.holder)
        && maker != reader
        && holders.iter().all(|(holder, _)| *holder != maker)
        && !case.run.wrote(suspect.holder, suspect.pipe)
        && is_written(case, suspect.pipe)
}

/// Case 3: the holder waits, directly or through others, until the reader has ended.
fn waits_for_the_reader(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    if is_undecided(case, suspect) {
        return false;
    }
    let mut reached = vec![suspect.holder];
    let mut next = 0;
    while let Some(proc) = reached.get(next).copied() {
        next += 1;
        for wait in waits.iter().filter(|wait| wait.task.proc == proc) {
            let ends = match &wait.on {
                WaitsFor::Child { candidates } => candidates.as_slice(),
                WaitsFor::VforkChild { child } => std::slice::from_ref(child),
                _ => &[],
            };
            let new: Vec<_> = ends.iter().filter(|end| !reached.contains(end)).copied().collect();
            reached.extend(new);
        }
    }
    reached[1..].contains(&suspect.wait.task.proc)
}

/// Case 4, first: what was to be written others have written, and the holder never did. It may be
/// about to write elsewhere.
fn never_wrote(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    let writes = |on: &WaitsFor| match on {
        WaitsFor::Writable { object, .. } => *object == suspect.pipe,
        WaitsFor::Futex { .. } => true,
        _ => false,
    };
    !case.run.wrote(suspect.holder, suspect.pipe)
        && is_written(case, suspect.pipe)
        && holds_both_up(case, waits, suspect, writes)
}

/// Case 4: the holder has written, and now waits for something else than room in a pipe.
fn done_with_writing(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    let writes = |on: &WaitsFor| matches!(on, WaitsFor::Writable { .. } | WaitsFor::Futex { .. });
    case.run.wrote(suspect.holder, suspect.pipe) && holds_both_up(case, waits, suspect, writes)
}

/// Whether closing the write ends would set reader and holder free, and the holder is not about to
/// write.
fn holds_both_up(
    case: &Case<'_>,
    waits: &[Wait],
    suspect: &Suspect<'_>,
    writes: impl Fn(&WaitsFor) -> bool,
) -> bool {
    suspect.holder != suspect.wait.task.proc
        && !waits.iter().any(|wait| wait.task.proc == suspect.holder && writes(&wait.on))
        && frees(case, waits, suspect, PipeEnd::Write)
}

/// Case 5, first: the writer itself holds a read end, and whoever read is gone.
fn writer_holds_it(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    suspect.holder == suspect.wait.task.proc && never_read(case, waits, suspect)
}

/// Case 5: whoever read is gone, and those who hold a read end never did.
fn never_read(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    let holders = case.run.holders(suspect.pipe, PipeEnd::Read, u32::MAX);
    let reads = |proc| case.run.is_reader(proc, suspect.pipe);
    case.run.lives().any(|life| reads(life.proc))
        && !holders.iter().any(|(holder, _)| reads(*holder))
        && frees(case, waits, suspect, PipeEnd::Read)
}

/// Whether closing this end would set both free, who waits and who holds it.
fn frees(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>, end: PipeEnd) -> bool {
    let relief = Relief::by_closing(case, waits, suspect.pipe, end);
    relief.sets_free(suspect.wait.task.proc) && relief.sets_free(suspect.holder)
}

/// Whether nothing shows yet who reads from the pipe and who writes: others than the reader hold a
/// write end, and nobody has written or closed anything.
fn is_undecided(case: &Case<'_>, suspect: &Suspect<'_>) -> bool {
    let holders = case.run.holders(suspect.pipe, PipeEnd::Write, u32::MAX);
    let closed = |event: &Event| {
        matches!(event.kind, EventKind::Closed { object: Some(object), .. }
            if object == suspect.pipe)
    };
    holders.iter().any(|(holder, _)| *holder != suspect.wait.task.proc)
        && !is_written(case, suspect.pipe)
        && !case.trace().events.iter().any(closed)
}

/// Whether anybody ever wrote a byte to the pipe.
fn is_written(case: &Case<'_>, pipe: ObjectId) -> bool {
    case.run.lives().any(|life| case.run.wrote(life.proc, pipe))
}

fn report(
    case: &Case<'_>,
    waits: &[Wait],
    (all, suspect): (&[Suspect<'_>], &Suspect<'_>),
    end: PipeEnd,
) -> Finding {
    let made = case.run.maker(suspect.pipe).map(|event| event.seq);
    let forked = case.run.life(suspect.holder).and_then(|life| life.forked);
    let stands = case.run.last_blocked(suspect.wait.task).map(|event| event.seq);
    let waiting = waits.iter().filter(|wait| wait.task.proc == suspect.holder);
    let stuck = waiting.filter_map(|wait| case.run.last_blocked(wait.task)).map(|event| event.seq);
    // Those who did close their end show that closing was meant.
    let closed = case.trace().events.iter().filter(|event| {
        matches!(event.kind, EventKind::Closed { fd, object: Some(object), .. }
            if object == suspect.pipe && fd == suspect.held)
    });
    let evidence = [made, forked, stands].into_iter().flatten();
    let evidence = evidence.chain(stuck).chain(closed.map(|event| event.seq));
    let held = (suspect.holder, suspect.held);
    let others = all.iter().filter(|other| other.pipe == suspect.pipe);
    let mut others: Vec<_> = others.map(|other| (other.holder, other.held)).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|other| *other != held);
    let detail = Detail::PipeEndOpen {
        waiter: suspect.wait.task.proc,
        fd: suspect.fd,
        object: suspect.pipe,
        end,
        holder: suspect.holder,
        held: suspect.held,
        others,
        waits: waits.to_vec(),
    };
    accuse(detail, evidence).at(suspect.wait.site).from(suspect.opened_at)
}
