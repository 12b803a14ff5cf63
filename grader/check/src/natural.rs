//! The run beside the traced ones: whether the program does without the tracer what it did in every
//! schedule.

use crate::record;
use crate::scenario::Check;
use forklings_model::{Explored, Failure, Natural, Outcome, Rule, Untold};
use forklings_tracer::{Beside, Explorer};
use std::sync::atomic::{AtomicU32, Ordering};

/// Scenarios of this suite whose runs did not end in time: each makes everybody wait.
static HUNG: AtomicU32 = AtomicU32::new(0);
/// As many as are waited for.
const PATIENCE: u32 = 3;

/// Runs a program that passed once more without the tracer, and notes what that showed. Faults need
/// the tracer, so a test that asks for some passes as it is.
pub(crate) fn beside(check: &Check, explorer: Explorer, explored: &mut Explored) -> Outcome {
    let waived = check.waivers.iter().any(|waiver| waiver.rule == Rule::DiffersUnwatched);
    if waived || !check.faults.is_empty() {
        return Outcome::Passed;
    }
    if HUNG.load(Ordering::Relaxed) >= PATIENCE {
        explored.natural = Some(Natural::NotTold { why: Untold::OthersStillRunning });
        return Outcome::Passed;
    }
    record::exploring(&check.subject.test, explored.schedules);
    let Beside { natural, shown, runs } =
        explorer.beside(&mut |trace| forklings_rules::unwatched(trace, &check.demands));
    let hung = match &shown {
        Some((_, trace)) => trace.root_ending().is_none(),
        None => matches!(natural, Natural::NotTold { why: Untold::StillRunning(_) }),
    };
    HUNG.fetch_add(u32::from(hung), Ordering::Relaxed);
    explored.natural = Some(natural);
    match shown {
        None => Outcome::Passed,
        Some((finding, mut trace)) => {
            trace.abridge();
            let failure = Failure { finding, shown_in: runs, trace, replay: None };
            Outcome::Failed { failures: vec![failure] }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::{Demand, Doubt, Ending};

    /// What was tried, as it stands in a record.
    fn record(natural: Option<Natural>) -> String {
        serde_json::to_string(&Explored { natural, ..Explored::default() }).expect("JSON")
    }

    #[test]
    fn a_record_from_before_there_was_such_a_run_is_read() {
        let old = record(None);
        assert!(!old.contains("natural"), "{old}");
        let read: Explored = serde_json::from_str(&old).expect("an old record");
        assert_eq!(read, Explored::default());
    }

    #[test]
    fn what_the_run_showed_is_read_back() {
        let demand = Demand::Ends(Ending::Exited(0));
        let actual = "exit(1)".to_owned();
        let doubt = Some(Doubt::Time);
        for natural in [
            Natural::Held,
            Natural::Differs { demand, actual, times: 3, runs: 3, doubt },
            Natural::NotTold { why: Untold::OutOfMemory },
            Natural::NotTold { why: Untold::Sleeps(2) },
        ] {
            let read: Explored =
                serde_json::from_str(&record(Some(natural.clone()))).expect("a record");
            assert_eq!(read.natural, Some(natural));
        }
    }
}
