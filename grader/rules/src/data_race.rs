//! data-race: two processes use the same memory at the same time, and one of them writes. Its page:
//! `docs/rules/data-race.md`.

use crate::case::{At, Case, accuse};
use crate::happens_before::{Timed, accesses};
use forklings_model::{AccessKind, AccessOrder, Detail, Finding, ObjectId};
use std::collections::BTreeMap;

/// Accesses to one place that are kept: the last ones are nearest to a race.
const KEPT: usize = 16;

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let all = accesses(case.trace());
    let mut there: BTreeMap<(ObjectId, u64), Vec<&Timed<'_>>> = BTreeMap::new();
    for now in &all {
        // What may be atomic for all that is known accuses nobody.
        if now.access.order == AccessOrder::Unknown {
            continue;
        }
        let access = now.access;
        let last = access.offset + u64::from(access.size.max(1)) - 1;
        for place in access.offset / 8..=last / 8 {
            let earlier = there.entry((access.object, place)).or_default();
            if let Some(first) = earlier.iter().rev().find(|first| is_race(first, now)) {
                return vec![report(first, now)];
            }
            if earlier.len() == KEPT {
                earlier.remove(0);
            }
            earlier.push(now);
        }
    }
    Vec::new()
}

fn is_race(first: &Timed<'_>, second: &Timed<'_>) -> bool {
    let (one, other) = (first.access, second.access);
    let overlap = one.offset < other.offset + u64::from(other.size)
        && other.offset < one.offset + u64::from(one.size);
    let plain = one.order == AccessOrder::Plain || other.order == AccessOrder::Plain;
    overlap && plain && (writes(first) || writes(second)) && first.is_unordered_with(second)
}

fn writes(timed: &Timed<'_>) -> bool {
    timed.access.kind != AccessKind::Load
}

fn report(first: &Timed<'_>, second: &Timed<'_>) -> Finding {
    let of = |timed: &Timed<'_>| (timed.event.task.proc, writes(timed));
    let access = second.access;
    let detail = Detail::DataRace {
        first: of(first),
        second: of(second),
        object: access.object,
        offset: access.offset,
        size: access.size,
    };
    let evidence = [first.event.seq, second.event.seq];
    accuse(detail, evidence).at(first.event.site).from(second.event.site)
}
