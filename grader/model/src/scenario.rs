//! A scenario: one way to run an exercise's driver, and what is demanded of the run.

use crate::{Ending, Rule, Signal};
use serde::{Deserialize, Serialize};

/// One way to run a program: `cargo run -p <exercise> -- <name> <args…>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scenario {
    /// The driver's first argument: usually a task's id.
    pub name: String,
    /// The arguments after it.
    #[serde(default)]
    pub args: Vec<String>,
    /// What the program finds on standard input.
    #[serde(default, with = "crate::latin1")]
    pub stdin: Vec<u8>,
}

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a test demands of every run, as data: a broken demand is named in the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// The stream is exactly this.
    Is {
        /// Which stream.
        stream: Stream,
        /// The whole text.
        text: String,
    },
    /// The stream has this line.
    Line {
        /// Which stream.
        stream: Stream,
        /// The line, without its newline.
        line: String,
    },
    /// The stream has this line so many times.
    LineTimes {
        /// Which stream.
        stream: Stream,
        /// The line.
        line: String,
        /// How often.
        times: u32,
    },
    /// The stream does not have this line.
    NoLine {
        /// Which stream.
        stream: Stream,
        /// The line.
        line: String,
    },
    /// Standard output does not have this line where a process other than the root ended otherwise
    /// than with status 0.
    NoLineAfterFailure {
        /// The line.
        line: String,
    },
    /// The stream's lines are these, in any order.
    LinesInAnyOrder {
        /// Which stream.
        stream: Stream,
        /// The lines.
        lines: Vec<String>,
    },
    /// Both lines are on standard output, the first before the second.
    Before {
        /// The earlier line.
        first: String,
        /// The later line.
        second: String,
    },
    /// The program ends like this.
    Ends(Ending),
    /// So many processes are made, the root not counted.
    Forks(u32),
    /// Never more children of the root at once, from fork to reaping.
    AtMostAlive(u32),
    /// The processes form this tree: for each process after the root, in any order of creation,
    /// the shape is compared as an unordered tree. Index `i` holds the parent of node `i + 1`;
    /// node 0 is the root.
    Tree {
        /// Parents by index.
        parents: Vec<u32>,
        /// What the shape is called: `fan`, `chain`, `tree`.
        shape: String,
    },
    /// The first time that this line comes on standard output, no child of its writer is left: each
    /// that was made before has been reaped.
    ReapedBefore {
        /// The line.
        line: String,
    },
    /// The status of every child is taken by a wait of its parent.
    StatusesTaken,
    /// Nobody sleeps for a time.
    NeverSleeps,
    /// Who writes the line `to` on standard output has the same signal mask as when it wrote the
    /// line `from`.
    MaskRestored {
        /// The earlier line.
        from: String,
        /// The later line.
        to: String,
    },
    /// Who writes the line `to` on standard output has the same signal dispositions as when it
    /// wrote the line `from`.
    HandlersRestored {
        /// The earlier line.
        from: String,
        /// The later line.
        to: String,
    },
    /// Whoever waits sleeps in the kernel until it is time, instead of asking again after each nap.
    WaitsAsleep,
    /// Nobody waits for anything, nor sleeps.
    NobodyWaits,
    /// From when a process writes the line `enter` on standard output until it writes the line
    /// `leave`, no other process writes the line `enter`.
    OneAtATime {
        /// The line of who comes.
        enter: String,
        /// The line of who goes.
        leave: String,
    },
    /// The first process gives every mapping of its own back that it makes in this time.
    Unmapped {
        /// When; without it, in the whole run.
        during: Option<Span>,
    },
    /// The first process's private memory grows by so much at most in this time.
    GrowsAtMost {
        /// In KiB.
        kib: u32,
        /// When; without it, in the whole run.
        during: Option<Span>,
    },
    /// This is done in the run, and only the kernel can tell.
    Done(Deed),
    /// Each of the tasks with numbers below this one is run once. A task says so itself: whoever runs
    /// task 3 writes the lines `task 3 begins` and `task 3 ends` on standard output.
    TasksOnce(u32),
    /// These are the tasks' answers, in their order: the first is in the line `answer 0: …` on
    /// standard output.
    Answers(Vec<String>),
    /// So many workers, processes or threads, run the tasks: as many tasks are at work at once if
    /// there are as many, and no more workers are made than these and one for each that has died.
    Workers(u32),
}

impl Demand {
    /// Whether it can only be judged in a run that follows memory.
    #[must_use]
    pub const fn is_about_memory(&self) -> bool {
        matches!(self, Self::Unmapped { .. } | Self::GrowsAtMost { .. })
    }
}

/// The time between two lines that one thread writes on standard output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The earlier line.
    pub from: String,
    /// The later line.
    pub to: String,
}

/// Something that a contract asks for and that no output shows: a program that comes to its result
/// in another way prints the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// A process other than the root ends like this.
    ChildEnds(Ending),
    /// So many bytes at least are read from pipes and sockets by others than those who wrote them.
    BytesPass(u32),
    /// A process other than the root reads a pipe or socket up to its end of file.
    ChildReadsToTheEnd,
    /// A zombie's files in `/proc` are opened.
    ZombieInspected,
    /// This signal is sent to a zombie, and the call succeeds.
    ZombieSignalled(Signal),
}

/// A rule that a test does not ask for, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The rule.
    pub rule: Rule,
    /// Why it does not apply here.
    pub reason: String,
}
