//! What a test found out, and the record that a suite writes of it.

use crate::{Demand, Fault, Finding, Isolation, Natural, Rule, Scenario, Trace};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One line of a suite's record file (JSON). The file is append-only; a test whose `Finished`
/// line is missing did not finish, and counts as failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// A scenario of a test begins.
    Started {
        /// Name of the test as libtest knows it, `task::sentence`.
        test: String,
    },
    /// A sign of life while a scenario is tried under many schedules.
    Exploring {
        /// Name of the test.
        test: String,
        /// Schedules tried so far.
        schedules: u32,
    },
    /// A scenario of a test was judged. A test with several scenarios writes several.
    Judged(Box<Judgement>),
    /// The test returned, after all its scenarios. Written by the last `check()` too, so a test
    /// that panics for another reason has none.
    Finished {
        /// Name of the test.
        test: String,
        /// Hash of the subject that was judged, in hexadecimal.
        subject: String,
    },
}

/// What exploring one scenario found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The exercise's id.
    pub exercise: String,
    /// The task's id: the module of the test.
    pub task: String,
    /// Name of the test as libtest knows it.
    pub test: String,
    /// What was run.
    pub scenario: Scenario,
    /// What was demanded of every run.
    pub demands: Vec<Demand>,
    /// Faults that were asked for.
    pub faults: Vec<Fault>,
    /// What was tried.
    pub explored: Explored,
    /// What judged it, where no run did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspected: Option<Inspected>,
    /// Passed, failed, or not known.
    pub outcome: Outcome,
    /// The course's manifest, for commands that a message names, where the test belongs to another
    /// workspace: `cargo run -p forklings` does not find the tool there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<PathBuf>,
}

/// A judgement without a run: about what the program's text means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// Who judged.
    pub by: Inspector,
    /// Why nobody can tell, if so. The test passes then: doubt is the student's.
    pub unknown: Option<String>,
}

/// Who judges without a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inspector {
    /// The compiler, which is given a program that uses the types, or misuses them; with the codes of the errors
    /// by which it refuses that.
    Compiler(Vec<String>),
    /// The model checker, which tries orders of memory accesses with at most so many preemptions.
    ModelChecker(u32),
}

/// What was tried before a verdict was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explored {
    /// Schedules that ran.
    pub schedules: u32,
    /// Those among them that were drawn at random.
    #[serde(default)]
    pub drawn: u32,
    /// Different orders of visible operations among them: orders that differ only in steps that
    /// have nothing to do with each other count once.
    pub distinct_orders: u32,
    /// Whether every schedule was tried. `false` unless an enumeration ended.
    pub exhausted: bool,
    /// Every schedule with at most so many preemptions at visible calls was tried. `None` unless
    /// an enumeration up to there ended.
    #[serde(default)]
    pub preemptions: Option<u32>,
    /// It stopped because so many schedules in a row brought no order that was new.
    #[serde(default)]
    pub saturated: Option<u32>,
    /// Runs among them that need not be the same when they are repeated.
    #[serde(default)]
    pub not_replayable: u32,
    /// What stood between the subject and the machine.
    pub isolation: Isolation,
    /// Calls without a model that the subject made.
    pub unmodelled: Vec<String>,
    /// Whether a time-out, an alarm or a timer was held back in some run while others went on.
    #[serde(default)]
    pub late_timeouts: bool,
    /// Whether in some run memory that processes share was used without its accesses being decisions.
    #[serde(default)]
    pub unwatched_memory: bool,
    /// What a run without the tracer showed; `None` where none was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub natural: Option<Natural>,
}

/// Passed, failed, or not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Outcome {
    /// No schedule showed a failure.
    Passed,
    /// At least one did. The first failure is the one to report; others follow in order of
    /// precedence, one for each rule.
    Failed {
        /// Never empty.
        failures: Vec<Failure>,
    },
    /// The grader could not tell. Never the student's fault.
    GraderError {
        /// What happened and what can be done about it.
        reason: String,
    },
}

/// One rule that was broken, with the run that shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What is wrong.
    pub finding: Finding,
    /// In how many of the schedules.
    pub shown_in: u32,
    /// The run that shows it, with source lines.
    pub trace: Trace,
    /// The file that replays it, absolute.
    pub replay: Option<PathBuf>,
}

impl Failure {
    /// The rule that was broken.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.finding.rule()
    }
}
