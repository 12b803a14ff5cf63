//! Runs a subject once and to its end as it runs under the tracer, but without the tracer: the same
//! namespaces, limits, user, first pid, and answers to forbidden calls. It knows nothing of what the
//! run is compared with.

use crate::calls;
use crate::error::Result;
use crate::launch::Launch;
use crate::probe::{Wanted, probe};
use crate::steps;
use forklings_model::{Ending, Isolation};
use forklings_sys::descriptor;
use forklings_sys::spawn::Role;
use forklings_sys::step::Step;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Milliseconds between two looks whether somebody wants the run to stop.
const LOOK: i32 = 50;

/// A subject to run without a tracer.
#[derive(Debug)]
pub struct Unwatched<'a> {
    /// The program and its surroundings. Its filter is not used: a filter that asks a tracer answers
    /// ENOSYS where there is none.
    pub launch: Launch<'a>,
    /// The pid that it has inside.
    pub pid: i32,
    /// Real time after which it is killed.
    pub patience: Duration,
    /// Set from elsewhere to stop early.
    pub cancel: Option<&'a AtomicBool>,
}

/// What became of it. Whoever was left when it ended has been killed.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    /// How it ended; `None` when it was still running.
    pub ending: Option<Ending>,
    /// Whether the kernel killed a process of it because memory was used up.
    pub out_of_memory: bool,
    /// What stood between it and the machine.
    pub isolation: Isolation,
}

impl Unwatched<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// What the machine refuses; never the program's own failure, which is in [`Came`].
    pub fn run(mut self) -> Result<Came> {
        let own = self.launch.wanted != Wanted::All;
        self.launch.filter = probe().seccomp.then(|| calls::unwatched(own));
        let mut prepared = self.launch.prepare(Role::Relay)?;
        if prepared.isolation.namespaces {
            prepared.plan.init.extend(in_its_namespaces(self.pid)?);
        }
        let mut held = prepared.start_init()?;
        let isolation = held.isolation;
        let began = Instant::now();
        let end = descriptor::of_process(held.init.pid())?;
        loop {
            if descriptor::poll(&[(end.as_raw_fd(), libc::POLLIN)], LOOK)?[0] != 0 {
                break;
            }
            let cancelled = self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed));
            if cancelled || began.elapsed() > self.patience {
                let out_of_memory = held.out_of_memory_kills() > 0;
                return Ok(Came { ending: None, out_of_memory, isolation });
            }
        }
        let word = held.init.last_word()?;
        // A step that failed ends with the same status as a program may.
        let failed =
            word.is_none_or(|word| libc::WIFEXITED(word) && libc::WEXITSTATUS(word) == 127);
        if let Some(failure) = failed.then(|| held.init.failure()).flatten() {
            return Err(held.explain(failure));
        }
        let ending = word.and_then(Ending::from_status_word);
        Ok(Came { ending, out_of_memory: held.out_of_memory_kills() > 0, isolation })
    }
}

/// What the tracer arranges in other ways. Source: `pid_namespaces(7)`, `namespaces(7)`.
fn in_its_namespaces(pid: i32) -> Result<[Step; 2]> {
    let write = |path: &str, number: i32| -> Result<Step> {
        Ok(Step::WriteFile(steps::text(path)?, steps::text(&number.to_string())?))
    };
    Ok([
        write("/proc/sys/kernel/ns_last_pid", pid - 1)?,
        // The flags of clone3 lie in memory, where a filter does not see that it asks for one.
        write("/proc/sys/user/max_user_namespaces", 0)?,
    ])
}
