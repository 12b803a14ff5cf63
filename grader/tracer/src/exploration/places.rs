//! Where faults strike in turn: each schedule of an exploration has one place of one of the strikes
//! that were asked for. Runs tell how many places there are; of those, the one that was tried least
//! is next, and "nowhere" is one of them. So each place is struck, and as often as any other.

use crate::course::Course;
use forklings_model::{Fault, Schedule, Strike};
use std::collections::BTreeMap;

/// Times that each place is tried before nothing new is taken for an end.
const ENOUGH: u32 = 2;

/// The places of each strike: how often each was tried, nowhere first.
#[derive(Debug)]
pub(super) struct Places(Vec<(Strike, Vec<u32>)>);

impl Places {
    pub(super) fn new(faults: &[Fault]) -> Self {
        let mut tried: BTreeMap<Strike, Vec<u32>> = BTreeMap::new();
        for fault in faults {
            if let Fault::Strike { what, nth: None } = *fault {
                tried.insert(what, vec![0]);
            }
        }
        Self(tried.into_iter().collect())
    }

    /// The faults of the next schedule: of all that are to strike in turn, one does.
    pub(super) fn put_into(&self, faults: &[Fault]) -> Vec<Fault> {
        let next = self.next();
        let put = |fault: &Fault| match (*fault, next) {
            (Fault::Strike { what, nth: None }, Some((strike, nth))) if what == strike => {
                Fault::Strike { what, nth }
            }
            (other, _) => other,
        };
        faults.iter().map(put).collect()
    }

    /// The strike that had the fewest turns, and its place that was tried least.
    fn next(&self) -> Option<(Strike, Option<u32>)> {
        let turns = |tried: &[u32]| tried.iter().sum::<u32>();
        let (what, tried) = self.0.iter().min_by_key(|(_, tried)| turns(tried))?;
        let least = tried.iter().min().copied().unwrap_or(0);
        // Long steps round the circle of places: a small number of schedules is spread over all of a
        // run. Another beginning each time round: strategies come in turn, too.
        let step = stride(tried.len());
        let start = usize::try_from(least).unwrap_or(0);
        let round = (0..tried.len()).map(|n| (n * step + start) % tried.len());
        let place = round.into_iter().find(|&place| tried[place] == least)?;
        Some((*what, u32::try_from(place).ok().filter(|&nth| nth > 0)))
    }

    /// Takes in one more run.
    pub(super) fn add(&mut self, schedule: &Schedule, course: &Course) {
        let next = self.next();
        for (what, tried) in &mut self.0 {
            let place = schedule.faults.iter().find_map(|fault| {
                let Fault::Strike { what: strike, nth: Some(nth) } = *fault else { return None };
                usize::try_from(nth).ok().filter(|_| strike == *what)
            });
            let place = place.unwrap_or(0);
            if next.is_some_and(|(strike, _)| strike == *what)
                && let Some(times) = tried.get_mut(place)
            {
                *times += 1;
            }
            let known = course.places.get(what).map_or(0, |&count| count.min(MOST));
            let places = usize::try_from(known).unwrap_or(0) + 1;
            if places > tried.len() {
                tried.resize(places, 0);
            }
        }
    }

    /// Whether every place has had its turns.
    pub(super) fn all_tried(&self) -> bool {
        self.0.iter().flat_map(|(_, tried)| tried).all(|&times| times >= ENOUGH)
    }
}

/// Places of a run that are kept apart.
const MOST: u32 = 100_000;

/// A step that reaches all of so many places, near to the golden section of them.
fn stride(places: usize) -> usize {
    let near = (places * 618 / 1000).max(1);
    (near..=places).find(|&step| common(step, places) == 1).unwrap_or(1)
}

/// The greatest common divisor.
fn common(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::Strategy;

    /// The places that so many schedules strike, in a program with these numbers of places.
    fn struck(faults: &[Fault], places: &[(Strike, u32)], schedules: u32) -> Vec<Fault> {
        let mut turns = Places::new(faults);
        let mut all = Vec::new();
        for _ in 0..schedules {
            let faults = turns.put_into(faults);
            let schedule = Schedule { faults, ..Schedule::new(Strategy::Random, 0) };
            let mut course = Course::default();
            course.places.extend(places.iter().copied());
            turns.add(&schedule, &course);
            all.extend(schedule.faults);
        }
        all
    }

    const EMFILE: Fault = Fault::Strike { what: Strike::Emfile, nth: None };
    const KILL: Fault = Fault::Strike { what: Strike::Kill, nth: None };

    #[test]
    fn the_first_run_is_struck_nowhere_and_every_place_comes_in_turn() {
        let all = struck(&[EMFILE], &[(Strike::Emfile, 7)], 16);
        assert_eq!(all[0], EMFILE);
        for nth in 1..=7 {
            let fault = Fault::Strike { what: Strike::Emfile, nth: Some(nth) };
            assert_eq!(all.iter().filter(|&&other| other == fault).count(), 2, "{fault}");
        }
    }

    #[test]
    fn two_strikes_share_the_schedules_and_never_one() {
        let all = struck(&[EMFILE, KILL], &[(Strike::Emfile, 3), (Strike::Kill, 9)], 200);
        for schedule in all.chunks(2) {
            let placed = schedule.iter().filter(|fault| fault.asked() != **fault).count();
            assert!(placed <= 1, "{schedule:?}");
        }
        for nth in 1..=9 {
            let fault = Fault::Strike { what: Strike::Kill, nth: Some(nth) };
            assert!(all.contains(&fault), "{fault}");
        }
    }

    #[test]
    fn few_schedules_are_spread_over_a_long_run() {
        let all = struck(&[KILL], &[(Strike::Kill, 1000)], 50);
        for quarter in 0..4 {
            let inside = |fault: &&Fault| matches!(fault, Fault::Strike { nth: Some(nth), .. } if nth / 250 == quarter);
            assert!(all.iter().filter(inside).count() >= 8, "{quarter}");
        }
    }
}
