//! What exploring a program without a suite found out, and the file that shows a run of it again.

use crate::{
    Demand, Ending, Explored, Failure, Fault, Finding, Limits, Rule, Schedule, Strike, Waiver,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How a program is run and judged where no suite does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The executable, absolute.
    pub program: PathBuf,
    /// Arguments, without the program's name.
    pub args: Vec<String>,
    /// What it finds on standard input.
    #[serde(default, with = "crate::latin1")]
    pub stdin: Vec<u8>,
    /// Where it runs.
    pub place: Place,
    /// What one run may use; the seconds are virtual time.
    pub limits: Limits,
    /// CPU seconds that one run may use.
    pub cpu_seconds: u32,
    /// What the wall clock shows when a run begins, in seconds since the Epoch.
    pub start: u64,
    /// Seed of the random bytes that the kernel gives it.
    pub random: u64,
    /// What is demanded of every run.
    #[serde(default)]
    pub demands: Vec<Demand>,
    /// Rules that are not asked for.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
}

/// Where a program runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the sandbox of an exercise, whose sources lie in this folder.
    Exercise(PathBuf),
    /// In this folder of the machine, with every change kept apart where namespaces are to be had.
    Machine(PathBuf),
    /// In this folder of the machine as it is: files are really changed.
    Bare(PathBuf),
}

/// What exploring a program without a suite found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// What was run, and what was demanded.
    pub command: Command,
    /// What the kernel was made to do; several sets are tried one after the other.
    pub faults: Vec<Vec<Fault>>,
    /// What was tried.
    pub explored: Explored,
    /// Runs that the tracer or the machine had to give up; they are not among those tried.
    pub given_up: u32,
    /// Why it ended.
    pub stopped: Stopped,
    /// Rules that were broken, in order of precedence, one entry for each.
    pub failures: Vec<Failure>,
    /// Rules that one run broke and the same schedule did not break again: nothing is claimed.
    pub unconfirmed: Vec<Rule>,
    /// The different results, the most frequent first.
    pub outputs: Vec<Output>,
    /// What is worth a look and accuses nobody, with the number of schedules that showed it.
    pub listed: Vec<(Finding, u32)>,
    /// What could not be controlled or told, a sentence each.
    pub remarks: Vec<Remark>,
}

impl Survey {
    /// Results of runs that broke no rule: where there are several, the order decides what the
    /// program says.
    pub fn clean_outputs(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter().filter(|output| output.clean > 0)
    }

    /// Whether outputs or statuses differ among runs that broke no rule, were struck nowhere, and
    /// had the same forks fail.
    #[must_use]
    pub fn differs(&self) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        self.clean_outputs()
            .filter(|output| output.struck.is_none())
            .any(|output| !seen.insert(output.failed_fork))
    }
}

/// Why an exploration ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// It did what was asked: the budget was used, everything was tried, or nothing new came.
    Done,
    /// More failing runs would tell nothing new.
    Enough,
    /// Ctrl-C.
    Interrupted,
    /// The tracer or the machine failed.
    Failed(String),
}

/// One result that some schedules had: what was printed, and how the program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Standard output, shortened where `shortened`.
    #[serde(with = "crate::latin1")]
    pub stdout: Vec<u8>,
    /// Standard error, shortened alike.
    #[serde(with = "crate::latin1")]
    pub stderr: Vec<u8>,
    /// Whether more was printed than is told here.
    pub shortened: bool,
    /// How the program ended; `None` where the run was cut short.
    pub ending: Option<Ending>,
    /// The fork that was made to fail in these runs, if one was: what a program then says is rightly
    /// something else.
    pub failed_fork: Option<u32>,
    /// What struck these runs in one place, if anything did: likewise.
    #[serde(default)]
    pub struck: Option<Strike>,
    /// Schedules with this result.
    pub schedules: u32,
    /// Those among them that broke no rule.
    pub clean: u32,
    /// The file that replays one, absolute.
    pub replay: Option<PathBuf>,
}

/// Something that could not be controlled or told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remark {
    /// The machine offers no namespaces, so runs were not kept apart from it and from each other.
    NotKeptApart,
    /// The program has its set-user-id or set-group-id bit set, which has no effect here.
    SetId,
    /// The program looked where a tracer can be seen, by this path.
    LooksForTracer(String),
    /// A process computed for so long without a call that it was interrupted by the clock: those
    /// runs are not replayable.
    Computes,
    /// More different results than are kept apart.
    ManyOutputs,
}

/// A file that shows a run of a program without a suite again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReplay {
    /// Version of this format; see [`CommandReplay::VERSION`].
    pub version: u32,
    /// How it is run and judged.
    pub command: Command,
    /// BLAKE3 of the program and of each file that its arguments name, in hexadecimal: another
    /// build or script is told apart, not misjudged.
    pub hashes: Vec<(PathBuf, String)>,
    /// What the run shows.
    pub shows: Shows,
    /// The schedule, with its decisions.
    pub schedule: Schedule,
}

impl CommandReplay {
    /// The version that is written, and the only one that is read.
    pub const VERSION: u32 = 2;
}

/// What a replayed run shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shows {
    /// A rule is broken.
    Rule(Rule),
    /// One of several results: BLAKE3 of what was printed and of how the program ended, in
    /// hexadecimal.
    Result(String),
}
