//! expect: busy-wait
//! Asks for the dead and for SIGTERM in a circle instead of sleeping.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid, setsid};
use std::io::{Read, Write};
use std::{fs, io};

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

/// Waits until `child` has ended, looks at what is left of it, and reaps it.
///
/// # Errors
/// ECHILD when `child` is not a child of the caller.
pub fn remains(child: Pid) -> io::Result<Remains> {
    while let Err(error) = waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
        if error != Errno::EINTR {
            return Err(error.into());
        }
    }
    // It is a zombie now, and stays one for as long as we like.
    let stat = fs::read_to_string(format!("/proc/{child}/stat"))?;
    let statm = fs::read_to_string(format!("/proc/{child}/statm"))?;
    let kill_succeeded = kill(child, Signal::SIGKILL).is_ok();
    let mut status = 0;
    // SAFETY: a `rusage` is numbers alone, and zero is one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to places of the right type. The child is dead, so no wait.
    Errno::result(unsafe { libc::wait4(child.as_raw(), &mut status, 0, &mut usage) })?;
    let ended = match WaitStatus::from_raw(child, status)? {
        WaitStatus::Signaled(_, signal, _) => Ended::Killed(signal as i32),
        _ => Ended::Exited(libc::WEXITSTATUS(status)),
    };
    Ok(Remains {
        // The name may hold anything, also parentheses: the state follows the last one.
        state: stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('?'),
        resident_pages: statm.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(u64::MAX),
        kill_succeeded,
        ended,
        peak_kib: usage.ru_maxrss,
    })
}

/// A piece of work. It runs in a process of its own; what it returns is that process's exit code.
pub type Job = Box<dyn Fn() -> i32>;

/// Runs every job in a child of its own, never more than `k` at once.
///
/// # Errors
/// Those of `fork`, after the jobs that run have been waited for.
pub fn limited(k: usize, jobs: &[Job]) -> io::Result<Vec<Ended>> {
    let mut running: Vec<(Pid, usize)> = Vec::new();
    let mut results = vec![None; jobs.len()];
    let mut failed = Ok(());
    for (i, job) in jobs.iter().enumerate() {
        if running.len() == k {
            reap_any(&mut running, &mut results)?;
        }
        // SAFETY: the program has one thread, so the child may do whatever the parent could.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                let code = job();
                // SAFETY: `_exit` takes any code and does not return.
                unsafe { libc::_exit(code) }
            }
            Ok(ForkResult::Parent { child }) => running.push((child, i)),
            Err(error) => {
                failed = Err(error);
                break;
            }
        }
    }
    while !running.is_empty() {
        reap_any(&mut running, &mut results)?;
    }
    failed?;
    Ok(results.into_iter().flatten().collect())
}

/// Waits until one of the running children has ended, whichever it is.
fn reap_any(running: &mut Vec<(Pid, usize)>, results: &mut [Option<Ended>]) -> io::Result<()> {
    let (child, ended) = loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(child, code)) => break (child, Ended::Exited(code)),
            Ok(WaitStatus::Signaled(child, signal, _)) => {
                break (child, Ended::Killed(signal as i32));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    };
    if let Some(slot) = running.iter().position(|(pid, _)| *pid == child) {
        let (_, job) = running.swap_remove(slot);
        results[job] = Some(ended);
    }
    Ok(())
}

/// What a [`Reaper`] has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This child ended. It has been reaped.
    Died(Pid, Ended),
    /// Somebody sent SIGTERM: the program is asked to stop.
    Stop,
}

/// The heart of a server: sleeps until something happens, a child's end or SIGTERM.
pub struct Reaper {
    stop: SigSet,
}

impl Reaper {
    pub fn new() -> io::Result<Self> {
        let mut stop = SigSet::empty();
        stop.add(Signal::SIGTERM);
        stop.thread_block()?;
        Ok(Self { stop })
    }

    #[expect(clippy::should_implement_trait, reason = "a reaper is no iterator: it can fail")]
    pub fn next(&mut self) -> io::Result<News> {
        loop {
            if let Some(died) = bury()? {
                return Ok(died);
            }
            // SAFETY: a `sigset_t` is numbers alone, and zero is one.
            let mut pending: libc::sigset_t = unsafe { std::mem::zeroed() };
            // SAFETY: the pointer is to a place of the right type.
            Errno::result(unsafe { libc::sigpending(&mut pending) })?;
            // SAFETY: the pointer is to a signal set that `sigpending` has filled.
            if unsafe { libc::sigismember(&pending, libc::SIGTERM) } == 1 {
                self.stop.wait()?;
                match bury()? {
                    // SIGTERM is told later: it is sent again.
                    Some(died) => {
                        kill(Pid::this(), Signal::SIGTERM)?;
                        return Ok(died);
                    }
                    None => return Ok(News::Stop),
                }
            }
        }
    }
}

/// The next dead child, if there is one.
fn bury() -> io::Result<Option<News>> {
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(child, code)) => Ok(Some(News::Died(child, Ended::Exited(code)))),
        Ok(WaitStatus::Signaled(child, signal, _)) => {
            Ok(Some(News::Died(child, Ended::Killed(signal as i32))))
        }
        Ok(_) | Err(Errno::ECHILD) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Runs `f` as a daemon: in a process that is nobody's child here.
///
/// # Errors
/// Those of either `fork`.
pub fn daemonise(f: impl FnOnce() -> i32) -> io::Result<()> {
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    let between = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let code = match setsid().and_then(|_| {
                // SAFETY: as above.
                unsafe { fork() }
            }) {
                Ok(ForkResult::Child) => f(),
                Ok(ForkResult::Parent { .. }) => 0,
                // An exit code has room for an errno.
                Err(error) => error as i32,
            };
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(code) }
        }
    };
    match reap_one(between)? {
        Ended::Exited(0) => Ok(()),
        Ended::Exited(errno) => Err(io::Error::from_raw_os_error(errno)),
        Ended::Killed(signal) => Err(io::Error::other(format!("killed by signal {signal}"))),
    }
}

/// Finds out who adopts orphans here: the pid of an orphan's new parent.
///
/// # Errors
/// Those of `fork`, and an early end of file when the second one fails.
pub fn new_parent() -> io::Result<Pid> {
    let (mut go_receiver, mut go) = io::pipe()?;
    let (mut answer, mut answer_sender) = io::pipe()?;
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            // SAFETY: as above.
            if let Ok(ForkResult::Child) = unsafe { fork() } {
                let _ = go_receiver.read_exact(&mut [0]);
                let _ = answer_sender.write_all(&getppid().as_raw().to_ne_bytes());
            }
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(0) }
        }
    };
    drop(answer_sender);
    // The kernel gives the orphans away before it shows the death to the parent. So when this
    // wait returns, the grandchild has its new parent.
    let reaped = reap_one(child);
    go.write_all(b"!")?;
    let mut pid = [0; 4];
    answer.read_exact(&mut pid)?;
    reaped?;
    Ok(Pid::from_raw(i32::from_ne_bytes(pid)))
}
