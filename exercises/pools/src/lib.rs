//! Workers and tasks. This is the file that you edit.
//!
//! A pool makes its workers once and gives them one task after the other. Each TODO asks for a part
//! of it; `README.md` says more, and `cargo test -p pools` judges them. Use `nix`, or `libc`
//! directly: only what the kernel sees counts. Add fields, types and functions as you like.
//!
//! This holds for everything here:
//!
//! - **Whoever waits sleeps in the kernel until it is time.** It does not sleep for a time, and it
//!   does not ask again and again. A signal may arrive meanwhile, and its handler may run: then it
//!   goes on waiting.
//! - **Nothing is left.** When a pool is gone its workers have ended and have been reaped, and no
//!   descriptor that it opened is open any more.

use std::io;
use std::os::fd::BorrowedFd;

/// What a worker does with a task. A plain function, chosen before there are workers: whatever it
/// needs beside the task it finds in the memory that the worker has from its parent.
pub type Work = fn(&[u8]) -> Vec<u8>;

/// How a process ended. Source: `wait(2)`, `WIFEXITED` and `WIFSIGNALED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It called `exit` or `_exit` with this code (0 to 255).
    Exited(i32),
    /// The signal with this number killed it.
    Killed(i32),
}

/// Why a task has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskError {
    /// The work panicked. Its worker is well, and goes on with the next task.
    Panicked,
    /// The worker died that had this task, and this is how it ended.
    Died(Ended),
    /// Nobody has begun it: the pool is closed, or no worker is left and none can be started.
    NotRun,
}

/// TODO 1, first half. Sends one message through a pipe. What it looks like there is for you to
/// decide, since TODO 1 reads it too; but whoever reads must be able to tell where it ends.
///
/// - Any bytes, any length, also 0 and more than a pipe holds (64 KiB).
/// - A write may take less than it is given, and may have to wait until there is room.
///
/// # Errors
/// EPIPE when nobody can read any more, and whatever else the system calls say, but never EINTR.
pub fn send(to: BorrowedFd<'_>, message: &[u8]) -> io::Result<()> {
    todo!("write the message so that its end can be found")
}

/// TODO 1, second half. Waits for the next message that [`send`] has sent, and takes it; `None` when
/// there is none and nobody can send one any more.
///
/// - It takes this message and nothing of the next one. A read may give less than it is asked for.
/// - A system call for each byte is not accepted: a message of 100,000 bytes then takes too long.
///
/// # Errors
/// `UnexpectedEof` when the end of file comes in the middle of a message, and whatever else the
/// system calls say, but never EINTR.
pub fn receive(from: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    todo!("read one message, or the end of file")
}

/// A number of processes that run tasks.
#[derive(Debug)]
pub struct Pool {}

impl Pool {
    /// TODO 2, first third. Forks `n` workers, at least 1, who wait for tasks, and run `work` on each.
    /// A worker ends by `_exit(0)` when no more tasks can come.
    ///
    /// # Errors
    /// EAGAIN (or whatever `fork` says) when a worker cannot be started: give that error back, do not
    /// try again (the grader lets one call fail). Those that were started have ended and have been
    /// reaped then.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        todo!("fork the workers, each with a way for tasks and a way for answers")
    }

    /// TODO 2, second third. Runs every task in a worker, once, and gives the results in the order of
    /// the tasks.
    ///
    /// - Tasks and results may be of any length, also 0 and more than a pipe holds.
    /// - When the work panics, that task's result is [`TaskError::Panicked`]; the worker goes on.
    /// - It may be called again and again.
    ///
    /// TODO 3. All `n` workers are at work at once, when there are as many tasks. Whoever is done gets
    /// the next task that nobody has begun, at once and whoever it is. (Does yours do so already?
    /// Then TODO 3 is done.)
    ///
    /// TODO 4. A worker may die at any time: the work calls `_exit`, somebody sends SIGKILL.
    ///
    /// - A task whose worker dies has [`TaskError::Died`] as its result. It is given to nobody else,
    ///   since nobody knows how much of it was done. This also holds where the worker had not yet
    ///   begun it; only when you know that it has not got it may you give it to another one. Did it die
    ///   when it had just answered? Then the answer is right, and so is `Died`.
    /// - Another worker is forked in its place: when `map` returns there are `n` again.
    /// - When that `fork` fails, the pool goes on with those that are left; do not try again in the
    ///   same call. Tasks that nobody is left for are [`TaskError::NotRun`].
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Result<Vec<u8>, TaskError>> {
        todo!("give out the tasks, and put every answer in its task's place")
    }

    /// TODO 5, first half. Says that no more tasks come, and does not wait: the workers end by
    /// themselves. Tasks of a later `map` are [`TaskError::NotRun`]. To close twice does no harm.
    pub fn close(&mut self) {
        todo!("let the workers know that nothing comes any more")
    }

    /// TODO 2, last third. Closes the pool, if nobody has, and waits until every worker has ended.
    pub fn join(self) {
        todo!("let the workers end, and reap them")
    }
}

// TODO 5, second half: `impl Drop for Pool`. A pool that goes out of scope is closed and waited for as
// by `join`. But a `fork` copies it too: in another process than the one that has made it, a pool that
// is dropped ends no worker and waits for nobody.

/// TODO 6. The same with threads: `n` threads of this process run the tasks.
///
/// Everything is as with [`Pool`], except that a thread cannot die alone: the only thing that can go
/// wrong in a task is a panic. It is closed, joined and dropped as a `Pool` is; write `impl Drop` here
/// too.
#[derive(Debug)]
pub struct ThreadPool {}

impl ThreadPool {
    /// Starts `n` threads, at least 1, who wait for tasks, and run `work` on each.
    ///
    /// # Errors
    /// Those of `pthread_create`.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        todo!("start the threads")
    }

    /// Runs every task in a thread of the pool, once, and gives the results in the order of the tasks.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Result<Vec<u8>, TaskError>> {
        todo!("hand the tasks to the threads, and put every answer in its task's place")
    }

    /// Says that no more tasks come, and does not wait.
    pub fn close(&mut self) {
        todo!("let the threads know that nothing comes any more")
    }

    /// Closes the pool, if nobody has, and waits until every thread has ended.
    pub fn join(self) {
        todo!("let the threads end, and wait for them")
    }
}
