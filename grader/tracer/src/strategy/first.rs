//! The two strategies that everybody has in mind: the parent runs until it must wait, or the
//! child does.

use super::{Choice, Pick, age};

/// The oldest task that can go on does.
pub(super) struct Oldest;

/// The youngest task that can go on does.
pub(super) struct Youngest;

impl Pick for Oldest {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        (0..choices.len()).min_by_key(|&n| age(&choices[n])).unwrap_or(0)
    }
}

impl Pick for Youngest {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        (0..choices.len()).max_by_key(|&n| age(&choices[n])).unwrap_or(0)
    }
}
