//! Nobody is preempted: who goes on, goes on until it cannot. What an enumeration follows beyond the
//! decisions that it gives. Where there is nobody to go on, the choice is free, and drawn.

use super::{Choice, Pick, own_steps};
use crate::random::Random;
use forklings_model::TaskId;

/// Goes on with whoever went last.
pub(super) struct Stay {
    random: Random,
    last: Option<TaskId>,
}

impl Stay {
    pub(super) fn new(random: Random) -> Self {
        Self { random, last: None }
    }
}

impl Pick for Stay {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        let own = self.last.map_or(0..0, |last| own_steps(choices, last));
        if own.is_empty() {
            self.random.below(choices.len())
        } else {
            own.start + self.random.below(own.len())
        }
    }

    fn happens(&mut self, choices: &[Choice], picked: usize) {
        self.last = Some(choices[picked].who);
    }
}
