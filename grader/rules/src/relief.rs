//! A thought experiment at a standstill: if all descriptors of one end of a pipe were closed, who
//! would go on? Reckoned from the waits alone, as `docs/rules/pipe-end-open.md` says; it knows no
//! rule.

use crate::case::Case;
use forklings_model::{ObjectId, PipeEnd, ProcId, Wait, WaitsFor};
use std::collections::BTreeSet;

/// Who goes on once an end is closed.
pub(crate) struct Relief<'a> {
    case: &'a Case<'a>,
    waits: &'a [Wait],
    closed: (ObjectId, PipeEnd),
    /// Which of the waits have come to their end.
    free: Vec<bool>,
    /// Processes that have ended.
    over: BTreeSet<ProcId>,
}

impl<'a> Relief<'a> {
    /// Supposes that every descriptor of this end is closed.
    pub(crate) fn by_closing(
        case: &'a Case<'a>,
        waits: &'a [Wait],
        pipe: ObjectId,
        end: PipeEnd,
    ) -> Self {
        let over = case.run.lives().filter(|life| life.ended.is_some()).map(|life| life.proc);
        let over = over.collect();
        let free = vec![false; waits.len()];
        let mut relief = Self { case, waits, closed: (pipe, end), free, over };
        while relief.spreads() {}
        relief
    }

    /// Whether every thread of the process goes on.
    pub(crate) fn sets_free(&self, proc: ProcId) -> bool {
        self.waits.iter().zip(&self.free).all(|(wait, free)| *free || wait.task.proc != proc)
    }

    /// One round: whether anybody goes on, or ends, who did not before.
    fn spreads(&mut self) -> bool {
        let free: Vec<bool> = self.waits.iter().map(|wait| self.goes_on(wait)).collect();
        let mut more = false;
        for (was, now) in self.free.iter_mut().zip(free) {
            more |= now && !*was;
            *was |= now;
        }
        let ends: Vec<ProcId> = self
            .case
            .run
            .lives()
            .map(|life| life.proc)
            .filter(|proc| !self.over.contains(proc) && self.sets_free(*proc))
            .filter(|proc| self.case.run.children(*proc).all(|c| self.over.contains(&c.proc)))
            .collect();
        more |= !ends.is_empty();
        self.over.extend(ends);
        more
    }

    fn goes_on(&self, wait: &Wait) -> bool {
        match &wait.on {
            WaitsFor::Readable { object, writers, .. } => {
                self.is_closed(*object, PipeEnd::Write)
                    || all(writers.iter().map(|holder| holder.proc), |proc| self.is_over(proc))
            }
            WaitsFor::Writable { object, readers, .. } => {
                let readers = || readers.iter().map(|holder| holder.proc);
                self.is_closed(*object, PipeEnd::Read)
                    || all(readers(), |proc| self.is_over(proc))
                    || readers().any(|proc| proc != wait.task.proc && self.sets_free(proc))
            }
            WaitsFor::AnyOf { fds } => {
                let table = self.case.run.descriptors(wait.task.proc, u32::MAX);
                fds.iter().filter_map(|fd| table.get(fd)).any(|(object, end)| {
                    let other = match end {
                        Some(PipeEnd::Read) => PipeEnd::Write,
                        Some(PipeEnd::Write) => PipeEnd::Read,
                        None => return false,
                    };
                    let holders = self.case.run.holders(*object, other, u32::MAX);
                    self.is_closed(*object, other)
                        || all(holders.into_iter().map(|(proc, _)| proc), |p| self.is_over(p))
                })
            }
            WaitsFor::Child { candidates } => candidates.iter().any(|child| self.is_over(*child)),
            WaitsFor::VforkChild { child } => self.is_over(*child),
            WaitsFor::Futex { .. } | WaitsFor::Memory => {
                self.waits.iter().zip(&self.free).any(|(other, free)| {
                    *free && other.task.proc == wait.task.proc && other.task != wait.task
                })
            }
            // A lock is given back when its holder ends.
            WaitsFor::Lock { holders, .. } => {
                all(holders.iter().copied(), |proc| self.is_over(proc))
            }
            WaitsFor::Signal
            | WaitsFor::FifoPeer { .. }
            | WaitsFor::Semaphore { .. }
            | WaitsFor::Message { .. }
            | WaitsFor::Connection { .. }
            | WaitsFor::Continue
            | WaitsFor::Unmodelled { .. } => false,
        }
    }

    fn is_closed(&self, object: ObjectId, end: PipeEnd) -> bool {
        self.closed == (object, end)
    }

    fn is_over(&self, proc: ProcId) -> bool {
        self.over.contains(&proc)
    }
}

/// Whether there are any, and all of them are so.
fn all(procs: impl Iterator<Item = ProcId>, mut is: impl FnMut(ProcId) -> bool) -> bool {
    let mut procs = procs.peekable();
    procs.peek().is_some() && procs.all(&mut is)
}
