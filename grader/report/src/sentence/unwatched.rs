//! Sentences about the run beside the traced ones, which had no tracer.

use super::Explanation;
use crate::escape::{cut, line};
use crate::sentence::name::count;
use crate::sentence::{demand, order};
use forklings_model::{Demand, Doubt, Natural, Trace, Untold};

/// Columns that what was there instead may fill within a sentence.
const ROOM: usize = 60;

/// The rule differs-unwatched.
pub(super) fn differs(demanded: &Demand, actual: &str, trace: &Trace) -> Explanation {
    Explanation {
        expected: format!("without a tracer as with one: {}", demand::demand(demanded)),
        happened: format!(
            "with the tracer every schedule met that; without it no run did: {}",
            order::instead(demanded, actual, trace)
        ),
        likely: "the program looks whether it is watched (TracerPid, PTRACE_TRACEME, how long a call \
                 takes, where the kernel's page of clocks is), and behaves only then. Or its result \
                 rests on what is different there: several processors at once, random numbers"
            .to_owned(),
        experiment: "let it do the same for everybody, and run it by itself several times".to_owned(),
        man: "man 5 proc, TracerPid; man 2 ptrace",
    }
}

/// What the run without the tracer showed, as part of the statement of what was tried.
#[must_use]
pub fn beside(natural: &Natural) -> String {
    match natural {
        Natural::Held => "the same without the tracer".to_owned(),
        Natural::Differs { demand, actual, times, runs, doubt } => {
            let instead = actual.lines().next().unwrap_or_default();
            let demand = demand::demand(demand);
            let demand = demand.lines().next().unwrap_or_default().trim_end_matches(':');
            let runs = count((*runs).into(), "run", "runs");
            let mut text = format!(
                "something else in {times} of {runs} without the tracer ({demand}: there was {}",
                match instead {
                    "" => "nothing".to_owned(),
                    some => cut(&line(some), ROOM),
                }
            );
            if let Some(doubt) = doubt {
                text += &format!("; it rejects nobody, since {}", self::doubt(*doubt));
            }
            text + ")"
        }
        Natural::NotTold { why } => {
            format!("not known without the tracer, since {}", untold(why))
        }
    }
}

const fn doubt(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NotAlways => "not every run showed it",
        Doubt::Time => {
            "the program sleeps, waits with a time-out or looks at a clock, and the machine may be busy"
        }
        Doubt::NotDemanded => "nobody demanded that it be the same",
    }
}

fn untold(why: &Untold) -> String {
    match why {
        Untold::NotKeptApart => "this machine offers no namespaces".to_owned(),
        Untold::Sleeps(seconds) => {
            let seconds = count(*seconds, "second", "seconds");
            format!("the program waits for {seconds} of virtual time")
        }
        Untold::StillRunning(seconds) => {
            format!("it was still running after {}", count((*seconds).into(), "second", "seconds"))
        }
        Untold::OthersStillRunning => {
            "runs of other tests did not end in time, and one more would take as long".to_owned()
        }
        Untold::OutOfMemory => "its memory was used up".to_owned(),
        Untold::EndlessOutput => "it printed without end".to_owned(),
        Untold::Unsteady => "a traced run did not go as before either".to_owned(),
        Untold::Refused(why) => format!("the machine refused it: {}", cut(&line(why), 100)),
    }
}
