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
/// - The result has one pair for each of `children`, in any order. `children` names nobody twice.
/// - The children may end in any order. Whoever else is a child of the caller is left alone.
/// - As in TODO 1, it sleeps while nobody has ended, and a signal does not end the wait.
///
/// # Errors
/// ECHILD when one of `children` is not a child of the caller. All the others are reaped even then.
pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    todo!("reap every child, whatever the order of their deaths")
}

/// What is found of a process between its end and its burial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remains {
    /// Its state: the letter after the name in `/proc/<pid>/stat`. Source: `proc_pid_stat(5)`.
    pub state: char,
    /// Pages of memory it still has: the second number in `/proc/<pid>/statm`.
    pub resident_pages: u64,
    /// Whether `kill(pid, SIGKILL)` reported success.
    pub kill_succeeded: bool,
    /// How it ended.
    pub ended: Ended,
    /// The most memory it ever had, in KiB: `ru_maxrss` from `wait4`. Source: `getrusage(2)`.
    pub peak_kib: i64,
}

/// TODO 3. Waits until `child` has ended, looks at what is left of it, and reaps it.
///
/// - First it waits for the end without reaping (`WNOWAIT`), as patiently as TODO 1.
/// - Then it reads the child's files in `/proc/<pid>`, where the kernel tells what it knows of a
///   process, and sends it SIGKILL.
/// - Last it reaps the child by `wait4`, which gives the status and what the child had used.
///
/// # Errors
/// ECHILD when `child` is not a child of the caller.
pub fn remains(child: Pid) -> io::Result<Remains> {
    todo!("look at the zombie before you reap it")
}

/// A piece of work. It runs in a process of its own and does not panic; what it returns is that
/// process's exit code.
pub type Job = Box<dyn Fn() -> i32>;

/// TODO 4. Runs every job in a child of its own, never more than `k` at once.
///
/// - The jobs are started in order. The result has one entry for each job, in the same order.
/// - At most `k` children are there at once; one counts until it is reaped. `k` is at least 1.
/// - As long as a job has not been started, there are `k` children: when one of them has ended,
///   whichever it is, the next job starts. It does not wait for a certain child, nor for all.
/// - A child ends by `_exit` with what its job returned.
/// - The caller has no other children, so here you may wait for any child.
/// - As in TODO 1, it sleeps while nobody has ended, and a signal does not end the wait.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when a child cannot be started: give that error back, do not try
/// again (the grader lets one call fail). No further job is started then, and those that run are
/// waited for first.
pub fn limited(k: usize, jobs: &[Job]) -> io::Result<Vec<Ended>> {
    todo!("keep k children at work until there are no jobs left")
}

/// What a [`Reaper`] has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This child ended. It has been reaped.
    Died(Pid, Ended),
    /// Somebody sent SIGTERM: the program is asked to stop.
    Stop,
}

/// TODO 5. The heart of a server: sleeps until something happens, a child's end or SIGTERM.
///
/// The kernel says that a child has ended by SIGCHLD; but while one SIGCHLD is pending, a second
/// one is lost. Put into this struct whatever you need. What it opens it closes when it is dropped.
pub struct Reaper {}

impl Reaper {
    /// From its return on, no child's end and no SIGTERM is lost, not even between two calls of
    /// [`Reaper::next`]. It is called before the children are forked.
    ///
    /// # Errors
    /// Whatever the system calls say.
    pub fn new() -> io::Result<Self> {
        todo!("decide how SIGCHLD and SIGTERM are to reach you, and prepare for it")
    }

    /// Sleeps until there is news, and tells one piece of it.
    ///
    /// - Each child's end is told once, and that child has been reaped then.
    /// - SIGTERM is told once. Children that had ended when it came are told before it.
    /// - Without children it waits for SIGTERM; other signals do not end the wait.
    /// - It sleeps in the kernel; it does not ask again and again.
    ///
    /// # Errors
    /// Whatever the system calls say, but never ECHILD or EINTR.
    #[expect(clippy::should_implement_trait, reason = "a reaper is no iterator: it can fail")]
    pub fn next(&mut self) -> io::Result<News> {
        todo!("tell a death, or the wish to stop, or sleep until there is something to tell")
    }
}

/// TODO 6. Runs `f` as a daemon: in a process that is nobody's child here.
///
/// - The caller forks a child; the child becomes the leader of a new session (`setsid`), forks the
///   daemon and ends at once by `_exit`; the caller reaps it.
/// - The daemon runs `f` and ends by `_exit` with what `f` returned.
/// - It returns when the child between has been reaped; it does not wait for the daemon.
/// - As in TODO 1, a signal does not end the wait.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when either of the two forks fails: give that error back, do not
/// try again (the grader lets one call fail). Nothing is left then.
pub fn daemonise(f: impl FnOnce() -> i32) -> io::Result<()> {
    todo!("fork twice, so that the daemon's parent is gone at once")
}

/// TODO 7. Finds out who adopts orphans here: the pid of an orphan's new parent.
///
/// - The caller forks a child, the child forks a grandchild and ends; the grandchild, an orphan
///   now, asks for its parent (`getppid`), sends the answer to the caller and ends by `_exit`.
/// - The grandchild asks once, when it is certain to be an orphan. It neither naps nor asks again and
///   again; to wait for a go-ahead, in a read from a pipe for example, is right.
/// - The answer need not be 1: a process may have made itself a *subreaper*.
/// - The child is reaped, and no descriptor stays open.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when the first fork fails; some error when the second does. Do
/// not try again (the grader lets one call fail).
pub fn new_parent() -> io::Result<Pid> {
    todo!("let an orphan ask who its parent is")
}
