//! Holds what was foretold, what was seen and what is possible against each other.

use crate::{Drill, Outcome};
use std::collections::BTreeMap;

/// What many runs came to, and how often each.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Runs that were made.
    pub(crate) runs: u32,
    /// Times, by outcome.
    pub(crate) seen: BTreeMap<Outcome, u32>,
}

/// The comparison. Each outcome stands in one of the lists.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Seen and foretold; how often. The most frequent is first, here and below.
    pub(crate) expected: Vec<(Outcome, u32)>,
    /// Seen and not foretold; how often.
    pub(crate) surprising: Vec<(Outcome, u32)>,
    /// Foretold, possible, and not seen.
    pub(crate) awaited: Vec<Outcome>,
    /// Foretold, and impossible.
    pub(crate) mistaken: Vec<Outcome>,
    /// Possible, and neither foretold nor seen.
    pub(crate) overlooked: Vec<Outcome>,
    /// Seen, although the drill says that it is impossible: then the drill is wrong.
    pub(crate) contradicting: Vec<Outcome>,
    /// Foretold and possible, and possible at all.
    pub(crate) score: (usize, usize),
}

/// Compares a prediction with what was seen of a drill.
pub(crate) fn compare(drill: &Drill, predicted: &[Outcome], tally: &Tally) -> Comparison {
    let possible: Vec<Outcome> = drill.possible.iter().map(|text| Outcome::read(text)).collect();
    let mut seen: Vec<(Outcome, u32)> =
        tally.seen.iter().map(|(outcome, times)| (outcome.clone(), *times)).collect();
    seen.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let unseen = |outcome: &&Outcome| !tally.seen.contains_key(*outcome);
    let (awaited, mistaken) =
        predicted.iter().filter(unseen).cloned().partition(|outcome| possible.contains(outcome));
    let overlooked = possible.iter().filter(unseen).filter(|outcome| !predicted.contains(outcome));
    let contradicting = seen.iter().map(|(outcome, _)| outcome).filter(|o| !possible.contains(o));
    let hits = possible.iter().filter(|outcome| predicted.contains(outcome)).count();
    Comparison {
        overlooked: overlooked.cloned().collect(),
        contradicting: contradicting.cloned().collect(),
        awaited,
        mistaken,
        score: (hits, possible.len()),
        expected: seen.iter().filter(|(o, _)| predicted.contains(o)).cloned().collect(),
        surprising: seen.into_iter().filter(|(o, _)| !predicted.contains(o)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Program;

    const DRILL: Drill = Drill {
        title: "",
        program: Program { source: "", main: || Ok(()) },
        possible: &["a", "b", "c", "d"],
        never: &[("x", "")],
        because: "",
    };

    #[test]
    fn every_outcome_stands_in_one_list() {
        let outcomes = |all: &[&str]| all.iter().map(|o| Outcome::read(o)).collect::<Vec<_>>();
        let seen = [("a", 1), ("b", 7), ("z", 2)];
        let seen = seen.map(|(text, times)| (Outcome::read(text), times));
        let tally = Tally { runs: 10, seen: BTreeMap::from(seen) };
        let compared = compare(&DRILL, &outcomes(&["a", "c", "x"]), &tally);
        let [a, b, z] = ["a", "b", "z"].map(Outcome::read);
        assert_eq!(
            compared,
            Comparison {
                expected: vec![(a, 1)],
                surprising: vec![(b, 7), (z, 2)],
                awaited: outcomes(&["c"]),
                mistaken: outcomes(&["x"]),
                overlooked: outcomes(&["d"]),
                contradicting: outcomes(&["z"]),
                score: (2, 4),
            }
        );
    }
}
