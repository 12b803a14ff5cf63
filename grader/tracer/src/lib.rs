//! The tracer: runs a program under a scheduler of its own over real Linux processes, and gives
//! traces. It knows nothing of exercises, rules or sentences.
//!
//! - [`Subject`]: what to run.
//! - [`Explorer`]: runs it under schedules.
//!
//! Inside: `server` holds the program where runs begin, which `prelude` finds; `run` is the loop of one run; `ready`
//! says who would block; `choose` lists what could happen next and `step` lets it happen; `follow` and `life` accompany a task from stop to stop and to its death;
//! `calls` knows each system call; `strategy` decides.

mod calls;
mod choose;
mod clock;
mod descriptors;
mod error;
mod explorer;
mod filter;
mod fingerprint;
mod follow;
mod image;
mod life;
mod prelude;
mod process;
mod random;
mod ready;
mod run;
mod server;
mod sleeps_last;
mod stacks;
mod step;
mod strategy;
mod subject;
mod task;
mod unprepared;
mod watch;
mod watchdog;

pub use error::{Result, TracerError};
pub use explorer::Explorer;
pub use fingerprint::fingerprint;
pub use subject::Subject;
