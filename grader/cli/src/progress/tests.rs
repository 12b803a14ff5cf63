//! The tests of one suite: a bar at a terminal, nothing elsewhere, as the result follows soon.

use super::bars::style;
use crate::screen::Screen;
use indicatif::ProgressBar;
use std::time::Duration;

/// A running suite.
pub(crate) struct Tests(ProgressBar);

/// Watches a suite with so many tests.
pub(crate) fn tests(screen: &Screen, count: usize) -> Tests {
    if !screen.is_lively() {
        return Tests(ProgressBar::hidden());
    }
    let bar = ProgressBar::new(count as u64);
    bar.set_style(style("{spinner} test {pos} of {len}: {wide_msg}"));
    bar.enable_steady_tick(Duration::from_millis(120));
    Tests(bar)
}

impl Tests {
    /// A scenario of a test begins; the test has this place, from 1.
    pub(crate) fn begun(&self, place: usize, test: &str) {
        self.0.set_position(place as u64);
        self.0.set_message(test.to_owned());
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
