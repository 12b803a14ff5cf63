//! Strategies: who goes next. One file each; a strategy sees only what it may choose from.

mod first;
mod pct;
mod walk;

use crate::random::{Random, Stream};
use forklings_model::{ProcId, Schedule, Strategy, TaskId};

/// One thing that could happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Whose step it is; for a death, the dead process's first thread.
    pub(crate) who: TaskId,
    /// What would happen.
    pub(crate) what: What,
}

/// What a choice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The task performs its pending operation and runs to its next one.
    Go,
    /// A pending signal is handled before the task's call begins.
    HandleFirst,
    /// Time passes until this task's sleep ends, and it goes on.
    Wake,
    /// The death of this process becomes visible to its parent.
    Reveal,
    /// The task ends, but only lets go of its descriptors now; it dies later.
    CloseFirst,
    /// The schedule's signal interrupts the task's blocking call.
    Interrupt,
}

/// Picks one of several choices.
pub(crate) trait Pick {
    /// The position of the one that happens. `choices` is never empty, and in a fixed order.
    fn pick(&mut self, choices: &[Choice]) -> usize;
}

/// The strategy that a schedule names, with its seed.
pub(crate) fn of(schedule: &Schedule) -> Box<dyn Pick> {
    let random = Random::new(schedule.seed, Stream::Schedule);
    match schedule.strategy {
        Strategy::ParentFirst => Box::new(first::Oldest),
        Strategy::ChildFirst => Box::new(first::Youngest),
        Strategy::Random => Box::new(walk::Uniform::new(random)),
        Strategy::Pct { depth } => Box::new(pct::Priorities::new(random, depth)),
    }
}

/// The order of birth, for strategies that go by age.
fn age(choice: &Choice) -> (ProcId, u32) {
    (choice.who.proc, choice.who.thread)
}
