//! A run by what is special about it: where it did not take the plain course, on which whoever made
//! the last step goes on until it cannot.
//!
//! A switch is bound to the task that it comes after and to how many steps that one had made, not to
//! its position in the run: so it means the same when another switch is taken away.

use crate::strategy::{Choice, What};
use forklings_model::TaskId;
use std::collections::BTreeMap;
use std::ops::Range;

/// A choice that is not the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    /// Whose step was the last one, and how many it had made; `None` before all steps.
    pub(crate) after: Option<(TaskId, u32)>,
    /// Whose step was chosen.
    pub(crate) who: TaskId,
    /// Which.
    pub(crate) what: What,
    /// When it is made.
    pub(crate) when: When,
}

/// When a switch is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Right after its step, as the last task could not go on.
    Free,
    /// Right after its step, although the last task could have gone on.
    Preempting,
    /// After its step or later, as soon as the last task cannot go on.
    Patient,
}

/// Where a run stands: whose steps were how many, and whose was the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand<'a> {
    pub(crate) steps: &'a BTreeMap<TaskId, u32>,
    pub(crate) last: Option<TaskId>,
}

impl Stand<'_> {
    /// Whose step was the last one, and how many it has made by now.
    pub(crate) fn after(self) -> Option<(TaskId, u32)> {
        let last = self.last?;
        Some((last, self.steps_of(last)))
    }

    fn steps_of(self, task: TaskId) -> u32 {
        self.steps.get(&task).copied().unwrap_or_default()
    }
}

/// Switches that a run is to make where it can.
#[derive(Debug)]
pub(crate) struct Switches(Vec<Switch>);

impl Switches {
    pub(crate) fn new(switches: Vec<Switch>) -> Self {
        Self(switches)
    }

    /// The position of the choice that a switch makes here, if one does. `own` are the choices by
    /// which the last task would go on. Each is made once, as several may come after one step: time
    /// can pass without anybody's.
    pub(crate) fn next(
        &mut self,
        stand: Stand<'_>,
        choices: &[Choice],
        own: &Range<usize>,
    ) -> Option<usize> {
        let place = |switch: &Switch| {
            choices.iter().position(|choice| (choice.who, choice.what) == (switch.who, switch.what))
        };
        let now = |switch: &Switch| match switch.when {
            When::Free | When::Preempting => switch.after == stand.after(),
            When::Patient => {
                own.is_empty()
                    && switch.after.is_none_or(|(task, steps)| stand.steps_of(task) >= steps)
            }
        };
        let number = self.0.iter().position(|switch| now(switch) && place(switch).is_some())?;
        place(&self.0.remove(number))
    }
}

/// The position of the plain choice. `own` are those by which the last task would go on. Where it
/// cannot, whoever comes first in the fixed order goes on by itself; that a signal strikes just then,
/// or time passes, is special. `choices` is not empty.
pub(crate) fn plain(choices: &[Choice], own: &Range<usize>) -> usize {
    if !own.is_empty() {
        return own.start;
    }
    let rank = |choice: &Choice| match choice.what {
        What::Go => 0,
        What::Reveal => 1,
        What::HandleFirst | What::CloseFirst => 2,
        What::Wake | What::Ring => 3,
        What::Interrupt => 4,
    };
    (0..choices.len()).min_by_key(|&n| rank(&choices[n])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::ProcId;

    fn task(proc: u32) -> TaskId {
        TaskId::main(ProcId(proc))
    }

    fn choices(all: &[(u32, What)]) -> Vec<Choice> {
        all.iter().map(|&(proc, what)| Choice::new(task(proc), what)).collect()
    }

    #[test]
    fn the_plain_course_goes_on_with_whoever_can_and_lets_nothing_strike() {
        let all = choices(&[
            (1, What::Interrupt),
            (2, What::Wake),
            (3, What::Reveal),
            (4, What::Go),
            (5, What::Go),
        ]);
        assert_eq!(plain(&all, &(4..5)), 4, "who went last");
        assert_eq!(plain(&all, &(0..0)), 3, "the first that goes on by itself");
        assert_eq!(plain(&all[..3], &(0..0)), 2, "a death before a sleep");
        assert_eq!(plain(&all[..2], &(0..0)), 1);
    }

    fn next(
        switches: &mut Switches,
        steps: u32,
        choices: &[Choice],
        own: Range<usize>,
    ) -> Option<usize> {
        let steps = BTreeMap::from([(task(1), steps)]);
        switches.next(Stand { steps: &steps, last: Some(task(1)) }, choices, &own)
    }

    #[test]
    fn a_switch_is_made_once_after_its_step_and_only_where_it_can_be() {
        let when = When::Preempting;
        let switch = Switch { after: Some((task(1), 2)), who: task(2), what: What::Go, when };
        let all = choices(&[(1, What::Go), (2, What::Go)]);
        let mut switches = Switches::new(vec![switch]);
        assert_eq!(next(&mut switches, 1, &all, 0..1), None, "another step");
        assert_eq!(next(&mut switches, 2, &all[..1], 0..1), None, "it cannot go");
        assert_eq!(next(&mut switches, 2, &all, 0..1), Some(1));
        assert_eq!(next(&mut switches, 2, &all, 0..1), None, "made already");
    }

    #[test]
    fn a_patient_switch_waits_until_the_last_task_cannot_go_on() {
        let when = When::Patient;
        let switch = Switch { after: Some((task(1), 2)), who: task(3), what: What::Go, when };
        let all = choices(&[(1, What::Go), (2, What::Go), (3, What::Go)]);
        let mut switches = Switches::new(vec![switch]);
        assert_eq!(next(&mut switches, 1, &all[1..], 0..0), None, "too early");
        assert_eq!(next(&mut switches, 2, &all, 0..1), None, "it can go on");
        assert_eq!(next(&mut switches, 5, &all[1..], 0..0), Some(1));
    }
}
