//! The run beside the traced ones: what it shows, and when a difference is believed.

use crate::door::{explorer, schedules};
use forklings_model::{Demand, Detail, Doubt, Ending, Finding, Natural, Trace, Untold, Weight};
use forklings_sandbox::{Wanted, probe};
use forklings_tracer::Beside;

/// A difference, of whatever kind.
fn difference() -> Finding {
    let detail =
        Detail::DiffersUnwatched { demand: Demand::Ends(Ending::Exited(0)), actual: String::new() };
    Finding { detail, weight: Weight::Accuses, evidence: Vec::new(), site: None, origin: None }
}

/// Runs a guest under the tracer and then without it.
fn beside(guest: &str, mut differs: impl FnMut(&Trace) -> bool) -> Beside {
    let mut explorer = explorer(guest, Wanted::All);
    for schedule in &schedules()[..2] {
        explorer.run(schedule).unwrap();
    }
    explorer.beside(&mut |trace| differs(trace).then(difference))
}

/// In the sandbox and without the tracer a guest prints and ends as on the machine itself.
#[track_caller]
pub(crate) fn is_the_same(guest: &str, output: &str, ending: Ending) {
    let mut last = None;
    let other = |trace: &Trace| {
        last = Some((String::from_utf8_lossy(&trace.stdout).into_owned(), trace.end.clone()));
        trace.stdout != output.as_bytes() || trace.root_ending() != Some(ending)
    };
    let natural = beside(guest, other).natural;
    let right = match &natural {
        Natural::Held => true,
        Natural::NotTold { why } => matches!(why, Untold::Sleeps(_) | Untold::NotKeptApart),
        Natural::Differs { .. } => false,
    };
    assert!(right, "{guest}: {natural:?}, not {output:?} but {last:?}");
}

#[test]
fn a_difference_is_believed_when_every_run_shows_it_and_no_traced_one() {
    if !probe().namespaces {
        return;
    }
    let untraced = |trace: &Trace| trace.events.is_empty();
    let Beside { natural, shown, runs } = beside("exits", untraced);
    assert!(matches!(natural, Natural::Differs { times: 3, runs: 3, doubt: None, .. }));
    let (_, trace) = shown.unwrap();
    assert_eq!((runs, trace.root_ending()), (3, Some(Ending::Exited(7))));
}

#[test]
fn what_not_every_run_shows_is_doubted() {
    if !probe().namespaces {
        return;
    }
    let mut asked = 0;
    let Beside { natural, shown, .. } = beside("exits", |_| {
        asked += 1;
        asked <= 2
    });
    let doubt = Some(Doubt::NotAlways);
    assert!(matches!(natural, Natural::Differs { times: 2, runs: 3, doubt: d, .. } if d == doubt));
    assert_eq!(shown, None);
}

#[test]
fn what_a_traced_run_shows_too_is_the_machine_s() {
    if !probe().namespaces {
        return;
    }
    let natural = beside("exits", |_| true).natural;
    assert_eq!(natural, Natural::NotTold { why: Untold::Unsteady });
}

#[test]
fn what_a_program_does_that_looks_at_a_clock_is_doubted() {
    if !probe().namespaces {
        return;
    }
    let Beside { natural, shown, .. } = beside("waits-for-time", |trace| trace.events.is_empty());
    assert!(matches!(natural, Natural::Differs { doubt: Some(Doubt::Time), .. }), "{natural:?}");
    assert_eq!(shown, None);
}

#[test]
fn who_dies_by_a_signal_does_so_without_the_tracer() {
    if !probe().namespaces {
        return;
    }
    let killed =
        |trace: &Trace| trace.root_ending() != Some(Ending::Killed(forklings_model::Signal(9)));
    assert_eq!(beside("kills-itself", killed).natural, Natural::Held);
}
