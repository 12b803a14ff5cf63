//! How a scheduler picks: a strategy as a value.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How the scheduler picks the next step. What a strategy has learnt from earlier runs of the same
/// exploration stands in its value, so that the schedule alone says what it did.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The oldest process that can run goes on.
    ParentFirst,
    /// The youngest process that can run goes on.
    ChildFirst,
    /// Every choice is equally likely at every point.
    Random,
    /// Random priorities with a few random changes. Source: Burckhardt et al., "A Randomized
    /// Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
    Pct {
        /// Number of priority changes in a run, plus one.
        depth: u8,
        /// Decisions among which the changes are spread: the length of earlier runs.
        #[serde(default = "unknown_length")]
        length: u32,
    },
    /// Random priorities of single operations, drawn anew for those in conflict with the one that
    /// happens. Source: Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.
    Pos,
    /// A random walk that is as likely to take any order of independent operations as any other.
    /// Source: Zhao et al., "Selectively Uniform Concurrency Testing", ASPLOS 2025.
    Walk {
        /// Operations that each task is expected to do, by its descent: `root`, its first child
        /// `root.1`, that one's second thread but one `root.1+1`. Empty when nothing is known yet.
        #[serde(default)]
        operations: BTreeMap<String, u32>,
    },
    /// One of all schedules with at most so many preemptions: the decisions that are given, and
    /// from there on nobody is preempted. Source: Musuvathi and Qadeer, "Iterative Context
    /// Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007.
    Exhaustive {
        /// Times that a task which could go on has to let another one go first.
        preemptions: u32,
    },
    /// None of these: the decisions of a run that failed, made as few and as plain as they could be
    /// while it still fails. Where they are not given, nobody is preempted. Nobody can ask for it.
    Minimised {
        /// Times that a task which could go on has to let another one go first.
        preemptions: u32,
    },
}

impl Strategy {
    /// PCT with this depth, before anything is known about the length of runs.
    #[must_use]
    pub const fn pct(depth: u8) -> Self {
        Self::Pct { depth, length: unknown_length() }
    }

    /// The unbiased walk, before anything is known about the length of tasks.
    #[must_use]
    pub const fn walk() -> Self {
        Self::Walk { operations: BTreeMap::new() }
    }

    /// Whether its schedules are drawn from all that there are, so that they say something of those
    /// that were not tried.
    #[must_use]
    pub fn draws(&self) -> bool {
        match self {
            Self::Random | Self::Pct { .. } | Self::Pos | Self::Walk { .. } => true,
            Self::ParentFirst
            | Self::ChildFirst
            | Self::Exhaustive { .. }
            | Self::Minimised { .. } => false,
        }
    }
}

/// Decisions of a run of which nothing is known. Schedules of a time before lengths were learnt
/// had this one.
const fn unknown_length() -> u32 {
    64
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ParentFirst => f.write_str("parent-first"),
            Self::ChildFirst => f.write_str("child-first"),
            Self::Random => f.write_str("random"),
            Self::Pct { depth, .. } => write!(f, "pct-{depth}"),
            Self::Pos => f.write_str("pos"),
            Self::Walk { .. } => f.write_str("walk"),
            Self::Exhaustive { preemptions } => write!(f, "exhaustive-{preemptions}"),
            Self::Minimised { preemptions } => write!(f, "minimised-{preemptions}"),
        }
    }
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    /// Reads the name that `Display` writes; what is learnt from earlier runs is not part of it.
    /// [`Strategy::Minimised`] cannot be asked for, so it has no name here.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |prefix: &str| text.strip_prefix(prefix)?.parse::<u8>().ok();
        match text {
            "parent-first" => Ok(Self::ParentFirst),
            "child-first" => Ok(Self::ChildFirst),
            "random" => Ok(Self::Random),
            "pos" => Ok(Self::Pos),
            "walk" => Ok(Self::walk()),
            _ => match (number("pct-"), number("exhaustive-")) {
                (Some(depth), _) if depth > 0 => Ok(Self::pct(depth)),
                (_, Some(preemptions)) => Ok(Self::Exhaustive { preemptions: preemptions.into() }),
                _ => Err(UnknownStrategy(text.to_owned())),
            },
        }
    }
}

/// No strategy has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStrategy(pub String);

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no strategy is called `{}`", self.0)
    }
}

impl std::error::Error for UnknownStrategy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for name in
            ["parent-first", "child-first", "random", "pct-3", "pos", "walk", "exhaustive-2"]
        {
            assert_eq!(name.parse::<Strategy>().map(|s| s.to_string()), Ok(name.to_owned()));
        }
        for name in ["", "pct-0", "pct-", "Random", "exhaustive", "minimised-1"] {
            assert_eq!(name.parse::<Strategy>(), Err(UnknownStrategy(name.to_owned())));
        }
    }
}
