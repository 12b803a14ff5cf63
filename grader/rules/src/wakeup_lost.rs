//! wakeup-lost: a process sleeps although what it slept for has happened. Its page:
//! `docs/rules/wakeup-lost.md`.

use crate::case::{At, Case, accuse};
use forklings_model::{AccessKind, Detail, End, Event, EventKind, Finding, ObjectId, WaitsFor};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let End::Deadlock { waits } = &case.trace().end else { return Vec::new() };
    let asleep = waits.iter().find(|wait| matches!(wait.on, WaitsFor::Futex { changed: true, .. }));
    let Some(wait) = asleep else { return Vec::new() };
    let WaitsFor::Futex { word, .. } = &wait.on else { return Vec::new() };
    let slept = case.run.last_blocked(wait.task);
    let changed = word.and_then(|word| last_change(case, word));
    let detail = Detail::WakeupLost {
        sleeper: wait.task,
        by: changed.map(|event| event.task.proc),
        waits: waits.clone(),
    };
    let evidence = [slept, changed].into_iter().flatten().map(|event| event.seq);
    vec![accuse(detail, evidence).at(wait.site).from(changed.and_then(|event| event.site))]
}

/// The last event that changed a word.
pub(crate) fn last_change<'a>(case: &Case<'a>, word: (ObjectId, u64)) -> Option<&'a Event> {
    case.trace().events.iter().rfind(|event| changes(event, word).is_some())
}

/// What an event made of a word, if it changed it: the value before, and after.
pub(crate) fn changes(event: &Event, word: (ObjectId, u64)) -> Option<(u64, u64)> {
    let EventKind::Accessed(access) = &event.kind else { return None };
    let (object, offset) = word;
    let changed = access.object == object
        && access.offset == offset
        && access.kind != AccessKind::Load
        && access.before != access.after;
    changed.then_some((access.before, access.after))
}
