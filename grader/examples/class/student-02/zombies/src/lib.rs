//! The dead must be buried.

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal};
use nix::sys::signal::{kill, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, Pid, fork, getppid, setsid};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    Killed(i32),
}

fn patiently(id: impl Fn() -> Id<'static>, flags: WaitPidFlag) -> nix::Result<WaitStatus> {
    loop {
        match waitid(id(), WaitPidFlag::WEXITED | flags) {
            Err(Errno::EINTR) => continue,
            other => return other,
        }
    }
}

fn end_of(status: WaitStatus) -> Option<(Pid, Ended)> {
    match status {
        WaitStatus::Exited(pid, code) => Some((pid, Ended::Exited(code))),
        WaitStatus::Signaled(pid, signal, _) => Some((pid, Ended::Killed(signal as i32))),
        _ => None,
    }
}

pub fn reap_one(child: Pid) -> io::Result<Ended> {
    // Wait until it is dead, and only then take it away.
    patiently(|| Id::Pid(child), WaitPidFlag::WNOWAIT)?;
    let status = patiently(|| Id::Pid(child), WaitPidFlag::empty())?;
    end_of(status).map(|(_, ended)| ended).ok_or_else(|| io::Error::other("no end"))
}

pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    let mut reaped = Vec::with_capacity(children.len());
    let mut failed = None;
    for child in children {
        match reap_one(*child) {
            Ok(ended) => reaped.push((*child, ended)),
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(reaped), Err)
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
    let status = patiently(|| Id::Pid(child), WaitPidFlag::WNOWAIT)?;
    let (_, ended) = end_of(status).ok_or_else(|| io::Error::other("no end"))?;
    let stat = std::fs::read(format!("/proc/{child}/stat"))?;
    let after_name = stat.iter().rposition(|byte| *byte == b')').unwrap_or(0);
    let statm = std::fs::read_to_string(format!("/proc/{child}/statm"))?;
    let pages: Vec<u64> = statm.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let kill_succeeded = kill(child, Signal::SIGKILL).is_ok();
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    let mut word = 0;
    Errno::result(unsafe { libc::wait4(child.as_raw(), &mut word, 0, usage.as_mut_ptr()) })?;
    Ok(Remains {
        state: char::from(stat[after_name + 2]),
        resident_pages: pages[1],
        kill_succeeded,
        ended,
        peak_kib: unsafe { usage.assume_init() }.ru_maxrss,
    })
}

pub type Job = Box<dyn Fn() -> i32>;

pub fn limited(k: usize, jobs: &[Job]) -> io::Result<Vec<Ended>> {
    let mut waiting = jobs.iter().enumerate();
    let mut at_work: HashMap<Pid, usize> = HashMap::new();
    let mut results: HashMap<usize, Ended> = HashMap::new();
    let mut outcome = Ok(());
    loop {
        while outcome.is_ok() && at_work.len() < k {
            let Some((index, job)) = waiting.next() else { break };
            match unsafe { fork() } {
                Ok(ForkResult::Parent { child }) => {
                    at_work.insert(child, index);
                }
                Ok(ForkResult::Child) => unsafe { libc::_exit(job()) },
                Err(error) => outcome = Err(error),
            }
        }
        if at_work.is_empty() {
            break;
        }
        let dead = patiently(|| Id::All, WaitPidFlag::WNOWAIT)?;
        let Some((pid, _)) = end_of(dead) else { continue };
        let ended = reap_one(pid)?;
        if let Some(index) = at_work.remove(&pid) {
            results.insert(index, ended);
        }
    }
    outcome?;
    Ok((0..jobs.len()).map(|index| results[&index]).collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Died(Pid, Ended),
    Stop,
}

pub struct Reaper {
    before: SigSet,
    told_to_stop: bool,
}

static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn note(signal: libc::c_int) {
    if signal == libc::SIGTERM {
        STOP.store(true, Ordering::SeqCst);
    }
}

impl Reaper {
    pub fn new() -> io::Result<Self> {
        // Both are blocked but for the time of the sigsuspend, which lets them in and sleeps in
        // one step.
        let mut both = SigSet::empty();
        both.add(Signal::SIGCHLD);
        both.add(Signal::SIGTERM);
        let before = both.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let action = SigAction::new(SigHandler::Handler(note), SaFlags::empty(), SigSet::empty());
        unsafe { sigaction(Signal::SIGCHLD, &action) }?;
        unsafe { sigaction(Signal::SIGTERM, &action) }?;
        Ok(Self { before, told_to_stop: false })
    }

    #[expect(clippy::should_implement_trait, reason = "the contract's name")]
    pub fn next(&mut self) -> io::Result<News> {
        loop {
            match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG) {
                Ok(status) => {
                    if let Some((pid, ended)) = end_of(status) {
                        return Ok(News::Died(pid, ended));
                    }
                }
                Err(Errno::ECHILD) => {}
                Err(error) => return Err(error.into()),
            }
            if self.told_to_stop {
                self.told_to_stop = false;
                return Ok(News::Stop);
            }
            match self.before.suspend() {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            self.told_to_stop = STOP.swap(false, Ordering::SeqCst);
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}

pub fn daemonise(f: impl FnOnce() -> i32) -> io::Result<()> {
    match unsafe { fork() }? {
        ForkResult::Child => {
            let second = setsid().and_then(|_| unsafe { fork() });
            match second {
                Ok(ForkResult::Child) => unsafe { libc::_exit(f()) },
                Ok(ForkResult::Parent { .. }) => unsafe { libc::_exit(0) },
                Err(error) => unsafe { libc::_exit(error as i32) },
            }
        }
        ForkResult::Parent { child } => match reap_one(child)? {
            Ended::Exited(0) => Ok(()),
            Ended::Exited(code) => Err(Errno::from_raw(code).into()),
            Ended::Killed(_) => Err(io::ErrorKind::Other.into()),
        },
    }
}

pub fn new_parent() -> io::Result<Pid> {
    let (mut ask, mut asked) = io::pipe()?;
    let (mut told, mut tell) = io::pipe()?;
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(asked);
            if let Ok(ForkResult::Child) = unsafe { fork() } {
                // The caller closes its end when it has reaped our parent: end of file.
                let _ = ask.read(&mut [0]);
                let _ = tell.write(getppid().to_string().as_bytes());
            }
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop((ask, tell));
            reap_one(child)?;
            let _ = asked.flush();
            drop(asked);
            let mut answer = String::new();
            told.read_to_string(&mut answer)?;
            Ok(Pid::from_raw(answer.parse().map_err(io::Error::other)?))
        }
    }
}
