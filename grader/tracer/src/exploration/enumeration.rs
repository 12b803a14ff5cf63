//! An enumeration in progress: which schedule is next, how much is left, and what may be claimed.

use super::chance;
use super::tree::{Tree, Untried};
use crate::course::{Course, Junction};
use crate::random::{Random, Stream};
use forklings_model::Trace;

/// Preemptions that most bugs need at most. More are only worth it where all can be tried. Source:
/// Thomson, Donaldson and Betts, "Concurrency Testing Using Schedule Bounding", PPoPP 2014.
const MOST_BUGS: u32 = 2;
/// Leaves of a tree that is still small. Beyond that, drawn schedules tell more in the same time.
const SMALL: u32 = 2000;

/// An enumeration in progress.
#[derive(Debug)]
pub(super) struct Enumeration {
    /// `None` once it was given up.
    tree: Option<Tree>,
    /// Preemptions up to which it was asked for; `None` for as far as it goes.
    most: Option<u32>,
    random: Random,
    /// What may be claimed when the tree was given up only because it is large.
    bound: Option<u32>,
    /// The number of preemptions that `leaves_each` is about.
    level: u32,
    /// How many leaves an open branch of this level leads to, estimated by every one that was
    /// taken. Source: Knuth, "Estimating the Efficiency of Backtrack Programs", 1975.
    leaves_each: Mean,
}

/// A mean that begins with a guess.
#[derive(Clone, Copy, Debug)]
struct Mean {
    guess: f64,
    sum: f64,
    samples: u32,
}

impl Mean {
    fn new(guess: f64) -> Self {
        Self { guess, sum: 0.0, samples: 0 }
    }

    fn add(&mut self, sample: f64) {
        self.sum += sample;
        self.samples += 1;
    }

    fn value(self) -> f64 {
        if self.samples == 0 { self.guess } else { self.sum / f64::from(self.samples) }
    }
}

impl Enumeration {
    /// `possible` unless it is known from the start that more than decisions decides.
    pub(super) fn new(possible: bool, most: Option<u32>, seed: u64) -> Self {
        Self {
            tree: possible.then(Tree::default),
            most,
            random: Random::new(seed, Stream::Enumeration),
            bound: None,
            level: 0,
            leaves_each: Mean::new(1.0),
        }
    }

    /// Takes in a run. `given` is the number of its decisions that this enumeration gave.
    pub(super) fn add(&mut self, trace: &Trace, course: &Course, given: Option<usize>) {
        let Some(tree) = &mut self.tree else { return };
        if chance::decided(trace) || tree.add(&course.junctions).is_err() {
            return self.give_up();
        }
        if let Some(given) = given {
            let after = course.junctions.get(given..).unwrap_or_default();
            self.leaves_each.add(after.iter().map(free).product());
        }
        if let Some((level, _)) = tree.lowest_open()
            && level != self.level
        {
            self.level = level;
            self.leaves_each = Mean::new(self.leaves_each.value());
        }
        if tree.too_large() {
            self.bound = self.bound();
            self.tree = None;
        }
    }

    /// Nothing can be claimed: more than decisions decides.
    pub(super) fn give_up(&mut self) {
        self.tree = None;
        self.bound = None;
    }

    /// The next schedule that was not tried.
    pub(super) fn untried(&mut self) -> Option<Untried> {
        self.tree.as_mut()?.untried(&mut self.random)
    }

    /// Branches that are known and were not taken.
    pub(super) fn open(&self) -> u64 {
        self.tree.as_ref().map_or(0, Tree::open)
    }

    /// Whether every schedule with as many preemptions as the next one has may well be tried within
    /// so many runs more, and the tree is still small then.
    pub(super) fn ends_within(&self, runs: u32) -> bool {
        let Some(tree) = &self.tree else { return false };
        let Some((level, open)) = tree.lowest_open() else { return false };
        if level > MOST_BUGS && tree.open() > runs.into() {
            return false;
        }
        // Numbers here are far below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let left = open as f64 * self.leaves_each.value();
        left <= f64::from(runs) && left + f64::from(tree.leaves()) <= f64::from(SMALL)
    }

    /// Whether nothing more is to be done of what was asked for.
    pub(super) fn is_over(&self) -> bool {
        let Some(tree) = &self.tree else { return true };
        let reached = match (tree.lowest_open(), self.most) {
            (None, _) => tree.leaves() > 0,
            (Some((level, _)), Some(most)) => level > most,
            (Some(_), None) => false,
        };
        reached || tree.leaves() >= SMALL
    }

    /// Whether every schedule was tried.
    pub(super) fn is_exhausted(&self) -> bool {
        self.tree.as_ref().is_some_and(|tree| tree.leaves() > 0 && tree.lowest_open().is_none())
    }

    /// Preemptions up to which every schedule was tried; `None` also when there are no others.
    pub(super) fn bound(&self) -> Option<u32> {
        match &self.tree {
            Some(tree) => tree.lowest_open()?.0.checked_sub(1),
            None => self.bound,
        }
    }
}

/// Choices at a junction that preempt nobody.
fn free(junction: &Junction) -> f64 {
    match junction.own.len() {
        0 => junction.decision.of.into(),
        own => u32::try_from(own).unwrap_or(u32::MAX).into(),
    }
}
