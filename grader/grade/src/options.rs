//! What a grading run is asked to do.

use forklings_model::Submission;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What a grading run is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of submissions.
    pub submissions: PathBuf,
    /// Where the journal and the reports go. Made if it does not exist.
    pub out: PathBuf,
    /// The repository: the folder with the root `Cargo.toml`, `exercises/` and `grader/hidden/`.
    pub repository: PathBuf,
    /// Pairs of submission and exercise that are graded at once; at least 1.
    pub jobs: usize,
    /// Schedules for each scenario; the suites' default when `None`.
    pub schedules: Option<u32>,
    /// For the submissions named here, so many instead. The course's own programs are tried with few
    /// first.
    pub fewer_schedules: BTreeMap<String, u32>,
    /// The class's seed, from which hidden tests draw their inputs.
    pub seed: u64,
    /// Whether the run that shows a failure is made small. The verdict is the same.
    pub small_runs: bool,
    /// Limits of the compiler.
    pub build: BuildLimits,
    /// Wall time for which a suite may record nothing before the grader gives up on it. This is the
    /// backstop: what a subject may use is in its exercise's manifest.
    pub patience: Duration,
    /// For the submissions named here, only the tests of this task run. A wrong program of the
    /// course has its mistake in one task, and the other tests would tell nothing.
    pub only_task: BTreeMap<String, String>,
    /// Whether strangers' code may run on a machine without namespaces.
    pub any_isolation: bool,
    /// Only this exercise; all when `None`.
    pub only: Option<String>,
    /// The reports to render.
    pub formats: Vec<Format>,
}

/// A form that a report is rendered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `index.html`, to read.
    Html,
    /// `report.json` and its schema.
    Json,
    /// `gradebook.csv`, a row for each submission and exercise.
    Csv,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Html, Self::Json, Self::Csv];
}

/// What compiling one submission may use.
#[derive(Clone, Copy, Debug)]
pub struct BuildLimits {
    /// Wall time.
    pub time: Duration,
    /// Address space of each process, in MiB.
    pub memory_mib: u32,
    /// Messages, in KiB. What is kept for the report is less.
    pub output_kib: u32,
}

impl Options {
    /// Grades `submissions` with the course in `repository` into `out`, with every default.
    #[must_use]
    pub fn new(
        repository: impl Into<PathBuf>,
        submissions: impl Into<PathBuf>,
        out: impl Into<PathBuf>,
    ) -> Self {
        Self {
            submissions: submissions.into(),
            out: out.into(),
            repository: repository.into(),
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            schedules: None,
            fewer_schedules: BTreeMap::new(),
            seed: 0,
            small_runs: true,
            build: BuildLimits::default(),
            patience: Duration::from_secs(120),
            only_task: BTreeMap::new(),
            any_isolation: false,
            only: None,
            formats: Format::ALL.to_vec(),
        }
    }

    /// Schedules for each scenario of a submission; the suites' default when `None`.
    pub(crate) fn schedules_of(&self, submission: &Submission) -> Option<u32> {
        self.fewer_schedules.get(&submission.name).copied().or(self.schedules)
    }
}

impl Default for BuildLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(30), memory_mib: 2048, output_kib: 1024 }
    }
}
