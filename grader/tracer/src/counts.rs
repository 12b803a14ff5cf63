//! Whether a store counts. Who writes 1 where 0 stood may set a flag, or add: the values do not tell.
//! So the run is made once more, and the read is told one more than stands there. Who adds writes one
//! more then.

use crate::explorer::Explorer;
use forklings_model::{AccessKind, EventKind, Overwritten, Trace, overwritten};

/// Stores of one run that are tried.
const MOST: usize = 4;

impl Explorer {
    /// Marks the first store of a run that adds to what had been read and overwrites what another process
    /// had written meanwhile, where its values alone do not tell.
    pub(crate) fn mark_counts(&mut self, trace: &mut Trace) {
        if !trace.replayable {
            return;
        }
        for found in overwritten(&trace.events).into_iter().take(MOST) {
            let Some(accesses) = found.accesses(&trace.events) else { continue };
            if accesses.iter().any(|access| access.after > 1) {
                return;
            }
            if self.counts(trace, found)
                && let Some(event) = trace.events.get_mut(found.written)
                && let EventKind::Accessed(store) = &mut event.kind
            {
                store.adds = true;
                return;
            }
        }
    }

    fn counts(&mut self, trace: &Trace, found: Overwritten) -> bool {
        let Some([loaded, _, stored]) = found.accesses(&trace.events) else { return false };
        if loaded.after == stored.after {
            return false;
        }
        // Where it goes another way then, it may not follow the schedule: that tells nothing.
        let Ok(again) = self.run_misreading(&trace.schedule, found.read) else { return false };
        let mut both = trace.events.iter().zip(&again.events).take(found.read);
        if both.any(|(one, other)| (one.task, &one.kind) != (other.task, &other.kind)) {
            return false;
        }
        let task = trace.events[found.read].task;
        let accesses = again.events.iter().skip(found.read).filter(|event| event.task == task);
        let mut own = accesses.filter_map(|event| {
            if let EventKind::Accessed(access) = &event.kind { Some(access) } else { None }
        });
        let read = own
            .next()
            .is_some_and(|read| read.kind == AccessKind::Load && read.is_same_place(&loaded));
        read && own.next().is_some_and(|next| {
            next.kind == AccessKind::Store
                && next.is_same_place(&stored)
                && next.after == stored.after + 1
        })
    }
}
