//! Probabilistic concurrency testing: each task gets a random priority, the highest that can go on
//! does, and at a few random points the running task falls to the bottom. What happens to a task
//! beside its own steps (a signal that comes early, its death becoming visible) counts as a task
//! of its own. Source: Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010, section 3.

use super::{Choice, Key, Pick};
use crate::random::Random;
use std::collections::BTreeMap;

/// Random priorities with a few random changes.
pub(super) struct Priorities {
    random: Random,
    priority: BTreeMap<Key, u64>,
    /// Decisions, by number, at which the running task falls.
    falls: Vec<u64>,
    /// What the next task to fall gets: lower each time.
    bottom: u64,
    decision: u64,
}

impl Priorities {
    /// The falls are spread over `length` decisions. Longer runs keep their last order.
    pub(super) fn new(mut random: Random, depth: u8, length: u32) -> Self {
        let changes = depth.saturating_sub(1);
        let length = usize::try_from(length.max(1)).unwrap_or(usize::MAX);
        let falls = (0..changes).map(|_| random.below(length) as u64).collect();
        Self { random, priority: BTreeMap::new(), falls, bottom: u64::from(changes), decision: 0 }
    }

    fn of(&mut self, key: Key) -> u64 {
        let random = &mut self.random;
        // Above all that has fallen.
        *self.priority.entry(key).or_insert_with(|| 1000 + random.next() / 2)
    }
}

impl Pick for Priorities {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        // A first priority is drawn when its owner is first seen, in the order of the choices.
        let ranked: Vec<u64> = choices.iter().map(|choice| self.of(choice.key())).collect();
        (0..choices.len()).max_by_key(|&n| (ranked[n], std::cmp::Reverse(n))).unwrap_or(0)
    }

    fn happens(&mut self, choices: &[Choice], picked: usize) {
        if choices.len() < 2 {
            return;
        }
        if self.falls.contains(&self.decision) {
            self.priority.insert(choices[picked].key(), self.bottom);
            self.bottom = self.bottom.saturating_sub(1);
        }
        self.decision += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::order;
    use super::*;
    use crate::random::Stream;

    /// In how many of 1,000 orders of two tasks with `steps` steps each somebody is preempted.
    fn preempted(depth: u8, length: u32, steps: u32) -> usize {
        let changes = |order: &[u32]| order.windows(2).filter(|pair| pair[0] != pair[1]).count();
        (0..1000)
            .filter(|&seed| {
                let mut pick = Priorities::new(Random::new(seed, Stream::Schedule), depth, length);
                changes(&order(&mut pick, vec![(1, steps), (2, steps)])) > 1
            })
            .count()
    }

    #[test]
    fn depth_one_never_preempts_and_depth_two_does_within_the_length() {
        assert_eq!(preempted(1, 10, 10), 0);
        // Of ten decisions at which the first task may fall, only its last step is no preemption.
        let within = preempted(2, 10, 10);
        assert!((850..=950).contains(&within), "{within}");
    }

    #[test]
    fn a_length_that_is_far_too_large_wastes_most_runs() {
        let wasted = preempted(2, 1000, 10);
        assert!(wasted < 30, "{wasted}");
    }
}
