//! An unbiased random walk: a task is picked in proportion to the operations that it, and whoever it
//! has not made yet, are expected to do. A plain random walk lets short tasks run ahead; this one
//! takes any order of independent operations as likely as any other. What is expected comes from
//! earlier runs. Source: Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency
//! Testing", ASPLOS 2025, section 3.1.

use super::{Choice, Pick};
use crate::lineage::Lineages;
use crate::random::Random;
use forklings_model::TaskId;
use std::collections::BTreeMap;

/// Parts of a weight: divisible by every number of ways in which one task can go on.
const SHARES: usize = 12;

/// Draws by weight.
pub(super) struct Weighted {
    random: Random,
    lineages: Lineages,
    /// Operations of each task and all its descendants, by lineage.
    whole: BTreeMap<String, i64>,
    /// What is left of them, without descendants that were born: those count for themselves.
    left: BTreeMap<TaskId, i64>,
}

impl Weighted {
    pub(super) fn new(random: Random, operations: &BTreeMap<String, u32>) -> Self {
        let mut whole: BTreeMap<String, i64> = BTreeMap::new();
        for (lineage, &own) in operations {
            let mut above = Some(lineage.as_str());
            while let Some(lineage) = above {
                *whole.entry(lineage.to_owned()).or_default() += i64::from(own);
                above = Lineages::maker(lineage);
            }
        }
        Self { random, lineages: Lineages::new(), whole, left: BTreeMap::new() }
    }

    fn whole(&self, who: TaskId) -> i64 {
        self.whole.get(&self.lineages.of(who)).copied().unwrap_or(0)
    }

    fn left(&self, who: TaskId) -> i64 {
        self.left.get(&who).copied().unwrap_or_else(|| self.whole(who))
    }

    /// Who does more than was expected is expected to do one more.
    fn weight(&self, who: TaskId) -> usize {
        usize::try_from(self.left(who)).unwrap_or(0).max(1)
    }
}

impl Pick for Weighted {
    fn pick(&mut self, choices: &[Choice]) -> usize {
        // Several ways for one task to go on share its weight.
        let ways = |who| choices.iter().filter(|choice| choice.who == who).count();
        let share = |choice: &Choice| self.weight(choice.who) * SHARES / ways(choice.who);
        let weights: Vec<usize> = choices.iter().map(share).collect();
        let mut drawn = self.random.below(weights.iter().sum());
        for (n, &weight) in weights.iter().enumerate() {
            if drawn < weight {
                return n;
            }
            drawn -= weight;
        }
        0
    }

    fn happens(&mut self, choices: &[Choice], picked: usize) {
        let who = choices[picked].who;
        let left = self.left(who) - 1;
        self.left.insert(who, left);
    }

    fn born(&mut self, maker: TaskId, made: TaskId) {
        self.lineages.born(maker, made);
        let left = self.left(maker) - self.whole(made);
        self.left.insert(maker, left);
    }
}

#[cfg(test)]
mod tests {
    use super::super::What;
    use super::super::tests::order;
    use super::*;
    use crate::random::Stream;
    use forklings_model::ProcId;

    fn task(proc: u32) -> TaskId {
        TaskId::main(ProcId(proc))
    }

    #[test]
    fn every_order_of_independent_operations_is_equally_likely() {
        // The root makes a child and then both work: 5 steps of one, 1 of the other, 6 orders.
        let expected = BTreeMap::from([("root".to_owned(), 6), ("root.1".to_owned(), 1)]);
        let mut at = [0; 6];
        for seed in 0..6000 {
            let mut pick = Weighted::new(Random::new(seed, Stream::Schedule), &expected);
            pick.happens(&[Choice::new(task(1), What::Go)], 0);
            pick.born(task(1), task(2));
            let order = order(&mut pick, vec![(1, 5), (2, 1)]);
            at[order.iter().position(|&proc| proc == 2).expect("task 2 went")] += 1;
        }
        assert!(at.iter().all(|n| (900..=1100).contains(n)), "{at:?}");
    }

    #[test]
    fn several_ways_for_one_task_do_not_make_it_likelier() {
        let choices = [
            Choice::new(task(1), What::Go),
            Choice::new(task(1), What::HandleFirst),
            Choice::new(task(2), What::Go),
        ];
        let other = (0..3000).filter(|&seed| {
            Weighted::new(Random::new(seed, Stream::Schedule), &BTreeMap::new()).pick(&choices) == 2
        });
        let other = other.count();
        assert!((1400..=1600).contains(&other), "{other}");
    }

    #[test]
    fn who_has_not_made_its_children_yet_counts_for_them() {
        let expected = BTreeMap::from([
            ("root".to_owned(), 3),
            ("root.1".to_owned(), 2),
            ("root.2".to_owned(), 10),
            ("root.2.1".to_owned(), 20),
        ]);
        let mut pick = Weighted::new(Random::new(1, Stream::Schedule), &expected);
        let weight = |pick: &Weighted, proc| pick.weight(task(proc));
        assert_eq!(weight(&pick, 1), 35);
        pick.born(task(1), task(2));
        assert_eq!((weight(&pick, 1), weight(&pick, 2)), (33, 2));
        pick.born(task(1), task(3));
        pick.born(task(3), task(4));
        assert_eq!([1, 3, 4].map(|proc| weight(&pick, proc)), [3, 10, 20]);
    }
}
