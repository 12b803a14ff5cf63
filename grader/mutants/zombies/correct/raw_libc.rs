//! correct: libc alone, status words taken apart by hand

use nix::unistd::Pid;
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    Killed(i32),
}

fn ended(status: i32) -> Ended {
    if libc::WIFSIGNALED(status) {
        Ended::Killed(libc::WTERMSIG(status))
    } else {
        Ended::Exited(libc::WEXITSTATUS(status))
    }
}

pub fn reap_one(child: Pid) -> io::Result<Ended> {
    let mut status = 0;
    while unsafe { libc::waitpid(child.as_raw(), &mut status, 0) } == -1 {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINTR) {
            return Err(error);
        }
    }
    Ok(ended(status))
}

pub fn reap_all(children: &[Pid]) -> io::Result<Vec<(Pid, Ended)>> {
    // Last first: any order will do.
    let results: Vec<_> = children.iter().rev().map(|&c| (c, reap_one(c))).collect();
    results.into_iter().map(|(child, result)| result.map(|ended| (child, ended))).collect()
}
