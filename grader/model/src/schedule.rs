//! A schedule: everything that decides the course of a run, as a value.

use crate::{Decisions, Strategy};
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
    /// Choices to follow. Where the list ends, the strategy decides. Empty for a schedule that has
    /// not run yet; whole for one that has, and then it alone decides.
    #[serde(default)]
    pub decisions: Decisions,
}

impl Schedule {
    /// A schedule without faults that has not run yet.
    #[must_use]
    pub fn new(strategy: Strategy, seed: u64) -> Self {
        Self { seed, strategy, faults: Vec::new(), decisions: Decisions::default() }
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
    /// Time-outs, alarms and timers end while others can go on, as on a machine that is slow.
    EarlyTimeout,
    /// One place of the run is struck.
    Strike {
        /// By what.
        what: Strike,
        /// Which of the places that it may strike, from 1 on. `None` where an exploration shall
        /// try them in turn; and in the schedule of a run in which none is struck.
        nth: Option<u32>,
    },
}

impl Fault {
    /// What was asked for, whichever place of it an exploration chose.
    #[must_use]
    pub fn asked(self) -> Self {
        match self {
            Self::Strike { what, .. } => Self::Strike { what, nth: None },
            other @ (Self::Eintr(_)
            | Self::ForkEagain { .. }
            | Self::ShortRead
            | Self::ShortWrite
            | Self::EarlyTimeout) => other,
        }
    }
}

/// What strikes one place of a run, at most once in it. Which places are legal: `docs/faults.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strike {
    /// Everybody who could read what is about to be written dies, so that the write fails with EPIPE
    /// and SIGPIPE. Source: `pipe(7)`, "I/O on pipes and FIFOs".
    Epipe,
    /// A call that needs room on a file system fails with ENOSPC. Source: `write(2)`.
    Enospc,
    /// A call that makes a descriptor fails with EMFILE. Source: `open(2)`.
    Emfile,
    /// A process other than the root is killed by SIGKILL.
    Kill,
    /// A wait in `futex` returns although nobody has woken it. Source: `futex(2)`, "FUTEX_WAIT".
    SpuriousWakeup,
}

impl Strike {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Epipe, Self::Enospc, Self::Emfile, Self::Kill, Self::SpuriousWakeup];
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Epipe => "epipe",
            Self::Enospc => "enospc",
            Self::Emfile => "emfile",
            Self::Kill => "kill",
            Self::SpuriousWakeup => "spurious-wakeup",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eintr(signal) => write!(f, "eintr({signal})"),
            Self::ForkEagain { nth } => write!(f, "fork-eagain({nth})"),
            Self::ShortRead => f.write_str("short-read"),
            Self::ShortWrite => f.write_str("short-write"),
            Self::EarlyTimeout => f.write_str("early-timeout"),
            Self::Strike { what, nth: None } => what.fmt(f),
            Self::Strike { what, nth: Some(nth) } => write!(f, "{what}({nth})"),
        }
    }
}
