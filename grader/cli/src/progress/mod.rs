//! What is seen while something long goes on: bars at a terminal, plain lines elsewhere. Always on
//! standard error, so that standard output holds the result alone.

mod bars;
mod lines;
mod schedules;
mod tests;

pub(crate) use schedules::{Schedules, schedules};
pub(crate) use tests::tests;

use crate::screen::Screen;
use forklings_grade::Progress;

/// For a grading run.
pub(crate) fn grading(screen: &Screen) -> Box<dyn Progress> {
    if screen.is_lively() { Box::new(bars::Bars::new()) } else { Box::new(lines::Lines::new()) }
}

/// What goes on before the first submission is graded.
fn preparing(exercises: usize) -> String {
    match exercises {
        1 => "preparing the suites of one exercise".to_owned(),
        n => format!("preparing the suites of {n} exercises"),
    }
}
