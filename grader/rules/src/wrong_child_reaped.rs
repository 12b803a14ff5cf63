//! wrong-child-reaped: a wait for any child took somebody else's. Its page:
//! `docs/rules/wrong-child-reaped.md`.

use crate::case::{At, Case, explain};
use crate::errno::ECHILD;
use crate::index::reaped;
use forklings_model::{Detail, Event, EventKind, Finding, WaitOutcome, WaitTarget};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.run
        .lives()
        .filter_map(|child| {
            let reaping = child.reaped?;
            let taken = case.run.event(reaping.seq)?;
            if !(for_anybody(taken) && reaped(taken) == Some(child.proc)) {
                return None;
            }
            let missed = case.run.of(reaping.by).find(|event| {
                event.seq > reaping.seq
                    && matches!(
                        event.kind,
                        // A look that leaves the child where it is misses nothing.
                        EventKind::Waited { target, options, outcome: WaitOutcome::Failed(ECHILD) }
                            if !options.keep
                                && (target == WaitTarget::Child(child.proc)
                                    || target == WaitTarget::Stranger(child.pid))
                    )
            })?;
            let detail = Detail::WrongChildReaped { child: child.proc, parent: reaping.by };
            let evidence = child.forked.into_iter().chain([reaping.seq, missed.seq]);
            Some(explain(detail, evidence).at(taken.site).from(missed.site))
        })
        .take(1)
        .collect()
}

/// Whether the event is a wait that takes whoever ends.
fn for_anybody(event: &Event) -> bool {
    matches!(event.kind, EventKind::Waited { target: WaitTarget::Any | WaitTarget::Group, .. })
}
