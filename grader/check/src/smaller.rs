//! The run that a message shows, made small. It never changes what is found: where the small run does
//! not show the same failure at the same place, the first one stays.

use crate::confirm::confirm;
use crate::record;
use crate::scenario::Check;
use crate::settings;
use forklings_model::{Failure, Finding, Trace};
use forklings_tracer::{Explorer, minimise};

/// A smaller run that shows the same failure, with its lines of code. `None` where the failure has
/// nothing to replay, or does not repeat. `schedules` were tried until then.
pub(crate) fn smaller(
    check: &Check,
    explorer: &mut Explorer,
    failure: &Failure,
    schedules: u32,
) -> Option<(Finding, Trace)> {
    failure.replay.as_ref().filter(|_| settings::small_runs())?;
    let found = |trace: &Trace| {
        record::exploring(&check.subject.test, schedules);
        let findings = forklings_rules::verdict(trace, &check.demands, &check.waivers);
        findings.into_iter().find(|finding| finding.is_same_failure(&failure.finding))
    };
    // Its faults are the test's, without which it would be another test.
    let small = minimise(explorer, &failure.trace, false, &mut |trace| found(trace).is_some())?;
    let trace = explorer.show(&small.trace).ok()?;
    let finding = found(&trace)?;
    if !finding.is_in_same_place(&trace, &failure.finding, &failure.trace) {
        return None;
    }
    let finding = confirm(explorer, &trace.schedule, finding)?;
    Some((finding, trace))
}
