//! What grading a class gives.

use crate::{Isolation, Judgement, Rule};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The result of one `grade` run: the content of `report.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this format. Readers refuse what they do not know.
    pub version: u32,
    /// What `rustc -vV` said.
    pub compiler: String,
    /// The class's seed, from which hidden tests drew their inputs.
    pub seed: u64,
    /// What stood between the submissions and the machine.
    pub isolation: Isolation,
    /// One entry for each submission and exercise, ordered by both.
    pub graded: Vec<Graded>,
    /// Submissions that hold no exercise or could not be read, with the reason.
    pub refused: Vec<(Submission, String)>,
}

/// One student's hand-in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Submission {
    /// Its name: the folder's, or the archive's without its extension.
    pub name: String,
}

/// One exercise of one submission, graded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// Whose.
    pub submission: Submission,
    /// The exercise's id.
    pub exercise: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Rule of the first failure, if there was one.
    pub rule: Option<Rule>,
    /// Points for each task.
    pub tasks: Vec<TaskScore>,
    /// Files of the submission that were left out, with the reason.
    pub left_out: Vec<(PathBuf, String)>,
    /// The compiler's messages when the build failed, shortened.
    pub diagnostics: Option<String>,
    /// What every test found out. Traces are kept for failures only.
    pub judgements: Vec<Judgement>,
    /// Tests that began and never finished: each counts as failed.
    pub unfinished: Vec<String>,
    /// Why it is ungraded, for `GraderError`.
    pub grader_error: Option<String>,
}

impl Graded {
    /// Points reached.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.tasks.iter().map(|task| task.points).sum()
    }

    /// Points that could be reached.
    #[must_use]
    pub fn max_points(&self) -> u32 {
        self.tasks.iter().map(|task| task.max_points).sum()
    }
}

/// Points for one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskScore {
    /// The task's id.
    pub task: String,
    /// Points given: all or none.
    pub points: u32,
    /// Points that could be given.
    pub max_points: u32,
    /// Tests passed, public and hidden.
    pub passed: u32,
    /// Tests there are.
    pub tests: u32,
}

/// What a submission is worth, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every test passed.
    Accepted,
    /// Some test failed.
    Rejected,
    /// It does not compile.
    BuildFailed,
    /// It used more time, processes, memory or output than allowed.
    LimitExceeded,
    /// The grader failed: ungraded, not zero.
    GraderError,
}

impl Verdict {
    /// The word for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::BuildFailed => "build-failed",
            Self::LimitExceeded => "limit-exceeded",
            Self::GraderError => "grader-error",
        }
    }
}

/// A program to run: a built submission, a student's own build, or any command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Path of the executable.
    pub program: PathBuf,
    /// BLAKE3 of its bytes, in hexadecimal: a replay of another subject is told apart by it.
    pub hash: String,
}
