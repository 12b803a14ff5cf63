//! not-parallel: fewer tasks are at work at once than there are workers. Its page:
//! `docs/rules/not-parallel.md`.

use crate::case::{At, Case, accuse};
use crate::tasks;
use forklings_model::{Demand, Detail, End, Finding, ProcId};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).take(1).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::Workers(wanted) = demand else { return None };
    let End::Deadlock { waits } = &case.trace().end else { return None };
    let at_work = tasks::at_work(case);
    if at_work.is_empty() || at_work.len() >= usize::try_from(*wanted).ok()? {
        return None;
    }
    let blocked = waits.iter().filter_map(|wait| case.run.last_blocked(wait.task));
    let evidence = blocked.map(|event| event.seq).chain(at_work.iter().map(|turn| turn.begins));
    let detail = Detail::NotParallel {
        demand: demand.clone(),
        at_work: at_work.iter().map(|turn| turn.number).collect(),
        waits: waits.clone(),
    };
    let root = waits.iter().find(|wait| wait.task.proc == ProcId::ROOT);
    Some(accuse(detail, evidence).at(root.and_then(|wait| wait.site)))
}
