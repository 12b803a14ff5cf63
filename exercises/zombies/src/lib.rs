//! The dead must be buried. This is the file that you edit.
//!
//! A child that has ended stays in the kernel's table, as a zombie, until its parent waits for it.
//! Each TODO asks for one function; `README.md` says more, and `cargo test -p zombies` judges them.
//! Use `nix`, or `libc` directly: only what the kernel sees counts.

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

/// TODO 1. Waits until `child` has ended, reaps it, and says how it ended.
///
/// - It sleeps in the kernel until then; it does not ask again and again.
/// - It waits for `child` only. Other children are left alone, even dead ones.
/// - A signal may arrive while it waits, and its handler may run. Then it goes on waiting.
///
/// # Errors
/// ECHILD when `child` is not a child of the caller.
pub fn reap_one(child: Pid) -> io::Result<Ended> {
    todo!("wait for this one child and read its status")
}

/// TODO 2. Waits until every one of `children` has ended, reaps them all, and says how each ended.
///
/// - The result has one pair for each of `children`, in any order.
/// - The children may end in any order. Whoever else is a child of the caller is left alone.
/// - As in TODO 1, it sleeps while nobody has ended, and a signal does not end the wait.
///
/// # Errors
/// ECHILD when one of `children` is not a child of the caller. All the others are reaped even then.
pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    todo!("reap every child, whatever the order of their deaths")
}
