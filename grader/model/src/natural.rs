//! What a run without the tracer showed, beside the runs that were traced.

use crate::Demand;
use serde::{Deserialize, Serialize};

/// What running the same program without the tracer showed, after every schedule had passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Natural {
    /// It did there what it did under the tracer, as far as its output and its ending tell.
    Held,
    /// It did something else.
    Differs {
        /// What was not met. Where nobody demanded anything: what every schedule had shown.
        demand: Demand,
        /// What was there instead.
        actual: String,
        /// In how many runs.
        times: u32,
        /// Of how many.
        runs: u32,
        /// Why that does not reject the program; `None` where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doubt: Option<Doubt>,
    },
    /// It says nothing.
    NotTold {
        /// Why.
        why: Untold,
    },
}

/// Why a difference rejects nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// Not every run showed it.
    NotAlways,
    /// The program sleeps, waits with a time-out or looks at a clock, and without the tracer its time
    /// is that of the machine, which may be busy.
    Time,
    /// Nobody demanded that it be the same.
    NotDemanded,
}

/// Why a run without the tracer says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Untold {
    /// The machine offers no namespaces, so nobody could end for sure what it leaves.
    NotKeptApart,
    /// The program sleeps for so many seconds of virtual time.
    Sleeps(u64),
    /// It was still running after so many seconds.
    StillRunning(u32),
    /// Runs of other scenarios did not end in time, and one more would only take as long again.
    OthersStillRunning,
    /// Memory was used up.
    OutOfMemory,
    /// It printed without end.
    EndlessOutput,
    /// A traced run did not go as before either, so the machine is to blame.
    Unsteady,
    /// The machine refused something.
    Refused(String),
}
