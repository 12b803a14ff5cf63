//! The reference solution of `zombies`.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io;

/// How a process ended. Source: `wait(2)`, `WIFEXITED` and `WIFSIGNALED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It called `exit` or `_exit`, or returned from `main`, with this code (0 to 255).
    Exited(i32),
    /// The signal with this number killed it.
    Killed(i32),
}

// ANCHOR: reap_one
/// Waits until `child` has ended, reaps it, and says how it ended.
///
/// # Errors
/// ECHILD when `child` is not a child of the caller.
pub fn reap_one(child: Pid) -> io::Result<Ended> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Ended::Exited(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ended::Killed(signal as i32)),
            // Stops and continuations are reported only to those who ask for them.
            Ok(_) => {}
            // A handler ran while we slept; the child has not ended yet.
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
// ANCHOR_END: reap_one

// ANCHOR: reap_all
/// Waits until every one of `children` has ended, reaps them all, and says how each ended.
///
/// # Errors
/// ECHILD when one of `children` is not a child of the caller. All the others are reaped even then.
pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    let mut all = Vec::new();
    let mut first_error = None;
    for &child in children {
        // Whoever ended before its turn waits for us as a zombie.
        match reap_one(child) {
            Ok(ended) => all.push((child, ended)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        None => Ok(all),
        Some(error) => Err(error),
    }
}
// ANCHOR_END: reap_all
