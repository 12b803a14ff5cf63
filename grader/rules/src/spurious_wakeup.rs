//! spurious-wakeup: a wait in `futex` that ended for no reason was taken for a wake-up. Its page:
//! `docs/rules/spurious-wakeup.md`.

use crate::case::{At, Case, explain};
use forklings_model::{AccessKind, Detail, Event, EventKind, Fault, Finding, Strike};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.trace().events.iter().filter_map(|event| judge(case, event)).take(1).collect()
}

fn judge(case: &Case<'_>, event: &Event) -> Option<Finding> {
    let EventKind::Injected { fault: Fault::Strike { what: Strike::SpuriousWakeup, .. } } =
        event.kind
    else {
        return None;
    };
    // A store looks at nothing.
    let look = |event: &Event| match &event.kind {
        EventKind::Accessed(access) if access.kind != AccessKind::Store => {
            Some((access.object, access.offset))
        }
        _ => None,
    };
    let own = |other: &&Event| other.task == event.task;
    // Who waits for a word has looked at it before, and looks again if it is careful.
    let before = case.trace().events.iter().filter(own).take_while(|e| e.seq < event.seq);
    let looked = before.filter_map(look).last()?;
    let next = case.run.after(event.seq).find(own)?;
    if look(next) == Some(looked) || matches!(next.kind, EventKind::Blocked { .. }) {
        return None;
    }
    let detail = Detail::SpuriousWakeup { task: event.task };
    Some(explain(detail, [event.seq, next.seq]).at(event.site).from(next.site))
}
