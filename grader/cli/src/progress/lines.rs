//! A grading run where nothing can move: a line when something is done.

use forklings_grade::{Progress, Step};
use forklings_model::{Graded, Submission, Verdict};
use forklings_report::escape;
use std::io::{self, Write};

/// Lines on standard error.
pub(super) struct Lines {
    total: usize,
    done: usize,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { total: 0, done: 0 }
    }
}

impl Progress for Lines {
    fn preparing(&mut self, exercises: usize) {
        say(&super::preparing(exercises));
    }

    fn starting(&mut self, total: usize, kept: usize) {
        (self.total, self.done) = (total, kept);
        if kept > 0 {
            say(&format!("{kept} of {total} are known from before"));
        }
    }

    fn step(&mut self, _: &Submission, _: &str, _: Step) {}

    fn graded(&mut self, graded: &Graded) {
        self.done += 1;
        let points = match graded.verdict {
            Verdict::GraderError => "ungraded".to_owned(),
            Verdict::Accepted
            | Verdict::Rejected
            | Verdict::BuildFailed
            | Verdict::LimitExceeded => format!("{}/{}", graded.points(), graded.max_points()),
        };
        say(&format!(
            "[{}/{}] {} {}: {} {points}",
            self.done,
            self.total,
            escape::line(&graded.submission.name),
            graded.exercise,
            graded.verdict.name()
        ));
    }
}

fn say(text: &str) {
    // Progress that nobody can see is no reason to stop.
    drop(writeln!(io::stderr(), "{text}"));
}
