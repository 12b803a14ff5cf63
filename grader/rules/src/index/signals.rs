//! What each thread blocks and what each process does with a signal, at any point of a run.

use super::Index;
use forklings_model::{Action, EventKind, ProcId, Signal, SignalSet, TaskId};
use std::collections::BTreeSet;

/// What a process does with a signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disposed {
    /// The action.
    pub(crate) action: Action,
    /// Which handler, where the action is one.
    handler: Option<u32>,
    /// Whether statuses of children are thrown away, which SIGCHLD alone can ask for.
    no_child_wait: bool,
    /// Whether the handler goes back into the call that its signal came into, rather than ending it.
    pub(crate) restarts: bool,
}

impl Disposed {
    const DEFAULT: Self =
        Self { action: Action::Default, handler: None, no_child_wait: false, restarts: false };

    /// Whether two dispositions are one as far as restoring it goes: `signal(2)` sets SA_RESTART by
    /// itself, so that does not count.
    pub(crate) fn is_restored_by(self, now: Self) -> bool {
        let of = |disposed: Self| (disposed.action, disposed.handler, disposed.no_child_wait);
        of(self) == of(now)
    }

    /// Whether a signal with this disposition, if nothing blocks it, vanishes when it comes.
    pub(crate) fn vanishes(self, signal: Signal) -> bool {
        match self.action {
            Action::Ignore => true,
            // SIGCHLD, SIGURG, SIGWINCH, and SIGCONT, whose work is done when it is sent. Source:
            // signal(7), "Standard signals".
            Action::Default => matches!(signal.0, 17 | 18 | 23 | 28),
            Action::Handler => false,
        }
    }
}

impl Index<'_> {
    /// The signals that a thread blocks when the event with this number happens, a handler or a
    /// wait with a mask of its own not counted.
    pub(crate) fn mask(&self, task: TaskId, seq: u32) -> SignalSet {
        let told = self.by(task).take_while(|event| event.seq < seq);
        let last = told.filter_map(|event| match event.kind {
            EventKind::Mask { blocked, .. } | EventKind::HandlerReturned { blocked } => {
                Some(blocked)
            }
            _ => None,
        });
        let first = || {
            self.by(task).find_map(|event| match event.kind {
                EventKind::Mask { was, .. } => Some(was),
                EventKind::HandlerReturned { blocked } => Some(blocked),
                _ => None,
            })
        };
        last.last().or_else(first).unwrap_or_else(|| match self.maker_of(task) {
            Some((maker, made)) => self.mask(maker, made),
            None => SignalSet::EMPTY,
        })
    }

    /// Who made a thread or process, and when.
    fn maker_of(&self, task: TaskId) -> Option<(TaskId, u32)> {
        let made = self.trace.events.iter().find(|event| match event.kind {
            EventKind::Forked { child, .. } => TaskId::main(child) == task,
            EventKind::ThreadStarted { thread } => thread == task,
            _ => false,
        })?;
        // Whoever is made by itself would never be made at all.
        (made.task != task && made.seq > 0).then_some((made.task, made.seq))
    }

    /// What a process does with a signal when the event with this number happens.
    pub(crate) fn disposed(&self, proc: ProcId, wanted: Signal, seq: u32) -> Disposed {
        let mut now = match self.life(proc).and_then(|life| Some((life.parent?, life.forked?))) {
            Some((parent, forked)) if forked < seq && parent < proc => {
                self.disposed(parent, wanted, forked)
            }
            _ => Disposed::DEFAULT,
        };
        for event in self.of(proc).take_while(|event| event.seq < seq) {
            match event.kind {
                EventKind::Disposition { signal, action, handler, no_child_wait, restart }
                    if signal == wanted =>
                {
                    let no_child_wait = no_child_wait && signal == Signal::CHLD;
                    now = Disposed { action, handler, no_child_wait, restarts: restart };
                }
                // Handlers do not survive `execve`.
                EventKind::Exec { .. } if now.action == Action::Handler => now = Disposed::DEFAULT,
                _ => {}
            }
        }
        now
    }

    /// The signals whose disposition was ever changed, by anybody.
    pub(crate) fn ever_disposed(&self) -> BTreeSet<Signal> {
        let changed = self.trace.events.iter().filter_map(|event| match event.kind {
            EventKind::Disposition { signal, .. } => Some(signal),
            _ => None,
        });
        changed.collect()
    }
}
