//! expect: zombie-left
//! Returns at the first error, and the children after it stay zombies.

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

/// Waits until every one of `children` has ended, reaps them all, and says how each ended.
///
/// # Errors
/// ECHILD when one of `children` is not a child of the caller. All the others are reaped even then.
pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    children.iter().map(|&child| Ok((child, reap_one(child)?))).collect()
}
