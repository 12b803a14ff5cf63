//! differs-unwatched: without the tracer the program does something else. Its page:
//! `docs/rules/differs-unwatched.md`.

use crate::case::accuse;
use crate::output_wrong::is_lasting;
use crate::{demand, is_abandoned};
use forklings_model::{Demand, Detail, Finding, Trace};

/// Characters that are kept of what was there instead; a stranger's program may print without end.
const KEPT: usize = 4096;

/// Judges a run by what it printed and how it ended, and by nothing else: the first demand that it
/// did not meet. A run that came to no end of its own is only asked for what nothing could mend any
/// more. Right for runs that nobody traced, whose traces have no events.
#[must_use]
pub fn unwatched(trace: &Trace, demands: &[Demand]) -> Option<Finding> {
    if is_abandoned(trace) {
        return None;
    }
    let ended = trace.root_ending().is_some();
    let mut trace = trace.clone();
    if !ended {
        // The last line was not written to its end.
        whole_lines(&mut trace.stdout);
        whole_lines(&mut trace.stderr);
    }
    let told = demands.iter().filter(|demand| is_told_by_output(demand));
    let mut broken = told.filter_map(|demanded| {
        let found = demand(&trace, demanded)?;
        (ended || is_lasting(&trace, demanded)).then_some((demanded, found))
    });
    let (demand, found) = broken.next()?;
    let actual = match found.detail {
        Detail::OutputWrong { actual, .. } => actual,
        // Everything is there, in another order.
        _ => String::from_utf8_lossy(&trace.stdout).into_owned(),
    };
    let actual = actual.chars().take(KEPT).collect();
    Some(accuse(Detail::DiffersUnwatched { demand: demand.clone(), actual }, []))
}

/// Whether what a program printed and how it ended says whether the demand is met.
fn is_told_by_output(demand: &Demand) -> bool {
    match demand {
        Demand::Is { .. }
        | Demand::Line { .. }
        | Demand::LineTimes { .. }
        | Demand::NoLine { .. }
        | Demand::LinesInAnyOrder { .. }
        | Demand::Before { .. }
        | Demand::Ends(_) => true,
        Demand::NoLineAfterFailure { .. }
        | Demand::Forks(_)
        | Demand::AtMostAlive(_)
        | Demand::Tree { .. }
        | Demand::ReapedBefore { .. }
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::WaitsAsleep
        | Demand::NobodyWaits
        | Demand::OneAtATime { .. }
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. }
        | Demand::TasksOnce(_)
        | Demand::Answers(_)
        | Demand::Workers(_)
        | Demand::Done(_) => false,
    }
}

fn whole_lines(text: &mut Vec<u8>) {
    let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    text.truncate(end);
}
