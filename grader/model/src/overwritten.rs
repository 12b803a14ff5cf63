//! Stores over what another process has written meanwhile.

use crate::{Access, AccessKind, Event, EventKind, TaskId};
use std::collections::BTreeMap;

/// A store by a task over the change that another process had made since the task had read the place.
/// Numbers are positions in a trace's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwritten {
    /// The read: the last access of the task before the store.
    pub read: usize,
    /// The other's change, which stood there until the store.
    pub lost: usize,
    /// The store.
    pub written: usize,
}

impl Overwritten {
    /// The three accesses, in the order in which they happened.
    #[must_use]
    pub fn accesses(self, events: &[Event]) -> Option<[Access; 3]> {
        let access = |at: usize| access_of(events.get(at)?).copied();
        Some([access(self.read)?, access(self.lost)?, access(self.written)?])
    }
}

/// All of them in a run, in the order of the stores.
#[must_use]
pub fn overwritten(events: &[Event]) -> Vec<Overwritten> {
    // The last access of each task, and where in the order of all accesses it stands.
    let mut last: BTreeMap<TaskId, (usize, usize, &Access)> = BTreeMap::new();
    let mut all: Vec<(usize, TaskId, &Access)> = Vec::new();
    let mut found = Vec::new();
    for (position, event) in events.iter().enumerate() {
        let Some(access) = access_of(event) else { continue };
        if access.kind == AccessKind::Store
            && let Some(&(nth, read, loaded)) = last.get(&event.task)
            && loaded.kind == AccessKind::Load
            && loaded.is_same_place(access)
            && let Some(&(lost, ..)) = all[nth + 1..].iter().rfind(|(_, task, other)| {
                task.proc != event.task.proc && other.changes() && other.is_same_place(access)
            })
        {
            found.push(Overwritten { read, lost, written: position });
        }
        last.insert(event.task, (all.len(), position, access));
        all.push((position, event.task, access));
    }
    found
}

fn access_of(event: &Event) -> Option<&Access> {
    if let EventKind::Accessed(access) = &event.kind { Some(access) } else { None }
}
