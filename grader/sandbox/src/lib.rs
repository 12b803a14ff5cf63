//! Isolation and limits. A sandbox launches a program held at the gate before its `execve`, so
//! that a tracer can attach first, or runs a job to its end untraced. It knows nothing of
//! schedules, traces or verdicts.
//!
//! - [`Launch`]: start a subject and hold it.
//! - [`Job`]: run a program, such as a compiler, and collect what it prints.
//! - [`Unwatched`]: run a subject to its end as the tracer would, without the tracer.
//! - [`View`]: what the file system looks like from inside.
//! - [`probe`]: what this machine offers.
//! - [`denied`]: calls that no exercise needs and that could do harm.
//! - [`CpuLease`]: one explorer per processor.
//! - [`columns`]: how wide a terminal is, for those who may not ask the kernel themselves.

mod calls;
mod cgroup;
mod error;
mod job;
mod launch;
mod lease;
mod machine;
mod probe;
mod scratch;
mod steps;
mod unwatched;
mod view;

pub use calls::{IDENTITY, denied, without_tracer};
pub use error::{Result, SandboxError};
pub use job::{Finished, INPUT, Job};
pub use launch::{Held, Launch, longest_file};
pub use lease::CpuLease;
pub use machine::{Changes, Made, MadeKind};
pub use probe::{Host, Wanted, probe};
pub use unwatched::{Came, Unwatched};
pub use view::View;

pub use forklings_sys::spawn::die_with_parent;
pub use forklings_sys::terminal::columns;
