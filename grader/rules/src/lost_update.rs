//! lost-update: a value was overwritten that another process had written since it was read. Its page:
//! `docs/rules/lost-update.md`.

use crate::case::{At, Case, accuse};
use forklings_model::{Access, AccessKind, Detail, Event, EventKind, Finding, TaskId};
use std::collections::BTreeMap;

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    // The last access of each task, and where in the order of all accesses it stands.
    let mut last: BTreeMap<TaskId, (usize, &Event, &Access)> = BTreeMap::new();
    let mut all: Vec<(&Event, &Access)> = Vec::new();
    for event in &case.trace().events {
        let EventKind::Accessed(access) = &event.kind else { continue };
        if access.kind == AccessKind::Store
            && let Some(&(position, read, loaded)) = last.get(&event.task)
            && loaded.kind == AccessKind::Load
            && is_same_place(loaded, access)
            && let Some((other, lost)) = overwritten(&all[position + 1..], event, access)
            && [loaded, lost, access].iter().any(|access| access.after > 1)
        {
            // Whoever sets what only is or is not loses nothing of who sets it too.
            let detail = Detail::LostUpdate {
                proc: event.task.proc,
                read: loaded.after,
                by: other.task.proc,
                lost: lost.after,
                written: access.after,
            };
            let finding = accuse(detail, [read.seq, other.seq, event.seq]);
            return vec![finding.at(event.site).from(other.site)];
        }
        last.insert(event.task, (all.len(), event, access));
        all.push((event, access));
    }
    Vec::new()
}

/// The last change of another process in between, which stood there until now.
fn overwritten<'a>(
    between: &[(&'a Event, &'a Access)],
    store: &Event,
    access: &Access,
) -> Option<(&'a Event, &'a Access)> {
    let changes = |other: &&(&Event, &Access)| {
        other.0.task.proc != store.task.proc
            && other.1.kind != AccessKind::Load
            && other.1.before != other.1.after
            && is_same_place(other.1, access)
    };
    between.iter().rfind(changes).copied()
}

fn is_same_place(one: &Access, other: &Access) -> bool {
    (one.object, one.offset, one.size) == (other.object, other.offset, other.size)
}
