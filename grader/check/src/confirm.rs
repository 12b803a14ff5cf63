//! Whether a sleep decided: the failing run again, with nothing changed but the clock.

use forklings_model::{Demand, Detail, Finding, Schedule, Trace};
use forklings_tracer::Explorer;

/// Whether a finding is about yields that a library makes inside of one call: so values are handed over
/// in memory (`send` on a `sync_channel(0)`), and the scheduler may make the other's steps come late. The
/// line then names the call, and no yield.
pub(crate) fn is_library_s_own(finding: &Finding, trace: &Trace) -> bool {
    let Detail::BusyWait { call: Some(call), .. } = &finding.detail else { return false };
    let site = finding.site.and_then(|site| trace.sites.get(usize::try_from(site.0).ok()?));
    let line = site.and_then(|frames| frames.iter().find_map(|frame| frame.line.as_ref()));
    let text = line.and_then(|line| line.text.as_ref());
    call == "sched_yield" && text.is_some_and(|text| !text.contains("yield"))
}

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
