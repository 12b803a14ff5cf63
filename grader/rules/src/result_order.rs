//! result-order: the answers are those of the tasks, in another order. Its page:
//! `docs/rules/result-order.md`.

use crate::case::{At, Case, accuse};
use crate::lines::written;
use crate::tasks;
use forklings_model::{Demand, Detail, Finding};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).take(1).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::Answers(wanted) = demand else { return None };
    let (actual, permuted) = tasks::compared(case.trace(), wanted);
    if !permuted {
        return None;
    }
    let first = actual.iter().zip(wanted).position(|(there, wanted)| there != wanted)?;
    let line = format!("answer {first}: {}", actual[first]);
    let printed = written(case, &line);
    let evidence = tasks::turns(case).into_iter().map(|turn| turn.begins);
    let evidence = evidence.chain(printed.map(|event| event.seq));
    let detail = Detail::ResultOrder { demand: demand.clone(), actual };
    Some(accuse(detail, evidence).at(printed.and_then(|event| event.site)))
}
