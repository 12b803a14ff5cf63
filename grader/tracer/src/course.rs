//! How a run went, for whoever plans the next one: where it could have gone otherwise, and how much
//! each task did.

use crate::strategy::{Choice, own_steps};
use crate::switches::{Stand, Switch, Switches, When, plain};
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
    /// What was chosen where the plain course is another one, in order.
    pub(crate) switches: Vec<Switch>,
    /// What could have been chosen beside the plain course, where switches were followed.
    pub(crate) alternatives: Vec<Switch>,
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
        let own = self.own(choices);
        if picked != plain(choices, &own) {
            self.switches
                .push(self.switch(&choices[picked], own.is_empty() || own.contains(&picked)));
        }
        self.junctions.push(Junction {
            decision: Decision { picked: short(picked), of: short(choices.len()) },
            own: short(own.start)..short(own.end),
        });
    }

    /// The position of the choice that these switches make here.
    pub(crate) fn follow(&mut self, switches: &mut Switches, choices: &[Choice]) -> usize {
        let own = self.own(choices);
        let usual = plain(choices, &own);
        for (n, choice) in choices.iter().enumerate().filter(|(n, _)| *n != usual) {
            self.alternatives.push(self.switch(choice, own.is_empty() || own.contains(&n)));
        }
        let switch = switches.next(self.stand(), choices, &own);
        switch.unwrap_or(usual)
    }

    /// The choices by which the last task would go on.
    fn own(&self, choices: &[Choice]) -> Range<usize> {
        self.last.map_or(0..0, |last| own_steps(choices, last))
    }

    /// This choice, as a switch from here.
    fn switch(&self, choice: &Choice, free: bool) -> Switch {
        let when = if free { When::Free } else { When::Preempting };
        Switch { after: self.stand().after(), who: choice.who, what: choice.what, when }
    }

    fn stand(&self) -> Stand<'_> {
        Stand { steps: &self.operations, last: self.last }
    }

    /// How often a task that could have gone on had to let another one go first.
    pub(crate) fn preemptions(&self) -> u32 {
        let preempts = |junction: &&Junction| junction.preempts(junction.decision.picked);
        u32::try_from(self.junctions.iter().filter(preempts).count()).unwrap_or(u32::MAX)
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
