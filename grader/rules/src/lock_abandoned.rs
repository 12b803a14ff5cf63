//! lock-abandoned: somebody waits for a lock whose holder has ended. Its page:
//! `docs/rules/lock-abandoned.md`.

use crate::case::{At, Case, accuse};
use crate::wakeup_lost::changes;
use forklings_model::{Detail, End, Event, EventKind, Finding, ProcId, Wait, WaitsFor};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let End::Deadlock { waits } = &case.trace().end else { return Vec::new() };
    let abandoned = waits.iter().find_map(|wait| Some((wait, dead_holder(case, wait)?)));
    let Some((wait, (holder, took))) = abandoned else { return Vec::new() };
    let ended = end_of(case, holder);
    let detail = Detail::LockAbandoned { holder, waiter: wait.task, waits: waits.clone() };
    let blocked = case.run.last_blocked(wait.task);
    let evidence = [took, ended, blocked].into_iter().flatten().map(|event| event.seq);
    vec![accuse(detail, evidence).at(took.and_then(|event| event.site)).from(wait.site)]
}

/// Who ended with the lock that is waited for, and where it took it.
fn dead_holder<'a>(case: &Case<'a>, wait: &Wait) -> Option<(ProcId, Option<&'a Event>)> {
    let WaitsFor::Futex { holder, word, changed: false, .. } = &wait.on else { return None };
    if let Some(holder) = holder {
        end_of(case, holder.proc)?;
        let took = case.run.of(holder.proc).rfind(
            |event| matches!(&event.kind, EventKind::Used { call, .. } if call.contains("lock")),
        );
        return Some((holder.proc, took));
    }
    // A lock of one's own making: free is 0 almost everywhere. Who last made another value of it
    // has it, and whoever waits may have marked it since.
    let word = (*word)?;
    let took = case.trace().events.iter().rfind(|event| {
        changes(event, word).is_some_and(|(before, after)| before == 0 && after != 0)
    })?;
    end_of(case, took.task.proc)?;
    Some((took.task.proc, Some(took)))
}

fn end_of<'a>(case: &Case<'a>, proc: ProcId) -> Option<&'a Event> {
    case.run.of(proc).find(|event| matches!(event.kind, EventKind::Ended { .. }))
}
