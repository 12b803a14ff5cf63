//! memory-leaked: the program's memory grew by more than the contract allows. Its page:
//! `docs/rules/memory-leaked.md`.

use crate::case::{At, Case, accuse};
use crate::memory::{Window, is_private};
use forklings_model::{Demand, Detail, Event, Finding, SiteId};
use std::collections::BTreeMap;
use std::path::Path;

/// Events of one place that are shown: an allocator asks for a heap in many small steps.
const SHOWN: usize = 3;

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::GrowsAtMost { kib, during } = demand else { return None };
    let window = Window::of(case, during.as_ref())?;
    let held = window.held(case);
    let grown = held.growth(case) - window.had(case).growth(case);
    let grown = u64::try_from(grown).ok().filter(|grown| *grown > u64::from(*kib) * 1024)?;
    // By place: the line that called into the allocator.
    let mut places: BTreeMap<Option<(&Path, u32)>, (u64, Vec<&Event>)> = BTreeMap::new();
    for (event, memory, bytes) in held.pieces(case) {
        if is_private(memory) && window.has(event) {
            let (sum, events) = places.entry(line(case, event.site)).or_default();
            *sum += bytes;
            events.push(event);
        }
    }
    let (_, events) = places.into_values().max_by_key(|(sum, _)| *sum)?;
    let detail = Detail::MemoryLeaked { proc: window.proc, demand: demand.clone(), grown };
    let shown = events.iter().take(SHOWN).map(|event| event.seq);
    let site = events.first().and_then(|event| event.site);
    Some(accuse(detail, shown.chain(window.ends())).at(site))
}

/// The innermost source line of a place.
fn line<'a>(case: &Case<'a>, site: Option<SiteId>) -> Option<(&'a Path, u32)> {
    let line = case.trace().frames(site?).iter().find_map(|frame| frame.line.as_ref())?;
    Some((line.file.as_path(), line.line))
}
