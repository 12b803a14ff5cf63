//! unsafe-in-handler: a handler called a function that it must not call. Its page:
//! `docs/rules/unsafe-in-handler.md`.

use crate::case::{At, Case, accuse};
use forklings_model::{Detail, Event, EventKind, Finding, SignalSource};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let events = case.trace().events.iter();
    events.filter_map(|event| judge(case, event)).take(1).collect()
}

fn judge(case: &Case<'_>, event: &Event) -> Option<Finding> {
    let EventKind::UnsafeCall { signal: handled, function } = &event.kind else { return None };
    let proc = event.task.proc;
    let begun = case.run.by(event.task).rfind(|earlier| {
        earlier.seq < event.seq
            && matches!(earlier.kind, EventKind::SignalDelivered { signal, .. } if signal == *handled)
    })?;
    let own = match begun.kind {
        EventKind::SignalDelivered { source: SignalSource::Process(sender), .. } => sender == proc,
        _ => handled.is_crash(),
    };
    // Blocked everywhere else, it came inside a wait that lets it through: nothing is interrupted.
    if own || case.run.mask(event.task, begun.seq).has(*handled) {
        return None;
    }
    let detail = Detail::UnsafeInHandler { proc, signal: *handled, function: function.clone() };
    Some(accuse(detail, [begun.seq, event.seq]).at(event.site))
}
