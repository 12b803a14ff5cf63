//! The tests of one suite: a bar at a terminal, nothing elsewhere, as the result follows soon.

use super::bars::{TICK, style};
use crate::screen::Screen;
use indicatif::ProgressBar;
use std::collections::BTreeSet;

/// A running suite.
pub(crate) struct Tests {
    bar: ProgressBar,
    begun: BTreeSet<String>,
}

/// Watches a suite with so many tests.
pub(crate) fn tests(screen: &Screen, count: usize) -> Tests {
    if !screen.is_lively() {
        return Tests { bar: ProgressBar::hidden(), begun: BTreeSet::new() };
    }
    let bar = ProgressBar::new(count as u64);
    bar.set_style(style("{spinner} test {pos} of {len}: {wide_msg}"));
    bar.enable_steady_tick(TICK);
    Tests { bar, begun: BTreeSet::new() }
}

impl Tests {
    /// A scenario of a test begins; a test may have several.
    pub(crate) fn begun(&mut self, test: &str) {
        if self.begun.insert(test.to_owned()) {
            self.bar.set_position(self.begun.len() as u64);
            self.bar.set_message(test.to_owned());
        }
    }
}

impl Drop for Tests {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
