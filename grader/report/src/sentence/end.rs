//! How a run came to its end, in words.

use crate::sentence::name::{count, ended, list};
use crate::sentence::wait;
use forklings_model::{End, Trace};

/// How the run ended, one sentence a line.
#[must_use]
pub fn end(trace: &Trace) -> String {
    match &trace.end {
        End::Root { ending, alive } if alive.is_empty() => format!("P1 {}.", ended(*ending)),
        End::Root { ending, alive } => {
            let verb = if alive.len() == 1 { "was" } else { "were" };
            format!("P1 {}; {} {verb} still alive.", ended(*ending), list(alive, 6))
        }
        End::Deadlock { waits } => {
            let lines: Vec<String> = waits.iter().map(|w| wait::sentence(w, trace)).collect();
            format!("Nobody can go on:\n{}", lines.join("\n"))
        }
        End::TimeLimit { seconds, proc, computing } => {
            let doing = if *computing { "computing" } else { "sleeping" };
            let limit = count((*seconds).into(), "second", "seconds");
            format!("Ended after {limit} (the limit); {proc} was {doing}.")
        }
        End::ProcessLimit { processes, proc } => {
            format!("Ended when {proc} asked for more than {processes} processes.")
        }
        End::MemoryLimit { mib, proc } => {
            format!("Ended when {proc} wanted more than {mib} MiB of memory.")
        }
        End::OutputLimit { kib, proc } => {
            format!("Ended when {proc} had written more than {kib} KiB of output.")
        }
        End::Abandoned { reason } => {
            let reason = crate::escape::line(reason);
            format!("The grader gave this run up, which is no fault of the program: {reason}")
        }
    }
}
