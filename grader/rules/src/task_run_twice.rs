//! task-run-twice: a task was run more than once. Its page: `docs/rules/task-run-twice.md`.

use crate::case::{At, Case, accuse};
use crate::tasks;
use forklings_model::{Demand, Detail, Finding};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    if !case.demands.iter().any(|demand| matches!(demand, Demand::TasksOnce(_))) {
        return Vec::new();
    }
    let turns = tasks::turns(case);
    let again = turns.iter().enumerate().find_map(|(i, second)| {
        let first = turns[..i].iter().find(|first| first.number == second.number)?;
        Some((first, second))
    });
    let found = again.map(|(first, second)| {
        let (number, first_by, second_by) = (second.number, first.who, second.who);
        let detail = Detail::TaskRunTwice { number, first: first_by, second: second_by };
        let evidence = [Some(first.begins), first.died, Some(second.begins)];
        let made = case.run.life(second.who.proc).and_then(|life| life.forked);
        accuse(detail, evidence.into_iter().flatten())
            .at(case.run.site(second.begins))
            .from(made.and_then(|seq| case.run.site(seq)))
    });
    found.into_iter().collect()
}
