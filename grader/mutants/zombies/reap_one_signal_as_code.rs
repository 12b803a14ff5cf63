//! expect: status-misread
//! Reads the exit code out of the status word without asking whether there is one.

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
    let mut status = 0;
    loop {
        // SAFETY: `status` is a place for one status word.
        let pid = unsafe { libc::waitpid(child.as_raw(), &mut status, 0) };
        if pid == child.as_raw() {
            return Ok(Ended::Exited(libc::WEXITSTATUS(status)));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

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
