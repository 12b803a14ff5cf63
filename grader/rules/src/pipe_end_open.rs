//! pipe-end-open: a reader waits for an end of file that a forgotten write end holds back. Its
//! page, `docs/rules/pipe-end-open.md`, has the four cases in the same order.

use crate::case::{At, Case, accuse};
use crate::index::{PipeEnd, is_write};
use forklings_model::{
    Detail, End, EventKind, Fd, Finding, ObjectId, ObjectKind, ProcId, SiteId, Wait, WaitsFor,
};

/// A reader that waits, and one who holds a write end of its pipe.
struct Suspect<'a> {
    wait: &'a Wait,
    fd: Fd,
    pipe: ObjectId,
    holder: ProcId,
    held: Fd,
    opened_at: Option<SiteId>,
}

type Reason = fn(&Case<'_>, &[Wait], &Suspect<'_>) -> bool;

/// The cases, the surest first.
const REASONS: [Reason; 4] = [reader_holds_it, stray, waits_for_the_reader, done_with_writing];

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let End::Deadlock { waits } = &case.trace().end else { return Vec::new() };
    let suspects: Vec<_> = waits.iter().flat_map(|wait| suspects(case, wait)).collect();
    let guilty = REASONS.iter().find_map(|reason| suspects.iter().find(|s| reason(case, waits, s)));
    guilty.map(|suspect| report(case, waits, suspect)).into_iter().collect()
}

/// Everybody who holds a write end of a pipe that this task waits to read from.
fn suspects<'a>(case: &Case<'_>, wait: &'a Wait) -> Vec<Suspect<'a>> {
    let last = u32::MAX;
    let suspect =
        |fd, pipe, holder, held, opened_at| Suspect { wait, fd, pipe, holder, held, opened_at };
    match &wait.on {
        WaitsFor::Readable { fd, object, writers } if is_pipe(case, *object) => writers
            .iter()
            .map(|holder| suspect(*fd, *object, holder.proc, holder.fd, holder.opened_at))
            .collect(),
        WaitsFor::AnyOf { fds } => {
            let table = case.run.descriptors(wait.task.proc, last);
            let asked = fds.iter().filter_map(|fd| Some((*fd, *table.get(fd)?)));
            asked
                .filter(|(_, (_, end))| *end == PipeEnd::Read)
                .flat_map(|(fd, (pipe, _))| {
                    let made_at = case.run.maker(pipe).and_then(|event| event.site);
                    let writers = case.run.writers(pipe, last);
                    writers.into_iter().map(move |(proc, held)| (fd, pipe, proc, held, made_at))
                })
                .map(|(fd, pipe, proc, held, made_at)| suspect(fd, pipe, proc, held, made_at))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn is_pipe(case: &Case<'_>, object: ObjectId) -> bool {
    case.run.is(Some(object), &ObjectKind::Pipe)
}

/// Case 1: the reader itself, unless the pipe is its own affair.
fn reader_holds_it(case: &Case<'_>, _: &[Wait], suspect: &Suspect<'_>) -> bool {
    let reader = suspect.wait.task.proc;
    let self_pipe = case.run.is_private(reader, suspect.pipe)
        && case.run.serves_a_handler(reader, suspect.pipe);
    suspect.holder == reader && !self_pipe
}

/// Case 2: an end that came along with a fork and belongs to the work of another process.
fn stray(case: &Case<'_>, _: &[Wait], suspect: &Suspect<'_>) -> bool {
    let Some(maker) = case.run.maker(suspect.pipe).map(|event| event.task.proc) else {
        return false;
    };
    let maker_holds = case.run.writers(suspect.pipe, u32::MAX).iter().any(|(p, _)| *p == maker);
    let reader = suspect.wait.task.proc;
    ![maker, reader].contains(&suspect.holder)
        && maker != reader
        && !maker_holds
        && !case.run.wrote(suspect.holder, suspect.pipe)
        && case.run.io(suspect.pipe).any(|(event, _)| is_write(event))
}

/// Case 3: the holder waits, directly or through others, until the reader has ended.
fn waits_for_the_reader(_: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
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

/// Case 4: the holder has written, and now waits for something else than room in a pipe.
fn done_with_writing(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> bool {
    suspect.holder != suspect.wait.task.proc
        && case.run.wrote(suspect.holder, suspect.pipe)
        && waits
            .iter()
            .filter(|wait| wait.task.proc == suspect.holder)
            .all(|wait| !matches!(wait.on, WaitsFor::Writable { .. } | WaitsFor::Futex { .. }))
}

fn report(case: &Case<'_>, waits: &[Wait], suspect: &Suspect<'_>) -> Finding {
    let made = case.run.maker(suspect.pipe).map(|event| event.seq);
    let forked = case.run.life(suspect.holder).and_then(|life| life.forked);
    let reads = case.run.last_blocked(suspect.wait.task).map(|event| event.seq);
    let waiting = waits.iter().filter(|wait| wait.task.proc == suspect.holder);
    let stuck = waiting.filter_map(|wait| case.run.last_blocked(wait.task)).map(|event| event.seq);
    // Those who did close their write end show that closing was meant.
    let closed = case.trace().events.iter().filter(|event| {
        matches!(event.kind, EventKind::Closed { fd, object: Some(object), .. }
            if object == suspect.pipe && fd == suspect.held)
    });
    let evidence = [made, forked, reads].into_iter().flatten();
    let evidence = evidence.chain(stuck).chain(closed.map(|event| event.seq));
    let detail = Detail::PipeEndOpen {
        reader: suspect.wait.task.proc,
        fd: suspect.fd,
        object: suspect.pipe,
        holder: suspect.holder,
        held: suspect.held,
        waits: waits.to_vec(),
    };
    accuse(detail, evidence).at(suspect.wait.site).from(suspect.opened_at)
}
