//! Every choice is equally likely at every point.

use super::{Choice, Pick};
use crate::random::Random;

/// Draws uniformly.
pub(super) struct Uniform {
    random: Random,
}

impl Uniform {
    pub(super) fn new(random: Random) -> Self {
        Self { random }
    }
}

impl Pick for Uniform {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        self.random.below(choices.len())
    }
}
