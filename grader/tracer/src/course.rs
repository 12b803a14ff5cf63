//! How a run went, for whoever plans the next one: where it could have gone otherwise, and how much
//! each task did.

use crate::strategy::{Choice, own_steps};
use forklings_model::{Decision, Decisions, Strike, TaskId};
use std::collections::BTreeMap;
use std::ops::Range;

/// The course of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    /// Every point at which there were several choices, in order.
    pub(crate) junctions: Vec<Junction>,
    /// Steps of each task, forced ones too.
    pub(crate) operations: BTreeMap<TaskId, u32>,
    /// Places that each of the schedule's strikes could have struck.
    pub(crate) places: BTreeMap<Strike, u32>,
    /// Whose step was the last one.
    last: Option<TaskId>,
}

/// A point at which there were several choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Junction {
    /// What was chosen.
    pub(crate) decision: Decision,
    /// The choices by which the last task would have gone on; empty where it could not.
    pub(crate) own: Range<u16>,
}

impl Junction {
    /// Whether this choice preempts a task that could have gone on.
    pub(crate) fn preempts(&self, choice: u16) -> bool {
        !self.own.is_empty() && !self.own.contains(&choice)
    }
}

impl Course {
    /// One of several choices is taken.
    pub(crate) fn chose(&mut self, choices: &[Choice], picked: usize) {
        let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let own = self.last.map_or(0..0, |last| own_steps(choices, last));
        self.junctions.push(Junction {
            decision: Decision { picked: short(picked), of: short(choices.len()) },
            own: short(own.start)..short(own.end),
        });
    }

    /// A task makes a step.
    pub(crate) fn stepped(&mut self, who: TaskId) {
        *self.operations.entry(who).or_default() += 1;
        self.last = Some(who);
    }

    /// What was chosen.
    pub(crate) fn decisions(&self) -> Decisions {
        self.junctions.iter().map(|junction| junction.decision).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::What;
    use forklings_model::ProcId;

    #[test]
    fn to_pick_another_task_is_a_preemption_only_where_the_last_one_could_go_on() {
        let task = |n| TaskId::main(ProcId(n));
        let choices = [
            Choice::new(task(1), What::Go),
            Choice::new(task(2), What::Go),
            Choice::new(task(2), What::HandleFirst),
            Choice::new(task(3), What::Reveal),
        ];
        let mut course = Course::default();
        let mut preempting = |last: u32| {
            course.stepped(task(last));
            course.chose(&choices, 0);
            let junction = course.junctions.last().expect("one was added").clone();
            (0..4).filter(|&n| junction.preempts(n)).collect::<Vec<u16>>()
        };
        assert_eq!(preempting(2), [0, 3]);
        assert_eq!(preempting(1), [1, 2, 3]);
        // Its death becoming visible is no step of its own: it is dead.
        assert_eq!(preempting(3), []);
        assert_eq!(preempting(4), []);
    }
}
