//! too-many-workers: more workers than the pool is to have. Its page:
//! `docs/rules/too-many-workers.md`.

use crate::case::{At, Case, accuse};
use crate::tasks;
use forklings_model::{Demand, Detail, Finding};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).take(1).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::Workers(wanted) = demand else { return None };
    let (made, turns) = (tasks::made(case), tasks::turns(case));
    let died = tasks::deaths(case).len();
    let allowed = usize::try_from(*wanted).ok()? + died;
    let seen = made.len().max(tasks::workers(&turns));
    if seen <= allowed {
        return None;
    }
    let one_more = made.get(allowed);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let detail =
        Detail::TooManyWorkers { demand: demand.clone(), seen: number(seen), died: number(died) };
    let evidence = made.iter().take(allowed + 1).map(|event| event.seq);
    let finding = accuse(detail, evidence.chain(turns.iter().map(|turn| turn.begins)));
    Some(finding.at(one_more.or(made.last()).and_then(|event| event.site)))
}
