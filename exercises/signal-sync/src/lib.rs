//! Order without sleep. This is the file that you edit.
//!
//! After a `fork` nobody can say which of the two processes goes first. Here one of them waits until
//! the other tells it to go on, by a signal. Each TODO asks for one function; `README.md` says more,
//! and `cargo test -p signal-sync` judges them. Use `nix`, or `libc` directly: only what the kernel
//! sees counts.
//!
//! This holds for every function here:
//!
//! - **Whoever waits sleeps in the kernel until it is told.** It does not sleep for a time, and it
//!   does not ask again and again.
//! - **It is told by a signal.** SIGUSR1 and SIGUSR2 are yours for that. Neither is pending when a
//!   function is called; neither may be pending when it returns. Pipes and shared files are other
//!   exercises: the driver lets the program open one descriptor (a `signalfd`, if you like), no more.
//! - **Other signals are not the go-ahead.** They may come at any time. Those that the caller lets
//!   through are handled also while somebody waits, and the wait goes on; those that the caller
//!   blocks stay out.
//! - **The caller gets back what it lent.** When a function returns, also with an error, the caller's
//!   signal mask and what it does with each signal are as they were before, whatever that was, and
//!   every child has been reaped.
//! - A child that has done its part ends by `_exit(0)`.

use nix::unistd::Pid;
use std::io;

/// TODO 1. First the parent, then the child.
///
/// - It forks a child. The child waits. The parent runs `first`, which is given the child's pid, and
///   tells the child to go on; then the child runs `then` and ends.
/// - The child runs `then` when it is told, at once or later, but never before `first` has returned.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when the child cannot be started: give that error back, do not
/// try again (the grader lets one call fail). Neither part is run then.
pub fn child_waits(first: impl FnOnce(Pid), then: impl FnOnce()) -> io::Result<()> {
    todo!("let the child wait until the parent has run its part")
}

/// TODO 2. First the child, then the parent, while the child goes on.
///
/// - It forks a child. The child runs `first`, tells the parent to go on, runs `rest` and ends.
/// - The parent waits until it is told, runs `then`, and reaps the child.
/// - It does not wait for the child's end before it runs `then`: `rest` may take until `then` has
///   been run.
///
/// # Errors
/// As in TODO 1.
pub fn parent_waits(
    first: impl FnOnce(),
    rest: impl FnOnce(),
    then: impl FnOnce(),
) -> io::Result<()> {
    todo!("let the parent wait until the child tells it to go on")
}

/// TODO 3. Turn by turn, `n` times.
///
/// - The parent runs `ping(0)`, then the child runs `pong(0)`, then the parent `ping(1)`, then the
///   child `pong(1)`, up to `n - 1`. No call begins before the one before it has returned.
/// - There is one child for all rounds. With `n` = 0 nothing is run.
///
/// # Errors
/// As in TODO 1.
pub fn ping_pong(n: usize, ping: impl Fn(usize), pong: impl Fn(usize)) -> io::Result<()> {
    todo!("let the two take turns")
}

/// TODO 4. Nobody leaves before everybody has arrived.
///
/// - It forks `n` children. Child `i` runs `arrive(i)`, waits until all `n` have arrived, runs
///   `leave(i)` and ends.
/// - The children are at work at once, and arrive in whatever order: a child may take until another
///   one, any of them, has arrived.
/// - Signals cannot be counted: three that come while the first is pending are one. Let a token go
///   round instead, a signal that each passes on to the next: only one is under way at a time.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when a child cannot be started: give that error back, do not try
/// again (the grader lets one call fail). Nobody leaves then: the children that were started are
/// killed (SIGKILL) and reaped.
pub fn ring_barrier(n: usize, arrive: impl Fn(usize), leave: impl Fn(usize)) -> io::Result<()> {
    todo!("let a token go round among the children")
}

/// TODO 5. Runs `f` where SIGUSR1 can be waited for, and tidies up behind it.
///
/// - While `f` runs, SIGUSR1 is blocked, in addition to what the caller blocks, and caught by a
///   handler of yours, which need not do anything. So `f` can wait with `sigwait` as well as with
///   `sigsuspend`.
/// - Its result is what `f` returned.
/// - `f` may leave a SIGUSR1 behind that nobody has waited for. It is thrown away: it neither kills
///   the program nor runs the caller's handler, and it is not pending afterwards.
/// - The caller gets its mask and its action for SIGUSR1 back also when `f` panics.
///
/// # Errors
/// Whatever the system calls say.
pub fn scoped<T>(f: impl FnOnce() -> T) -> io::Result<T> {
    todo!("prepare, run f, and put everything back")
}
