//! Partial order sampling: every pending operation has a random priority, the highest that can
//! happen does, and pending operations in conflict with it draw anew. Without the second draw, an
//! operation that has just lost against one on the same object would be the more likely to lose
//! against the next. Source: Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV
//! 2018, section 4.

use super::{Choice, Key, Pick};
use crate::random::Random;
use crate::touch::conflict;
use std::collections::BTreeMap;

/// Random priorities of operations.
pub(super) struct Sampling {
    random: Random,
    /// Priorities of operations that were seen pending.
    priority: BTreeMap<Key, u64>,
}

impl Sampling {
    pub(super) fn new(random: Random) -> Self {
        Self { random, priority: BTreeMap::new() }
    }
}

impl Pick for Sampling {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        let random = &mut self.random;
        let mut best = (0, 0);
        for (n, choice) in choices.iter().enumerate() {
            let priority = *self.priority.entry(choice.key()).or_insert_with(|| random.next());
            if n == 0 || priority > best.1 {
                best = (n, priority);
            }
        }
        best.0
    }

    fn happens(&mut self, choices: &[Choice], picked: usize) {
        let happened = &choices[picked];
        // The task's next operation is another one, and so is whatever else could have happened
        // to it.
        self.priority.retain(|&(who, _), _| who != happened.who);
        for other in choices.iter().filter(|other| other.who != happened.who) {
            if conflict(&happened.touches, &other.touches) {
                self.priority.remove(&other.key());
            }
        }
    }

    fn looks_at_touches(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::What;
    use super::*;
    use crate::random::Stream;
    use crate::touch::{Place, Touch};
    use forklings_model::{ObjectId, ProcId, TaskId};

    /// How often, of 10,000 runs, a task that wants to touch `own` once comes before all of another
    /// that touches object 7 three times, and how often after all of it.
    fn first_and_last(own: u32) -> (u32, u32) {
        let choice = |proc, object| Choice {
            who: TaskId::main(ProcId(proc)),
            what: What::Go,
            touches: vec![Touch::changes(Place::Object(ObjectId(object)))],
        };
        let (mut first, mut last) = (0, 0);
        for seed in 0..10_000 {
            let mut pick = Sampling::new(Random::new(seed, Stream::Schedule));
            let choices = [choice(1, own), choice(2, 7)];
            let mut others = 0;
            while others < 3 {
                let picked = pick.pick(&choices);
                pick.happens(&choices, picked);
                if picked == 0 {
                    break;
                }
                others += 1;
            }
            first += u32::from(others == 0);
            last += u32::from(others == 3);
        }
        (first, last)
    }

    #[test]
    fn an_operation_in_conflict_draws_again_and_another_keeps_its_priority() {
        // In conflict: one half each time, so an eighth comes last.
        let (first, last) = first_and_last(7);
        assert!((4800..=5200).contains(&first), "{first}");
        assert!((1100..=1400).contains(&last), "{last}");
        // Independent: the one of four priorities that is the lowest.
        let (first, last) = first_and_last(8);
        assert!((4800..=5200).contains(&first), "{first}");
        assert!((2300..=2700).contains(&last), "{last}");
    }
}
