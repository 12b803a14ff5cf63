//! The words of `--faults`, and the sets of faults that come of them: a schedule has one set, so
//! what strikes at one of several places is tried at each in turn.

use forklings_model::{Action, EventKind, Fault, ProcId, Signal, Strike, Trace};
use std::collections::BTreeSet;

/// Forks of a program that are made to fail, each in turn.
const FORKS: u32 = 8;
/// Signals that end a program by custom: a handler that makes it end early is no mistake.
const ENDING: [Signal; 4] = [Signal(1), Signal(2), Signal(3), Signal(15)];

/// What the kernel shall do beside its normal work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// In every schedule.
    always: Vec<Fault>,
    /// Each in turn.
    in_turn: Vec<Fault>,
    /// Interruptions by whatever signal the program handles.
    any_signal: bool,
    /// Failures of whatever fork the program makes.
    any_fork: bool,
}

/// Reads a list such as `eintr,short-io`.
pub(super) fn parse(text: &str) -> Result<Faults, String> {
    let mut faults = Faults::default();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.split_once(':') {
            None => match word {
                "eintr" => faults.any_signal = true,
                "fork-eagain" => faults.any_fork = true,
                "short-io" => faults.always.extend([Fault::ShortRead, Fault::ShortWrite]),
                "short-read" => faults.always.push(Fault::ShortRead),
                "short-write" => faults.always.push(Fault::ShortWrite),
                "early-timeout" => faults.always.push(Fault::EarlyTimeout),
                _ => {
                    let what = strike(word).ok_or_else(|| unknown(word))?;
                    faults.always.push(Fault::Strike { what, nth: None });
                }
            },
            Some(("eintr", name)) => {
                let signal = (1..=64).map(Signal).find(|signal| signal.to_string() == name);
                let signal = signal.ok_or_else(|| format!("no signal is called `{name}`"))?;
                faults.in_turn.push(Fault::Eintr(signal));
            }
            Some(("fork-eagain", number)) => match number.parse() {
                Ok(nth) if nth > 0 => faults.in_turn.push(Fault::ForkEagain { nth }),
                _ => return Err(format!("`{number}` is no number of a fork; the first is 1")),
            },
            Some((word, number)) => {
                let what = strike(word).ok_or_else(|| unknown(word))?;
                match number.parse() {
                    Ok(nth) if nth > 0 => {
                        faults.in_turn.push(Fault::Strike { what, nth: Some(nth) });
                    }
                    _ => return Err(format!("`{number}` is no number of a place; the first is 1")),
                }
            }
        }
    }
    let mut seen = Vec::new();
    faults.always.retain(|fault| {
        let new = !seen.contains(fault);
        seen.push(*fault);
        new
    });
    Ok(faults)
}

fn strike(word: &str) -> Option<Strike> {
    Strike::ALL.into_iter().find(|what| what.to_string() == word)
}

fn unknown(word: &str) -> String {
    format!(
        "`{word}` is none of eintr, eintr:SIGNAL, short-io, short-read, short-write, fork-eagain, \
         fork-eagain:N, early-timeout, epipe, enospc, emfile, kill, spurious-wakeup, epipe:N, \
         enospc:N, emfile:N, kill:N, spurious-wakeup:N"
    )
}

/// What runs tell about the places where faults can strike.
#[derive(Debug, Default)]
pub(super) struct Places {
    forks: u32,
    signals: BTreeSet<i32>,
}

impl Places {
    /// Takes in one more run.
    pub(super) fn add(&mut self, trace: &Trace) {
        let mut forks = 0;
        for event in &trace.events {
            if let EventKind::Forked { .. } = event.kind {
                forks += 1;
            }
            if let EventKind::Disposition {
                signal, action: Action::Handler, restart: false, ..
            } = event.kind
                && event.task.proc == ProcId::ROOT
                && !ENDING.contains(&signal)
            {
                self.signals.insert(signal.0);
            }
        }
        self.forks = self.forks.max(forks);
    }
}

impl Faults {
    /// Whether something strikes at one of several places.
    pub(super) fn strike(&self) -> bool {
        self.any_signal || self.any_fork || !self.in_turn.is_empty()
    }

    /// Whether there are none.
    pub(super) fn none(&self) -> bool {
        *self == Self::default()
    }

    /// What every schedule has, and the first ones have alone.
    pub(super) fn first(&self) -> Vec<Fault> {
        self.always.clone()
    }

    /// The sets that are tried after that.
    pub(super) fn further(&self, places: &Places) -> Vec<Vec<Fault>> {
        let mut strikes = self.in_turn.clone();
        if self.any_fork {
            strikes.extend((1..=places.forks.min(FORKS)).map(|nth| Fault::ForkEagain { nth }));
        }
        if self.any_signal {
            strikes.extend(places.signals.iter().map(|&signal| Fault::Eintr(Signal(signal))));
        }
        strikes
            .into_iter()
            .map(|strike| self.always.iter().copied().chain([strike]).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_what_strikes_somewhere_is_tried_everywhere() {
        let faults = parse("eintr, short-io,fork-eagain").expect("known words");
        assert_eq!(faults.first(), [Fault::ShortRead, Fault::ShortWrite]);
        let places = Places { forks: 2, signals: BTreeSet::from([10]) };
        let last: Vec<Fault> =
            faults.further(&places).iter().filter_map(|set| set.last().copied()).collect();
        let nth = |nth| Fault::ForkEagain { nth };
        assert_eq!(last, [nth(1), nth(2), Fault::Eintr(Signal(10))]);
        assert!(faults.further(&places).iter().all(|set| set.len() == 3));
    }

    #[test]
    fn one_signal_or_fork_can_be_named() {
        let faults = parse("eintr:SIGALRM,fork-eagain:3").expect("known words");
        let sets = faults.further(&Places::default());
        assert_eq!(sets, [vec![Fault::Eintr(Signal(14))], vec![Fault::ForkEagain { nth: 3 }]]);
        assert_eq!(faults.first(), []);
    }

    #[test]
    fn unknown_words_are_named() {
        for (text, part) in [("eint", "`eint`"), ("eintr:SIGX", "SIGX"), ("fork-eagain:0", "`0`")] {
            assert!(parse(text).is_err_and(|said| said.contains(part)), "{text}");
        }
    }

    #[test]
    fn what_strikes_in_one_place_is_for_the_exploration_to_place_or_is_placed_here() {
        let anywhere = parse("kill,emfile,kill").expect("known words");
        let strike = |what, nth| Fault::Strike { what, nth };
        let all = [strike(Strike::Kill, None), strike(Strike::Emfile, None)];
        assert_eq!((anywhere.first(), anywhere.strike()), (all.to_vec(), false));
        let there = parse("enospc:2").expect("a known word");
        assert_eq!(there.first(), []);
        let sets = there.further(&Places::default());
        assert_eq!(sets, [vec![strike(Strike::Enospc, Some(2))]]);
        assert!(parse("epipe:0").is_err() && parse("sleep:1").is_err());
    }
}
