//! What a grading run tells whoever watches it. Calls come from one thread, the one that called
//! [`grade`](crate::grade); how they look is the caller's affair.

use forklings_model::{Graded, Submission};

/// Somebody who watches.
pub trait Progress {
    /// The suites and the dependencies are being built, `exercises` of them.
    fn preparing(&mut self, exercises: usize);
    /// A crate of them is built, or was so already; how many follow is not known.
    fn prepared(&mut self, _name: &str) {}
    /// Grading begins: `total` pairs of submission and exercise, `kept` of them known from before.
    fn starting(&mut self, total: usize, kept: usize);
    /// A pair moved on.
    fn step(&mut self, submission: &Submission, exercise: &str, step: Step);
    /// A pair is done and in the journal.
    fn graded(&mut self, graded: &Graded);
}

/// How far a pair is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is being compiled.
    Building,
    /// A test runs.
    Testing {
        /// Its place, from 1.
        test: usize,
        /// How many there are, public and hidden.
        of: usize,
        /// Its name.
        name: String,
    },
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn preparing(&mut self, _: usize) {}
    fn starting(&mut self, _: usize, _: usize) {}
    fn step(&mut self, _: &Submission, _: &str, _: Step) {}
    fn graded(&mut self, _: &Graded) {}
}
