//! correct: every event is a descriptor: pidfds and a signalfd under poll

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid, setsid};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    Killed(i32),
}

impl Ended {
    fn from(status: WaitStatus) -> Self {
        match status {
            WaitStatus::Signaled(_, signal, _) => Self::Killed(signal as i32),
            WaitStatus::Exited(_, code) => Self::Exited(code),
            other => unreachable!("only ends are asked for, not {other:?}"),
        }
    }
}

fn pidfd(child: Pid) -> io::Result<OwnedFd> {
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0) };
    match i32::try_from(fd) {
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sleeps until one of them is ready, and gives its index.
fn first_ready<F: AsFd>(fds: &[F]) -> io::Result<usize> {
    let mut asked: Vec<_> = fds.iter().map(|f| PollFd::new(f.as_fd(), PollFlags::POLLIN)).collect();
    loop {
        match poll(&mut asked, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => {
                if let Some(i) = asked.iter().position(|f| f.any() == Some(true)) {
                    return Ok(i);
                }
            }
        }
    }
}

fn bury(child: Pid) -> io::Result<Ended> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(status) => return Ok(Ended::from(status)),
        }
    }
}

pub fn reap_one(child: Pid) -> io::Result<Ended> {
    bury(child)
}

pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    // In the order of the deaths.
    let mut missing = None;
    let mut left = Vec::new();
    for &child in children {
        match pidfd(child) {
            Ok(fd) => left.push((fd, child)),
            Err(_) => missing = Some(io::Error::from(Errno::ECHILD)),
        }
    }
    let mut reaped = Vec::new();
    while !left.is_empty() {
        let fds: Vec<_> = left.iter().map(|(fd, _)| fd).collect();
        let (_, child) = left.remove(first_ready(&fds)?);
        match bury(child) {
            Ok(ended) => reaped.push((child, ended)),
            Err(error) => missing = Some(error),
        }
    }
    missing.map_or(Ok(reaped), Err)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remains {
    pub state: char,
    pub resident_pages: u64,
    pub kill_succeeded: bool,
    pub ended: Ended,
    pub peak_kib: i64,
}

pub fn remains(child: Pid) -> io::Result<Remains> {
    loop {
        match waitid(Id::Pid(child), WaitPidFlag::WNOWAIT | WaitPidFlag::WEXITED) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => break,
        }
    }
    let mut stat = String::new();
    std::fs::File::open(format!("/proc/{child}/stat"))?.read_to_string(&mut stat)?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next().and_then(|field| field.chars().next()).unwrap_or(' ');
    let statm = std::fs::read_to_string(format!("/proc/{child}/statm"))?;
    let resident = statm.split_ascii_whitespace().nth(1).map(str::parse);
    let kill_succeeded = kill(child, Signal::SIGKILL) == Ok(());
    let mut status = 0;
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    Errno::result(unsafe { libc::wait4(child.as_raw(), &mut status, 0, &mut usage) })?;
    Ok(Remains {
        state,
        resident_pages: resident.and_then(Result::ok).unwrap_or(u64::MAX),
        kill_succeeded,
        ended: Ended::from(WaitStatus::from_raw(child, status)?),
        peak_kib: usage.ru_maxrss,
    })
}

pub type Job = Box<dyn Fn() -> i32>;

struct Worker {
    fd: OwnedFd,
    pid: Pid,
    job: usize,
}

fn hire(job: usize, jobs: &[Job]) -> io::Result<Worker> {
    match unsafe { fork() }? {
        ForkResult::Child => {
            let code = jobs[job]();
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => Ok(Worker { fd: pidfd(child)?, pid: child, job }),
    }
}

pub fn limited(k: usize, jobs: &[Job]) -> io::Result<Vec<Ended>> {
    let mut crew: Vec<Worker> = Vec::new();
    let mut ends: Vec<(usize, Ended)> = Vec::new();
    let mut queue = 0..jobs.len();
    let mut trouble = None;
    loop {
        while crew.len() < k && trouble.is_none() {
            let Some(job) = queue.next() else { break };
            match hire(job, jobs) {
                Ok(worker) => crew.push(worker),
                Err(error) => trouble = Some(error),
            }
        }
        if crew.is_empty() {
            break;
        }
        let fds: Vec<_> = crew.iter().map(|worker| &worker.fd).collect();
        let worker = crew.remove(first_ready(&fds)?);
        ends.push((worker.job, bury(worker.pid)?));
    }
    if let Some(error) = trouble {
        return Err(error);
    }
    ends.sort_by_key(|(job, _)| *job);
    Ok(ends.into_iter().map(|(_, ended)| ended).collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Died(Pid, Ended),
    Stop,
}

pub struct Reaper {
    signals: SignalFd,
    stop: bool,
}

impl Reaper {
    pub fn new() -> io::Result<Self> {
        let mask: SigSet = [Signal::SIGTERM, Signal::SIGCHLD].into_iter().collect();
        mask.thread_block()?;
        Ok(Self { signals: SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC)?, stop: false })
    }

    #[expect(clippy::should_implement_trait, reason = "the contract's name")]
    pub fn next(&mut self) -> io::Result<News> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => {}
                Ok(status) => {
                    let pid = status.pid().unwrap_or(Pid::from_raw(0));
                    return Ok(News::Died(pid, Ended::from(status)));
                }
                Err(error) => return Err(error.into()),
            }
            if std::mem::take(&mut self.stop) {
                return Ok(News::Stop);
            }
            match self.signals.read_signal() {
                Ok(Some(info)) => self.stop = info.ssi_signo == Signal::SIGTERM as u32,
                Ok(None) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

pub fn daemonise(f: impl FnOnce() -> i32) -> io::Result<()> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(ours);
            let code = match setsid().and_then(|_| unsafe { fork() }) {
                Ok(ForkResult::Child) => {
                    drop(theirs);
                    f()
                }
                Ok(ForkResult::Parent { .. }) => 0,
                Err(error) => {
                    let _ = theirs.write_all(&(error as i32).to_le_bytes());
                    0
                }
            };
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            let mut word = [0; 4];
            let failed = ours.read_exact(&mut word).is_ok();
            bury(child)?;
            if failed {
                return Err(io::Error::from_raw_os_error(i32::from_le_bytes(word)));
            }
            Ok(())
        }
    }
}

pub fn new_parent() -> io::Result<Pid> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(ours);
            if let Ok(ForkResult::Child) = unsafe { fork() } {
                let _ = theirs.read_exact(&mut [0]);
                let _ = theirs.write_all(&getppid().as_raw().to_le_bytes());
            }
            unsafe { libc::_exit(0) }
        }
    };
    drop(theirs);
    bury(child)?;
    ours.write_all(&[1])?;
    let mut word = [0; 4];
    ours.read_exact(&mut word)?;
    Ok(Pid::from_raw(i32::from_le_bytes(word)))
}
