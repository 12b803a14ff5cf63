//! What an exploration shall try.

use forklings_model::{Fault, Strategy};

/// What an exploration shall try.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Schedules at most.
    pub budget: u32,
    /// By which strategies.
    pub mix: Mix,
    /// What the kernel is made to do in every run.
    pub faults: Vec<Fault>,
    /// Stop after so many schedules in a row without an order that was not seen before.
    pub saturation: Option<u32>,
    /// Stop when every schedule was tried. Otherwise only the budget ends it, and rates can be
    /// measured.
    pub stop_when_exhausted: bool,
    /// Of two explorations that differ in this, the drawn schedules differ.
    pub seed: u64,
}

/// Which strategies are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mix {
    /// All of them in turn, and an enumeration beside them where the tree of schedules is small.
    Rotation,
    /// Only this one. What it learns is put into it. [`Strategy::Exhaustive`] enumerates up to its
    /// number of preemptions.
    Only(Strategy),
}

impl Plan {
    /// The usual plan with this budget: all strategies, until nothing new comes.
    #[must_use]
    pub fn new(budget: u32) -> Self {
        Self {
            budget,
            mix: Mix::Rotation,
            faults: Vec::new(),
            saturation: Some(50),
            stop_when_exhausted: true,
            seed: 0,
        }
    }

    /// Only one strategy, to the end of the budget.
    #[must_use]
    pub fn only(strategy: Strategy, budget: u32) -> Self {
        Self { mix: Mix::Only(strategy), saturation: None, ..Self::new(budget) }
    }
}
