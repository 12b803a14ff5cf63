//! How a process ended.

use crate::Signal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a process ended. Source: `wait(2)`, macros `WIFEXITED` and `WIFSIGNALED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It called `exit` or `_exit`, or returned from `main`. The value is 0 to 255: only the low
    /// eight bits of the argument survive.
    Exited(u8),
    /// A signal killed it.
    Killed(Signal),
}

impl Ending {
    /// Reads the status word that `wait4` stores. Stops and continuations are not endings.
    #[must_use]
    pub fn from_status_word(word: i32) -> Option<Self> {
        match word & 0x7f {
            0 => u8::try_from((word >> 8) & 0xff).ok().map(Self::Exited),
            0x7f => None,
            signal => Some(Self::Killed(Signal(signal))),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit({code})"),
            Self::Killed(signal) => write!(f, "killed by {signal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_word_is_read_as_wait_2_defines_it() {
        assert_eq!(Ending::from_status_word(0x0200), Some(Ending::Exited(2)));
        assert_eq!(Ending::from_status_word(9), Some(Ending::Killed(Signal(9))));
        assert_eq!(Ending::from_status_word(0x8b), Some(Ending::Killed(Signal(11))));
        assert_eq!(Ending::from_status_word(0x137f), None);
    }
}
