//! Takes in submissions, builds them, runs the suites against them, scores, keeps a journal and
//! writes the reports. It knows neither the tracer nor what a test checks: a suite is a program,
//! and what it found out is in the records it writes.
//!
//! - [`grade`]: a whole run. [`Options`] say what, [`Progress`] hears how it goes.
//! - [`take_in`]: submissions to bytes, hostile ones included.
//! - [`prebuild`], [`build`], [`suite`], [`score`]: the stations of one pair.
//! - [`journal`]: what is known, on disk.
//! - [`runner`]: the seam to the sandbox.
//! - [`exit_codes`]: what the program's exit status means.

pub mod build;
pub mod exit_codes;
pub mod journal;
pub mod prebuild;
pub mod runner;
pub mod score;
pub mod suite;
pub mod take_in;
pub mod toolchain;

mod child;
mod engine;
mod error;
mod grade;
mod inspection;
mod misuse;
mod models;
mod options;
mod output;
mod pair;
mod progress;
mod sandboxed;
mod schedules;
mod scratch;
mod unsandboxed;

pub use error::GradeError;
pub use grade::grade;
pub use options::{BuildLimits, Format, Options};
pub use progress::{Progress, Silent, Step};
pub use sandboxed::Sandboxed;
pub use unsandboxed::Unsandboxed;
