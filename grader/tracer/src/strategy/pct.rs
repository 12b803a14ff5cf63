//! Probabilistic concurrency testing: each task gets a random priority, the highest that can go on
//! does, and at a few random points the running task falls to the bottom. Source: Burckhardt,
//! Kothari, Musuvathi and Nagarakatte, ASPLOS 2010, section 3.

use super::{Choice, Pick};
use crate::random::Random;
use forklings_model::TaskId;
use std::collections::BTreeMap;

/// Number of decisions within which the changes are spread. Longer runs keep their last order.
const HORIZON: usize = 64;

/// Random priorities with a few random changes.
pub(super) struct Priorities {
    random: Random,
    priority: BTreeMap<TaskId, u64>,
    /// Decisions, by number, at which the running task falls.
    falls: Vec<u64>,
    /// What the next task to fall gets: lower each time.
    bottom: u64,
    decision: u64,
}

impl Priorities {
    pub(super) fn new(mut random: Random, depth: u8) -> Self {
        let changes = depth.saturating_sub(1);
        let falls = (0..changes).map(|_| random.below(HORIZON) as u64).collect();
        Self { random, priority: BTreeMap::new(), falls, bottom: u64::from(changes), decision: 0 }
    }

    fn of(&mut self, who: TaskId) -> u64 {
        let random = &mut self.random;
        // Above all that has fallen.
        *self.priority.entry(who).or_insert_with(|| 1000 + random.next() / 2)
    }
}

impl Pick for Priorities {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        // A task's first priority is drawn when it is first seen, in the order of the choices.
        let ranked: Vec<u64> = choices.iter().map(|choice| self.of(choice.who)).collect();
        let best =
            (0..choices.len()).max_by_key(|&n| (ranked[n], std::cmp::Reverse(n))).unwrap_or(0);
        if self.falls.contains(&self.decision) {
            self.priority.insert(choices[best].who, self.bottom);
            self.bottom = self.bottom.saturating_sub(1);
        }
        self.decision += 1;
        best
    }
}
