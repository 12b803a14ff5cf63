//! lost-update: a value was overwritten that another process had written since it was read. Its page:
//! `docs/rules/lost-update.md`.

use crate::case::{At, Case, accuse};
use forklings_model::{Detail, Finding, overwritten};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let events = &case.trace().events;
    let finding = overwritten(events).into_iter().find_map(|found| {
        let [loaded, lost, stored] = found.accesses(events)?;
        // Whoever sets what only is or is not loses nothing of who sets it too.
        if !stored.adds && [loaded, lost, stored].iter().all(|access| access.after <= 1) {
            return None;
        }
        let (read, other, event) =
            (&events[found.read], &events[found.lost], &events[found.written]);
        let detail = Detail::LostUpdate {
            proc: event.task.proc,
            read: loaded.after,
            by: other.task.proc,
            lost: lost.after,
            written: stored.after,
        };
        let finding = accuse(detail, [read.seq, other.seq, event.seq]);
        Some(finding.at(event.site).from(other.site))
    });
    finding.into_iter().collect()
}
