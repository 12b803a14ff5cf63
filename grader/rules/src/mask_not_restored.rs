//! mask-not-restored: the signal mask was left other than it was found. Its page:
//! `docs/rules/mask-not-restored.md`.

use crate::case::{At, Case, accuse};
use crate::lines::between;
use forklings_model::{Demand, Detail, EventKind, Finding};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::MaskRestored { from, to } = demand else { return None };
    let (from, to) = between(case, from, to)?;
    let was = case.run.mask(from.task, from.seq);
    let blocked = case.run.mask(to.task, to.seq);
    if was == blocked {
        return None;
    }
    // What made it so: the last change in between.
    let changed = case.run.by(to.task).rfind(|event| {
        (from.seq..to.seq).contains(&event.seq) && matches!(event.kind, EventKind::Mask { .. })
    });
    let detail =
        Detail::MaskNotRestored { proc: to.task.proc, demand: demand.clone(), was, blocked };
    let evidence = [Some(from.seq), changed.map(|event| event.seq), Some(to.seq)];
    let site = changed.and_then(|event| event.site);
    Some(accuse(detail, evidence.into_iter().flatten()).at(site))
}
