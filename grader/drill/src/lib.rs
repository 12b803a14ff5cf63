//! *Predict, then reveal*: short programs whose outputs a reader predicts, runs, and compares. The
//! drivers of the exercises link this; it knows nothing of their students' code and nothing of the
//! grader. That what a drill says of itself is true, `forklings course check` proves with the
//! grader's scheduler.
//!
//! - [`Drills`], a table in each exercise's `src/drills/mod.rs`, and what it answers on the command
//!   line;
//! - [`Outcome`], what one run comes to, or is foretold to come to.

mod command;
mod comparison;
mod outcome;
mod sentence;
mod terminal;
mod trial;

pub use command::NO_SUCH_DRILL;
pub use outcome::{End, Outcome};

use std::io;

/// The drills of one exercise.
#[derive(Debug)]
pub struct Drills {
    /// The exercise's id.
    pub exercise: &'static str,
    /// The drills; the first is number 1.
    pub all: &'static [Drill],
}

/// A short program, and what is to be known of its outputs. Outputs are written as [`Outcome`] reads
/// them.
#[derive(Debug)]
pub struct Drill {
    /// A few words.
    pub title: &'static str,
    /// The program.
    pub program: Program,
    /// Every output that it can have.
    pub possible: &'static [&'static str],
    /// Outputs that a reader may expect and that it never has, and why each is impossible.
    pub never: &'static [(&'static str, &'static str)],
    /// What decides, in a paragraph.
    pub because: &'static str,
}

/// A program that is shown and run; [`program!`] makes it of one file.
#[derive(Debug)]
pub struct Program {
    /// Its text.
    pub source: &'static str,
    /// The same, compiled.
    pub main: fn() -> io::Result<()>,
}

/// Makes a [`Program`] of a module with a function `main` that stands in a file of its own: what is
/// shown is what runs.
#[macro_export]
macro_rules! program {
    ($module:ident) => {
        $crate::Program {
            source: include_str!(concat!(stringify!($module), ".rs")),
            main: $module::main,
        }
    };
}
