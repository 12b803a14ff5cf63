//! A schedule: everything that decides the course of a run, as a value.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Everything that decides the course of a run. Equal schedules of one subject give equal traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Seed of the random streams.
    pub seed: u64,
    /// How the next step is picked.
    pub strategy: Strategy,
    /// What the kernel is made to do beside its normal work.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Choices to follow, each an index among the choices at that point. Where the list ends, the
    /// strategy decides. Empty for a schedule that has not run yet.
    #[serde(default)]
    pub decisions: Vec<u16>,
}

impl Schedule {
    /// A schedule without faults that has not run yet.
    #[must_use]
    pub fn new(strategy: Strategy, seed: u64) -> Self {
        Self { seed, strategy, faults: Vec::new(), decisions: Vec::new() }
    }
}

/// How the scheduler picks the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The oldest process that can run goes on.
    ParentFirst,
    /// The youngest process that can run goes on.
    ChildFirst,
    /// Every choice is equally likely at every point.
    Random,
    /// Random priorities with a few random changes. Source: Burckhardt et al., "A Randomized
    /// Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
    Pct {
        /// Number of priority changes in a run, plus one.
        depth: u8,
    },
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ParentFirst => f.write_str("parent-first"),
            Self::ChildFirst => f.write_str("child-first"),
            Self::Random => f.write_str("random"),
            Self::Pct { depth } => write!(f, "pct-{depth}"),
        }
    }
}

/// Something that a kernel may do to a correct program, asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A blocking call of the root is interrupted by this signal, really sent to it, which it must
    /// catch with a handler installed without `SA_RESTART`. Source: `signal(7)`.
    Eintr(crate::Signal),
    /// The n-th `fork` of the run (from 1) fails with EAGAIN. Source: `fork(2)`.
    ForkEagain {
        /// Which one.
        nth: u32,
    },
    /// `read` gives fewer bytes than there are. Source: `read(2)`.
    ShortRead,
    /// `write` takes fewer bytes than it was given. Source: `write(2)`.
    ShortWrite,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eintr(signal) => write!(f, "eintr({signal})"),
            Self::ForkEagain { nth } => write!(f, "fork-eagain({nth})"),
            Self::ShortRead => f.write_str("short-read"),
            Self::ShortWrite => f.write_str("short-write"),
        }
    }
}

/// A schedule file: a failing schedule with what is needed to show it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayFile {
    /// Version of this format; see [`ReplayFile::VERSION`].
    pub version: u32,
    /// The suite program that judges it, absolute.
    pub suite: std::path::PathBuf,
    /// The test in that suite.
    pub test: String,
    /// The exercise's id.
    pub exercise: String,
    /// What is run.
    pub scenario: crate::Scenario,
    /// The program it was found with, absolute.
    pub subject: std::path::PathBuf,
    /// BLAKE3 of that program, in hexadecimal: another build is told apart, not misjudged.
    pub subject_hash: String,
    /// The schedule, with its decisions.
    pub schedule: Schedule,
}

impl ReplayFile {
    /// The version that is written, and the only one that is read.
    pub const VERSION: u32 = 1;
}
