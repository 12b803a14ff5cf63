//! The tracer: runs a program under a scheduler of its own over real Linux processes, and gives
//! traces. It knows nothing of exercises, rules or sentences.
//!
//! - [`Subject`]: what to run.
//! - [`Explorer`]: runs it under a schedule.
//! - [`Exploration`]: which schedules, and what they amount to.
//! - [`minimise()`]: a failing run made small.
//! - [`Explorer::beside`]: what the program does without the tracer.
//!
//! Inside: `server` holds the program where runs begin, which `prelude` finds; `run` is the loop of
//! one run; `ready` says who would block; `choose` lists what could happen next and `step` lets it
//! happen; `follow` and `life` accompany a task from stop to stop and to its death; `calls` knows
//! each system call; `strategy` decides, by what an operation would `touch`; `course` says how a run
//! went, from which `exploration` plans the next, and `switches` what is special about it, of which
//! `minimise` takes away what a failure does not need.

mod attempt;
mod before_main;
mod breakpoints;
mod callers;
mod calls;
mod choose;
mod clock;
mod common_files;
mod counts;
mod course;
mod descriptors;
mod error;
mod exec;
mod exploration;
mod explorer;
mod filter;
mod fingerprint;
mod follow;
mod futexes;
mod image;
mod in_kernel;
mod leftovers;
mod life;
mod lineage;
mod mappings;
mod maps;
mod minimise;
mod mutexes;
mod names_left;
mod natural;
mod news;
mod prelude;
mod process;
mod random;
mod ready;
mod run;
mod server;
mod shared_memory;
mod sleeps_last;
mod special;
mod spin;
mod stacks;
mod step;
mod stops;
mod strategy;
mod strikes;
mod subject;
mod switches;
mod task;
mod timers;
mod touch;
mod unprepared;
mod watch;
mod watchdog;

pub use error::{Misfit, Result, TracerError};
pub use exploration::{Exploration, Mix, Plan};
pub use explorer::Explorer;
pub use fingerprint::fingerprint;
pub use minimise::{Minimised, Size, minimise};
pub use natural::Beside;
pub use subject::Subject;
