//! mutual-exclusion: two processes were at once where only one may be. Its page:
//! `docs/rules/mutual-exclusion.md`.

use crate::case::{At, Case, accuse};
use crate::index::{is_write, transfer};
use forklings_model::{Demand, Detail, Event, Finding, ObjectKind};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| broken(case, demand)).take(1).collect()
}

fn broken(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::OneAtATime { enter, leave } = demand else { return None };
    let mut inside: Option<&Event> = None;
    for event in &case.trace().events {
        if says(case, event, leave) && inside.is_some_and(|there| there.task == event.task) {
            inside = None;
        }
        if !says(case, event, enter) {
            continue;
        }
        if let Some(there) = inside.filter(|there| there.task != event.task) {
            let (first, second) = (there.task.proc, event.task.proc);
            let detail = Detail::MutualExclusion { demand: demand.clone(), first, second };
            let finding = accuse(detail, [there.seq, event.seq]);
            return Some(finding.at(event.site).from(there.site));
        }
        inside = Some(event);
    }
    None
}

/// Whether the event writes this line on standard output.
fn says(case: &Case<'_>, event: &Event, line: &str) -> bool {
    let Some(io) = transfer(event).filter(|_| is_write(event)) else { return false };
    io.result.is_ok()
        && case.run.is(io.object, &ObjectKind::Stdout)
        && io.bytes.split(|byte| *byte == b'\n').any(|part| part == line.as_bytes())
}
