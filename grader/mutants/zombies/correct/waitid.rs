//! correct: looks with waitid and WNOWAIT, then reaps who is dead

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    Killed(i32),
}

fn patiently(child: Pid, flags: WaitPidFlag) -> nix::Result<WaitStatus> {
    loop {
        match waitid(Id::Pid(child), flags) {
            Err(Errno::EINTR) => continue,
            other => return other,
        }
    }
}

pub fn reap_one(child: Pid) -> io::Result<Ended> {
    // Wait until it is dead, and only then take it away.
    patiently(child, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    match patiently(child, WaitPidFlag::WEXITED)? {
        WaitStatus::Exited(_, code) => Ok(Ended::Exited(code)),
        WaitStatus::Signaled(_, signal, _) => Ok(Ended::Killed(signal as i32)),
        other => Err(io::Error::other(format!("{other:?} is no end"))),
    }
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
