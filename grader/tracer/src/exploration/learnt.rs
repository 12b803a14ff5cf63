//! What earlier runs of an exploration tell about the next: how long they were, and how much each
//! task did.

use crate::course::Course;
use crate::lineage::Lineages;
use forklings_model::{Strategy, Trace};
use std::collections::BTreeMap;

/// Tasks that are kept apart. What more there are is too much to be told in a schedule.
const TASKS: usize = 256;

/// Sums over earlier runs.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    runs: u64,
    decisions: u64,
    /// Operations of each task, by its descent.
    operations: BTreeMap<String, u64>,
}

impl Learnt {
    /// Takes in one more run.
    pub(super) fn add(&mut self, trace: &Trace, course: &Course) {
        self.runs += 1;
        self.decisions += course.junctions.len() as u64;
        let mut lineages = Lineages::new();
        for event in &trace.events {
            if let Some((maker, made)) = Lineages::birth(event.task, &event.kind) {
                lineages.born(maker, made);
            }
        }
        for (&task, &count) in &course.operations {
            let name = lineages.of(task);
            if self.operations.len() < TASKS || self.operations.contains_key(&name) {
                *self.operations.entry(name).or_default() += u64::from(count);
            }
        }
    }

    /// A strategy with what is known now.
    pub(super) fn put_into(&self, strategy: Strategy) -> Strategy {
        if self.runs == 0 {
            return strategy;
        }
        let mean = |sum: u64| u32::try_from(sum.div_ceil(self.runs)).unwrap_or(u32::MAX);
        match strategy {
            Strategy::Pct { depth, .. } => {
                Strategy::Pct { depth, length: mean(self.decisions).max(1) }
            }
            Strategy::Walk { .. } => Strategy::Walk {
                operations: self
                    .operations
                    .iter()
                    .map(|(name, &sum)| (name.clone(), mean(sum)))
                    .collect(),
            },
            other @ (Strategy::ParentFirst
            | Strategy::ChildFirst
            | Strategy::Random
            | Strategy::Pos
            | Strategy::Exhaustive { .. }
            | Strategy::Minimised { .. }) => other,
        }
    }
}
