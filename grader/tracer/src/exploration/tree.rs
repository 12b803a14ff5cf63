//! The tree of all schedules, as far as it is known: every run adds its path, whoever decided it,
//! and what was not chosen along it stays open. An enumeration is then nothing but taking open
//! branches, those with the fewest preemptions first, until none is left. Source: Musuvathi and
//! Qadeer, PLDI 2007 (iterative context bounding); what is ours is that random runs count too.
//!
//! Invariant: a branch is open, a leaf, or leads to a point where a run has been; the numbers of
//! open branches are exact. Nothing is left out as equivalent to something else: a wrong notion of
//! what is independent would drop bugs silently.

use crate::course::Junction;
use crate::random::Random;
use forklings_model::{Decision, Decisions};
use std::collections::BTreeMap;

/// Points that a tree may have before it is given up: memory stays bounded.
const LARGEST: usize = 50_000;

/// The known part of a tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    points: Vec<Point>,
    /// Whether the first run had nothing to decide: the whole tree is one leaf.
    single: bool,
    leaves: u32,
    /// Open branches by the preemptions that they stand at. Taken ones are removed when they are
    /// met.
    open: BTreeMap<u32, Vec<(u32, u16)>>,
    /// How many are really open, by preemptions.
    counts: BTreeMap<u32, u64>,
}

/// A point at which there are several choices.
#[derive(Debug)]
struct Point {
    above: Option<(u32, u16)>,
    junction: Junction,
    /// Preemptions on the way here.
    spent: u32,
    branches: Vec<Branch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    Open,
    Leaf,
    To(u32),
}

/// A branch that nobody has taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Untried {
    /// The decisions that lead to it, its own included.
    pub(super) decisions: Decisions,
    /// The preemptions among them.
    pub(super) preemptions: u32,
}

/// Equal decisions did not lead to equal choices: something else decides too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unpredictable;

impl Tree {
    /// Adds a run's path. Gives whether it is a new leaf.
    pub(super) fn add(&mut self, path: &[Junction]) -> Result<bool, Unpredictable> {
        let Some(last) = path.len().checked_sub(1) else {
            let new = !self.single;
            if !self.points.is_empty() {
                return Err(Unpredictable);
            }
            self.leaves += u32::from(new);
            self.single = true;
            return Ok(new);
        };
        if self.single {
            return Err(Unpredictable);
        }
        if self.points.is_empty() {
            self.grow(None, &path[0], 0);
        }
        let mut at = 0u32;
        for (n, junction) in path.iter().enumerate() {
            let point = self.point(at);
            if point.junction.decision.of != junction.decision.of
                || point.junction.own != junction.own
            {
                return Err(Unpredictable);
            }
            let picked = junction.decision.picked;
            let spent = point.spent + u32::from(junction.preempts(picked));
            match (point.branches[usize::from(picked)], n == last) {
                (Branch::Open, true) => {
                    self.close(at, picked, spent, Branch::Leaf);
                    self.leaves += 1;
                    return Ok(true);
                }
                (Branch::Open, false) => {
                    let to = self.grow(Some((at, picked)), &path[n + 1], spent);
                    self.close(at, picked, spent, Branch::To(to));
                    at = to;
                }
                (Branch::Leaf, true) => return Ok(false),
                (Branch::To(to), false) => at = to,
                (Branch::Leaf, false) | (Branch::To(_), true) => return Err(Unpredictable),
            }
        }
        Ok(false)
    }

    fn point(&self, number: u32) -> &Point {
        &self.points[usize::try_from(number).unwrap_or(usize::MAX)]
    }

    /// Adds a point with all its branches open.
    fn grow(&mut self, above: Option<(u32, u16)>, junction: &Junction, spent: u32) -> u32 {
        let number = u32::try_from(self.points.len()).unwrap_or(u32::MAX);
        for choice in 0..junction.decision.of {
            let preemptions = spent + u32::from(junction.preempts(choice));
            self.open.entry(preemptions).or_default().push((number, choice));
            *self.counts.entry(preemptions).or_default() += 1;
        }
        let branches = vec![Branch::Open; usize::from(junction.decision.of)];
        self.points.push(Point { above, junction: junction.clone(), spent, branches });
        number
    }

    fn close(&mut self, at: u32, choice: u16, preemptions: u32, branch: Branch) {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        self.points[at].branches[usize::from(choice)] = branch;
        if let Some(count) = self.counts.get_mut(&preemptions) {
            *count -= 1;
        }
        self.counts.retain(|_, count| *count > 0);
    }

    /// Different complete runs so far.
    pub(super) fn leaves(&self) -> u32 {
        self.leaves
    }

    /// Whether it has grown beyond what is kept.
    pub(super) fn too_large(&self) -> bool {
        self.points.len() > LARGEST
    }

    /// The fewest preemptions at which a branch is open, and how many are at that number. Each
    /// leads to one leaf at least. `None` when every schedule was tried.
    pub(super) fn lowest_open(&self) -> Option<(u32, u64)> {
        self.counts.first_key_value().map(|(&preemptions, &count)| (preemptions, count))
    }

