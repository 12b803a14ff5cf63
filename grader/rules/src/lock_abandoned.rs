//! lock-abandoned: somebody waits for a lock whose holder has ended. Its page:
//! `docs/rules/lock-abandoned.md`.

use crate::case::{At, Case, accuse};
use crate::wakeup_lost::changes;
use forklings_model::{Detail, End, Event, EventKind, Finding, ObjectId, ProcId, Wait, WaitsFor};

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
    let WaitsFor::Futex { holder, word, function, changed: false, .. } = &wait.on else {
        return None;
    };
    if let Some(holder) = holder {
        end_of(case, holder.proc)?;
        let took = case.run.of(holder.proc).rfind(
            |event| matches!(&event.kind, EventKind::Used { call, .. } if call.contains("lock")),
        );
        return Some((holder.proc, took));
    }
    if function.is_some() {
        return None;
    }
    let took = taken(case, (*word)?)?;
    end_of(case, took.task.proc)?;
    Some((took.task.proc, Some(took)))
}

/// Who has a lock of somebody's own making, of which nothing is known but how its word changes: 0 is
/// free almost everywhere, and who made another value of it has it. Whoever waits may have marked it
/// since. `None` where it was never given back, or by another than who had it: it may be no lock.
fn taken<'a>(case: &Case<'a>, word: (ObjectId, u64)) -> Option<&'a Event> {
    let (mut took, mut given_back) = (None, false);
    for event in &case.trace().events {
        match changes(event, word) {
            Some((0, _)) => took = Some(event),
            Some((_, 0)) => {
                let holder: &Event = took.take()?;
                if holder.task != event.task {
                    return None;
                }
                given_back = true;
            }
            _ => {}
        }
    }
    took.filter(|_| given_back)
}

fn end_of<'a>(case: &Case<'a>, proc: ProcId) -> Option<&'a Event> {
    case.run.of(proc).find(|event| matches!(event.kind, EventKind::Ended { .. }))
}
