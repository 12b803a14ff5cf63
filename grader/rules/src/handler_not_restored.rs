//! handler-not-restored: what a signal does was left other than it was found. Its page:
//! `docs/rules/handler-not-restored.md`.

use crate::case::{At, Case, accuse};
use crate::lines::between;
use forklings_model::{Demand, Detail, EventKind, Finding, Signal};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::HandlersRestored { from, to } = demand else { return None };
    let (from, to) = between(case, from, to)?;
    let proc = to.task.proc;
    let changed = case.run.ever_disposed().into_iter().filter_map(|signal| {
        let was = case.run.disposed(proc, signal, from.seq);
        let now = case.run.disposed(proc, signal, to.seq);
        (!was.is_restored_by(now)).then_some((signal, was.action, now.action))
    });
    let changed: Vec<_> = changed.collect();
    let signals: Vec<Signal> = changed.iter().map(|(signal, ..)| *signal).collect();
    let first = *signals.first()?;
    let last = case.run.of(proc).rfind(|event| {
        (from.seq..to.seq).contains(&event.seq)
            && matches!(event.kind, EventKind::Disposition { signal, .. } if signal == first)
    });
    let detail = Detail::HandlerNotRestored { proc, demand: demand.clone(), changed };
    let evidence = [Some(from.seq), last.map(|event| event.seq), Some(to.seq)];
    let site = last.and_then(|event| event.site);
    Some(accuse(detail, evidence.into_iter().flatten()).at(site))
}
