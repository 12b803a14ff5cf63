//! What Forklings says, as snapshots of hand-built runs. Read each one as a student who has never
//! seen the tool: could you mend the program from this message alone?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
mod cases;
mod hostile;
mod inspected_cases;
mod leak_cases;
mod lock_cases;
mod memory_cases;
mod messages;
mod output_cases;
#[cfg(all(feature = "html", feature = "machine", feature = "class"))]
mod outputs;
mod pool_cases;
mod runs;
#[cfg(feature = "machine")]
mod schema;
mod signal_cases;
mod steps;
#[cfg(feature = "machine")]
mod survey;
mod unwatched_cases;
