//! Strategies: who goes next. One file each; a strategy sees only what it may choose from, what
//! happened, and who was born.

mod first;
mod pct;
mod pos;
mod stay;
mod uniform;
mod walk;

use crate::random::{Random, Stream};
use crate::touch::Touch;
use forklings_model::{ProcId, Schedule, Strategy, TaskId};
use std::ops::Range;

/// One thing that could happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Whose step it is; for a death, the dead process's first thread.
    pub(crate) who: TaskId,
    /// What would happen.
    pub(crate) what: What,
    /// What it touches; empty unless the strategy looks at it.
    pub(crate) touches: Vec<Touch>,
}

/// What a choice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// The task performs its pending operation and runs to its next one.
    Go,
    /// A pending signal is handled before the task's call begins.
    HandleFirst,
    /// Time passes until this task's sleep or time-out ends, and it goes on.
    Wake,
    /// Time passes until an alarm or a timer of this process ends.
    Ring,
    /// The death of this process becomes visible to its parent.
    Reveal,
    /// The task ends, but only lets go of its descriptors now; it dies later.
    CloseFirst,
    /// The schedule's signal interrupts the task's blocking call.
    Interrupt,
}

impl Choice {
    pub(crate) fn new(who: TaskId, what: What) -> Self {
        Self { who, what, touches: Vec::new() }
    }

    /// What keeps its priority as long as it is pending: a task's own steps, and beside them what
    /// happens to the task.
    fn key(&self) -> Key {
        (self.who, self.what)
    }
}

/// What a priority belongs to.
type Key = (TaskId, What);

/// Picks one of several choices.
pub(crate) trait Pick {
    /// The position of the one that happens. There are at least two, in a fixed order.
    fn pick(&mut self, choices: &[Choice]) -> usize;

    /// One of the choices happens: by this strategy's will, by the schedule's decisions, or because
    /// it is the only one.
    fn happens(&mut self, _choices: &[Choice], _picked: usize) {}

    /// A task made another one.
    fn born(&mut self, _maker: TaskId, _made: TaskId) {}

    /// Whether choices must say what they touch.
    fn looks_at_touches(&self) -> bool {
        false
    }
}

/// The strategy that a schedule names, with its seed.
pub(crate) fn of(schedule: &Schedule) -> Box<dyn Pick> {
    let random = Random::new(schedule.seed, Stream::Schedule);
    match &schedule.strategy {
        Strategy::ParentFirst => Box::new(first::Oldest),
        Strategy::ChildFirst => Box::new(first::Youngest),
        Strategy::Random => Box::new(uniform::Uniform::new(random)),
        Strategy::Pct { depth, length } => Box::new(pct::Priorities::new(random, *depth, *length)),
        Strategy::Pos => Box::new(pos::Sampling::new(random)),
        Strategy::Walk { operations } => Box::new(walk::Weighted::new(random, operations)),
        Strategy::Exhaustive { .. } | Strategy::Minimised { .. } => {
            Box::new(stay::Stay::new(random))
        }
    }
}

/// Positions of the choices by which a task goes on itself: one after the other, and none where it
/// cannot. To pick another one although there are some is a preemption.
pub(crate) fn own_steps(choices: &[Choice], who: TaskId) -> Range<usize> {
    let own = |choice: &Choice| {
        choice.who == who && matches!(choice.what, What::Go | What::HandleFirst | What::CloseFirst)
    };
    let Some(start) = choices.iter().position(own) else { return 0..0 };
    start..start + choices[start..].iter().take_while(|choice| own(choice)).count()
}

/// The order of birth, for strategies that go by age.
fn age(choice: &Choice) -> (ProcId, u32) {
    (choice.who.proc, choice.who.thread)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a strategy picks when everybody always wants to do this many more steps.
    pub(super) fn order(pick: &mut dyn Pick, mut left: Vec<(u32, u32)>) -> Vec<u32> {
        let mut order = Vec::new();
        loop {
            left.retain(|&(_, steps)| steps > 0);
            let choices: Vec<Choice> = left
                .iter()
                .map(|&(proc, _)| Choice::new(TaskId::main(ProcId(proc)), What::Go))
                .collect();
            if choices.is_empty() {
                return order;
            }
            let picked = if choices.len() > 1 { pick.pick(&choices) } else { 0 };
            pick.happens(&choices, picked);
            order.push(left[picked].0);
            left[picked].1 -= 1;
        }
    }

    #[test]
    fn one_seed_is_one_order_and_other_seeds_are_others() {
        for (name, fixed) in [
            ("parent-first", true),
            ("child-first", true),
            ("random", false),
            ("pct-3", false),
            ("pos", false),
            ("walk", false),
            ("exhaustive-1", false),
        ] {
            let strategy: Strategy = name.parse().expect("a name");
            let run = |seed| {
                let mut pick = of(&Schedule::new(strategy.clone(), seed));
                order(pick.as_mut(), vec![(1, 6), (2, 6), (3, 6)])
            };
            assert_eq!(run(5), run(5), "{name}");
            let orders: std::collections::BTreeSet<_> = (0..50).map(run).collect();
            assert_eq!(orders.len() == 1, fixed, "{name}: {}", orders.len());
        }
    }
}
