//! From when to when each process lived, and what became of its status.

use forklings_model::{Ending, EventKind, Pid, ProcId, Trace, WaitOutcome};
use std::collections::BTreeMap;

/// One process, from its fork to the end of its last trace. Numbers are those of events.
#[derive(Debug)]
pub(crate) struct Life {
    /// Its number.
    pub(crate) proc: ProcId,
    /// Its pid.
    pub(crate) pid: Pid,
    /// Who forked it.
    pub(crate) parent: Option<ProcId>,
    /// The `Forked` in its parent.
    pub(crate) forked: Option<u32>,
    /// When and how it died.
    pub(crate) ended: Option<(u32, Ending)>,
    /// When its death became visible, and to whom.
    pub(crate) zombie: Option<(u32, Option<ProcId>)>,
    /// When its status was discarded, and because of whom.
    pub(crate) discarded: Option<(u32, Option<ProcId>)>,
    /// When its parent ended first.
    pub(crate) orphaned: Option<u32>,
    /// The wait that took it away.
    pub(crate) reaped: Option<Reaping>,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
    /// The panic that it reported there, if any.
    pub(crate) panic: Option<Panic>,
}

/// The wait that took a dead child away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reaping {
    /// The wait.
    pub(crate) seq: u32,
    /// Who waited.
    pub(crate) by: ProcId,
    /// Whether the status was asked for, by this call or by an earlier look with `WNOWAIT`.
    pub(crate) status_taken: bool,
}

/// A panic as the standard hook prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    /// Its message, without place and note.
    pub(crate) message: String,
    /// The write in which the report began.
    pub(crate) seq: u32,
}

impl Life {
    /// How it ended, if it did.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ended.map(|(_, ending)| ending)
    }

    /// The panic that made it end with status 101, if one did.
    pub(crate) fn fatal_panic(&self) -> Option<&Panic> {
        self.panic.as_ref().filter(|_| self.ending() == Some(Ending::Exited(101)))
    }
}

/// Reads every life from the trace.
pub(super) fn lives(trace: &Trace) -> BTreeMap<ProcId, Life> {
    let mut lives: BTreeMap<ProcId, Life> = trace
        .processes
        .iter()
        .map(|process| {
            let (stderr, panic) = super::stderr::of(trace, process.proc);
            let life = Life {
                proc: process.proc,
                pid: process.pid,
                parent: process.parent,
                forked: None,
                ended: None,
                zombie: None,
                discarded: None,
                orphaned: None,
                reaped: None,
                stderr,
                panic,
            };
            (process.proc, life)
        })
        .collect();
    let mut seen = Vec::new();
    for event in &trace.events {
        let (seq, own) = (event.seq, event.task.proc);
        let mut with = |proc: ProcId, change: &mut dyn FnMut(&mut Life)| {
            lives.get_mut(&proc).map(change).unwrap_or_default();
        };
        match event.kind {
            EventKind::Forked { child, .. } => with(child, &mut |life| life.forked = Some(seq)),
            EventKind::Ended { ending } => with(own, &mut |life| {
                // Whoever is killed when the run is over has two ends: the first is its own.
                life.ended.get_or_insert((seq, ending));
            }),
            EventKind::Zombie { parent } => {
                with(own, &mut |life| life.zombie = Some((seq, parent)))
            }
            EventKind::Discarded { parent } => {
                with(own, &mut |life| life.discarded = Some((seq, parent)));
            }
            EventKind::Orphaned { .. } => with(own, &mut |life| life.orphaned = Some(seq)),
            EventKind::Waited { outcome: WaitOutcome::Seen(child), .. } => seen.push(child),
            EventKind::Waited {
                outcome: WaitOutcome::Reaped { child, status_taken, .. }, ..
            } => {
                let status_taken = status_taken || seen.contains(&child);
                with(child, &mut |life| {
                    life.reaped = Some(Reaping { seq, by: own, status_taken });
                });
            }
            _ => {}
        }
    }
    lives
}
