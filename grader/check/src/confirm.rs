//! Whether a sleep decided: the failing run again, with nothing changed but the clock.

use forklings_model::{Demand, Detail, Finding, Schedule};
use forklings_tracer::Explorer;

/// Confirms what a finding says about a sleep, by a replay of its schedule in which only the sleeps
/// end later. `None` when the demand is not met then either: the sleep is not to blame. Findings of
/// other rules are given back as they are.
pub(crate) fn confirm(
    explorer: &mut Explorer,
    schedule: &Schedule,
    found: Finding,
) -> Option<Finding> {
    let Detail::OrderBySleep { proc, asked, demand, .. } = found.detail else { return Some(found) };
    if demand == Demand::NeverSleeps {
        // That somebody slept needs no proof.
        let detail = Detail::OrderBySleep { proc, asked, demand, confirmed: false };
        return Some(Finding { detail, ..found });
    }
    // A run that cannot be had says nothing, and what nothing confirms is not claimed.
    let trace = explorer.run_with_sleeps_last(schedule).ok()?;
    if forklings_rules::demand(&trace, &demand).is_some() {
        return None;
    }
    let detail = Detail::OrderBySleep { proc, asked, demand, confirmed: true };
    Some(Finding { detail, ..found })
}
