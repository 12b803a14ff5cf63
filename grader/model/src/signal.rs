//! Signal numbers and their names.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A signal's number on Linux x86-64. Source: `signal(7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signal(pub i32);

/// Names by number, from 1. Source: `signal(7)`, "Signal numbering for standard signals".
const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

impl Signal {
    /// `SIGKILL`, which cannot be caught.
    pub const KILL: Signal = Signal(9);
    /// `SIGABRT`, what `abort(3)` raises.
    pub const ABRT: Signal = Signal(6);
    /// `SIGPIPE`, sent to who writes into a pipe that nobody can read.
    pub const PIPE: Signal = Signal(13);
    /// `SIGALRM`, sent to a process when its `alarm` or real interval timer expires.
    pub const ALRM: Signal = Signal(14);
    /// `SIGCHLD`, sent to a parent when a child ends or stops.
    pub const CHLD: Signal = Signal(17);
    /// `SIGCONT`, which resumes a stopped process.
    pub const CONT: Signal = Signal(18);
    /// `SIGSTOP`, which stops a process and cannot be caught.
    pub const STOP: Signal = Signal(19);
    /// The first real-time signal of the kernel's range.
    pub const RTMIN: Signal = Signal(32);

    /// Whether several of this signal queue instead of merging into one.
    #[must_use]
    pub fn is_real_time(self) -> bool {
        self >= Self::RTMIN
    }

    /// Whether the fault is in the program's own instructions rather than sent by somebody.
    #[must_use]
    pub fn is_crash(self) -> bool {
        // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS
        matches!(self.0, 4 | 5 | 6 | 7 | 8 | 11 | 31)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = usize::try_from(self.0 - 1).ok().and_then(|n| NAMES.get(n));
        match name {
            Some(name) => f.write_str(name),
            None if self.is_real_time() => write!(f, "SIGRTMIN+{}", self.0 - Self::RTMIN.0),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_of_signal_7() {
        assert_eq!(Signal::CHLD.to_string(), "SIGCHLD");
        assert_eq!(Signal(31).to_string(), "SIGSYS");
        assert_eq!(Signal(34).to_string(), "SIGRTMIN+2");
        assert_eq!(Signal(0).to_string(), "signal 0");
    }
}
