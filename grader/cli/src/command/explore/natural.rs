//! The run beside the explored ones, without the tracer. Who demands something of the program has it
//! accused where it meets that only when watched. That it prints there what it printed in every schedule
//! was demanded by nobody, and a program may rightly print the time: it is told and accuses nobody.

use super::faults::Faults;
use forklings_model::{Demand, Doubt, Failure, Natural, Place, Rule, Stopped, Stream, Survey};
use forklings_rules::unwatched;
use forklings_tracer::{Beside, Explorer};

/// Whether there is something to compare, and running the program once more is as harmless as
/// exploring it was.
pub(super) fn tells(survey: &Survey, faults: &Faults) -> bool {
    let waived = survey.command.waivers.iter().any(|waiver| waiver.rule == Rule::DiffersUnwatched);
    let harmless = !matches!(survey.command.place, Place::Bare(_));
    let passed = survey.failures.is_empty() && survey.unconfirmed.is_empty();
    let compares = !survey.command.demands.is_empty() || as_seen(survey).is_some();
    survey.stopped == Stopped::Done
        && survey.explored.schedules > 0
        && faults.none()
        && harmless
        && !waived
        && passed
        && compares
}

/// Makes the run, and notes what it showed.
pub(super) fn beside(survey: &mut Survey, explorer: Explorer) {
    let demands = survey.command.demands.clone();
    let seen = as_seen(survey).unwrap_or_default();
    let found = explorer
        .beside(&mut |trace| unwatched(trace, &demands).or_else(|| unwatched(trace, &seen)));
    let Beside { mut natural, shown, runs } = found;
    if let Natural::Differs { demand, doubt: doubt @ None, .. } = &mut natural
        && !demands.contains(demand)
    {
        *doubt = Some(Doubt::NotDemanded);
    } else if let Some((finding, trace)) = shown {
        survey.failures.push(Failure { finding, shown_in: runs, trace, replay: None });
    }
    survey.explored.natural = Some(natural);
}

/// What every schedule has shown, where all have shown the same, as demands.
fn as_seen(survey: &Survey) -> Option<Vec<Demand>> {
    let [only] = survey.outputs.as_slice() else { return None };
    let text = String::from_utf8(only.stdout.clone()).ok().filter(|_| !only.shortened)?;
    Some(vec![Demand::Is { stream: Stream::Stdout, text }, Demand::Ends(only.ending?)])
}
