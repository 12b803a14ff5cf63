//! Sets of signals: masks, and what a wait is for.

use crate::Signal;
use serde::{Deserialize, Serialize};

/// A set of signals as the kernel keeps it: bit `n - 1` stands for signal `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: SignalSet = SignalSet(0);

    /// These signals.
    #[must_use]
    pub fn of(signals: &[Signal]) -> Self {
        Self(signals.iter().fold(0, |bits, signal| bits | Self::bit(*signal)))
    }

    /// Whether the signal is in the set.
    #[must_use]
    pub fn has(self, signal: Signal) -> bool {
        self.0 & Self::bit(signal) != 0
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those in both sets.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Every signal that is not in the set.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(!self.0)
    }

    /// Whether it has no signal.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The signals, ascending.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        (1..=64).map(Signal).filter(move |signal| self.has(*signal))
    }

    /// Whether only the C library makes such a mask: it has the library's own signal, which
    /// `sigfillset` and `sigaddset` leave out. Source: nptl(7).
    #[must_use]
    pub fn is_of_libc(self) -> bool {
        self.has(Signal::RTMIN)
    }

    fn bit(signal: Signal) -> u64 {
        match signal.0 {
            n @ 1..=64 => 1 << (n - 1),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let set = SignalSet::of(&[Signal::CHLD, Signal(64)]);
        assert_eq!(set.0, 1 << 63 | 1 << 16);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Signal::CHLD, Signal(64)]);
        assert!(!set.has(Signal::KILL) && !set.has(Signal(0)) && !set.has(Signal(65)));
        assert_eq!(set.without(SignalSet::of(&[Signal(64)])), SignalSet::of(&[Signal::CHLD]));
        assert!(set.both(set.complement()).is_empty());
    }

    #[test]
    fn a_program_s_full_set_is_told_from_the_library_s() {
        let of_program = SignalSet(!0).without(SignalSet::of(&[Signal(32), Signal(33)]));
        assert!(!of_program.is_of_libc());
        assert!(SignalSet(!0).is_of_libc());
    }
}
