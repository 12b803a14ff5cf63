//! A run again, in the same order but for the clock: no sleep ends while anybody else can go on.
//! What turns out otherwise then was decided by a sleep.

use crate::strategy::{Choice, What};
use std::collections::VecDeque;

/// What happened in a run, in order, to be followed as far as it can be.
#[derive(Debug)]
pub(crate) struct SleepsLast(VecDeque<Choice>);

impl SleepsLast {
    /// Follows these choices, the ends of sleeps among them left out.
    pub(crate) fn new(choices: Vec<Choice>) -> Self {
        Self(choices.into_iter().filter(|choice| choice.what != What::Wake).collect())
    }

    /// The next of what happened that can happen now. Who was asleep by then comes later with what
    /// it did, which stays in the list until then. `choices` is not empty.
    pub(crate) fn next(&mut self, choices: &[Choice]) -> Choice {
        let place = self.0.iter().position(|then| choices.contains(then));
        if let Some(then) = place.and_then(|place| self.0.remove(place)) {
            return then;
        }
        // Past the end of what is known: the first in the fixed order of choices, a sleep's end
        // only where nothing else is left.
        let awake = choices.iter().find(|choice| choice.what != What::Wake);
        awake.unwrap_or(&choices[0]).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::{ProcId, TaskId};

    fn choice(proc: u32, what: What) -> Choice {
        Choice::new(TaskId::main(ProcId(proc)), what)
    }

    #[test]
    fn a_sleep_ends_when_nobody_else_can_go_and_the_rest_keeps_its_order() {
        let step = |(proc, what): &(u32, What)| choice(*proc, *what);
        let steps = |all: &[(u32, What)]| all.iter().map(step).collect::<Vec<_>>();
        let (wake, one) = ((1, What::Wake), (1, What::Go));
        let (two, three) = ((2, What::Go), (3, What::Go));
        let mut order = SleepsLast::new(steps(&[wake, one, three, two, three]));
        let mut next = |choices: &[(u32, What)]| order.next(&steps(choices));
        assert_eq!(next(&[wake, two, three]), step(&three), "the first that is awake");
        assert_eq!(next(&[wake, two, three]), step(&two));
        assert_eq!(next(&[wake, three]), step(&three));
        assert_eq!(next(&[wake, two]), step(&two), "past the end, still no sleep ends");
        assert_eq!(next(&[wake]), step(&wake));
        assert_eq!(next(&[one, two]), step(&one), "what it did then comes now");
    }
}
