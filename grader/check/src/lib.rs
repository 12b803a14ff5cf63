//! What a test writes: a subject, a scenario, and what is demanded of every run of it.
//!
//! ```no_run
//! use forklings_check::prelude::*;
//!
//! # fn main() {
//! subject!()
//!     .scenario("reap_all", [5])
//!     .expect(stdout().line("5 children, 5 reaped"))
//!     .check();
//! # }
//! ```
//!
//! Nothing of a student's code is linked here: the subject is a program, and a test only looks at
//! what the kernel says it did. The same test runs against a stub, a solution and a submission; the
//! environment names another subject (module `settings`).

mod confirm;
mod draw;
mod expect;
mod explore;
mod natural;
mod record;
mod replay;
mod scenario;
mod settings;
mod smaller;
mod subject;

pub use draw::stream;
pub use scenario::Check;
pub use subject::{Origin, Subject};

/// Everything that a suite needs.
pub mod prelude {
    pub use crate::draw::{distinct, word};
    pub use crate::expect::{
        Output, answers, at_most_alive, before, bytes_pass, child_exits, child_reads_to_the_end,
        each_task_once, early_timeouts, eintr, emfile, enospc, epipe, exit_status, fork_eagain,
        forks, handlers_restored, heap_grows_at_most, heap_grows_at_most_between, kill, killed_by,
        mask_restored, never_sleeps, no_line_after_failure, nobody_waits, one_at_a_time,
        reaped_before, short_reads, short_writes, spurious_wakeup, statuses_taken, stderr, stdout,
        tree, unmapped, unmapped_between, waits_asleep, workers, zombie_inspected,
        zombie_signalled,
    };
    pub use crate::{draw, subject};
    pub use fastrand::Rng;
    pub use forklings_model::{Rule, Signal};
}