    /// All open branches.
    pub(super) fn open(&self) -> u64 {
        self.counts.values().sum()
    }

    /// An open branch with as few preemptions as there are, drawn among those.
    pub(super) fn untried(&mut self, random: &mut Random) -> Option<Untried> {
        let (preemptions, _) = self.lowest_open()?;
        let points = &self.points;
        let candidates = self.open.get_mut(&preemptions)?;
        candidates.retain(|&(at, choice)| {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            points[at].branches[usize::from(choice)] == Branch::Open
        });
        let (mut at, mut picked) = *candidates.get(random.below(candidates.len().max(1)))?;
        let mut decisions = Vec::new();
        loop {
            let point = self.point(at);
            decisions.push(Decision { picked, of: point.junction.decision.of });
            match point.above {
                Some(above) => (at, picked) = above,
                None => break,
            }
        }
        decisions.reverse();
        Some(Untried { decisions: Decisions(decisions), preemptions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use std::collections::BTreeSet;
    use std::ops::Range;

    fn junction(picked: u16, of: u16, own: Range<u16>) -> Junction {
        Junction { decision: Decision { picked, of }, own }
    }

    /// Runs a made-up program of two tasks with so many steps each, following decisions and then
    /// preempting nobody.
    fn run(steps: [u32; 2], decisions: &Decisions) -> Vec<Junction> {
        let mut left = steps;
        let mut last = None;
        let mut path: Vec<Junction> = Vec::new();
        while left[0] > 0 && left[1] > 0 {
            let own = match last {
                Some(task) if left[usize::from(task)] > 0 => task..task + 1,
                _ => 0..0,
            };
            let stay = if own.is_empty() { 0 } else { own.start };
            let picked = decisions.get(path.len()).map_or(stay, |decision| decision.picked);
            path.push(junction(picked, 2, own));
            left[usize::from(picked)] -= 1;
            last = Some(picked);
        }
        path
    }

    /// Leaves found when every schedule with at most so many preemptions was tried.
    fn enumerate(steps: [u32; 2], most: u32) -> u32 {
        let mut tree = Tree::default();
        let mut random = Random::new(1, Stream::Schedule);
        assert_eq!(tree.add(&run(steps, &Decisions::default())), Ok(true));
        while tree.lowest_open().is_some_and(|(preemptions, _)| preemptions <= most) {
            let untried = tree.untried(&mut random).expect("something open");
            assert_eq!(tree.add(&run(steps, &untried.decisions)), Ok(true), "{untried:?}");
        }
        tree.leaves()
    }

    #[test]
    fn two_tasks_have_as_many_orders_as_the_binomial_coefficient_says() {
        assert_eq!(enumerate([1, 1], 99), 2);
        assert_eq!(enumerate([2, 2], 99), 6);
        assert_eq!(enumerate([3, 2], 99), 10);
        assert_eq!(enumerate([5, 5], 99), 252);
    }

    #[test]
    fn a_bound_on_preemptions_leaves_out_what_exceeds_it() {
        // AABB and BBAA have none, ABBA and BAAB have one, ABAB and BABA have two: a switch is a
        // preemption only where the one before had a step left.
        assert_eq!(enumerate([2, 2], 0), 2);
        assert_eq!(enumerate([2, 2], 1), 4);
        assert_eq!(enumerate([2, 2], 2), 6);
    }

    #[test]
    fn runs_of_others_count_and_are_not_tried_again() {
        let mut tree = Tree::default();
        let mut random = Random::new(1, Stream::Schedule);
        let all: Vec<Decisions> = (0..16u16)
            .map(|n| (0..4).map(|bit| Decision { picked: n >> bit & 1, of: 2 }).collect())
            .collect();
        let mut seen = BTreeSet::new();
        for decisions in &all[..5] {
            let path = run([2, 2], decisions);
            let new = seen.insert(format!("{path:?}"));
            assert_eq!(tree.add(&path), Ok(new));
        }
        assert_eq!(seen.len(), 4);
        while let Some(untried) = tree.untried(&mut random) {
            assert!(seen.insert(format!("{:?}", run([2, 2], &untried.decisions))));
            assert_eq!(tree.add(&run([2, 2], &untried.decisions)), Ok(true));
        }
        assert_eq!((tree.leaves(), tree.open(), tree.lowest_open()), (6, 0, None));
    }

    #[test]
    fn other_choices_after_equal_decisions_are_noticed() {
        let mut tree = Tree::default();
        assert_eq!(tree.add(&[junction(0, 2, 0..0), junction(1, 2, 0..1)]), Ok(true));
        for path in [
            vec![junction(0, 3, 0..0)],
            vec![junction(0, 2, 0..1)],
            vec![junction(0, 2, 0..0)],
            vec![junction(0, 2, 0..0), junction(1, 2, 0..1), junction(0, 2, 0..0)],
            vec![],
        ] {
            assert_eq!(tree.add(&path), Err(Unpredictable), "{path:?}");
        }
        let mut single = Tree::default();
        assert_eq!((single.add(&[]), single.add(&[])), (Ok(true), Ok(false)));
        assert_eq!(single.add(&[junction(0, 2, 0..0)]), Err(Unpredictable));
    }
}
