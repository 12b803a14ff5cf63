//! A schedule file: what `forklings replay` needs to show a failure again.

use crate::{Scenario, Schedule};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A schedule file: a failing schedule with what is needed to show it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayFile {
    /// Version of this format; see [`ReplayFile::VERSION`].
    pub version: u32,
    /// The suite program that judges it, absolute.
    pub suite: PathBuf,
    /// The test in that suite.
    pub test: String,
    /// The exercise's id.
    pub exercise: String,
    /// What is run.
    pub scenario: Scenario,
    /// The program it was found with, absolute.
    pub subject: PathBuf,
    /// BLAKE3 of that program, in hexadecimal: another build is told apart, not misjudged.
    pub subject_hash: String,
    /// The class's seed, from which the test drew its inputs.
    #[serde(default)]
    pub seed: u64,
    /// The schedule, with its decisions.
    pub schedule: Schedule,
}

impl ReplayFile {
    /// The version that is written. Version 1 had bare numbers as decisions.
    pub const VERSION: u32 = 2;

    /// Whether a file of this version can be read.
    #[must_use]
    pub const fn reads(version: u64) -> bool {
        version == 1 || version == Self::VERSION as u64
    }
}
