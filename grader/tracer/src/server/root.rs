//! Roots: the processes with which runs begin, each cloned from the server and all of one number.

use super::{Server, lost, reap};
use crate::error::Result;
use crate::follow::await_release;
use forklings_sys::ptrace::{self, Halt, Running, Stopped};
use std::io::{Seek, SeekFrom};

/// Pid of every root, where the namespace allows to choose.
pub(crate) const ROOT_PID: i32 = 100;
/// Roots that are cloned at most until one has it.
const TRIES: u32 = 100;

/// A process that was just cloned from the server, stopped at the entry point.
pub(crate) struct Root {
    pub(crate) stopped: Stopped,
    pub(crate) pid: i32,
}

impl Server {
    /// Clones a root, in its own session, with empty output files and input at its beginning.
    pub(crate) fn root(&mut self) -> Result<Root> {
        self.rewind().map_err(|error| lost(format!("standard streams: {error}")))?;
        let (child, pid) = self.numbered_root()?;
        let Halt::Stopped(root, _) = child.wait()? else {
            return Err(lost("the root died at birth"));
        };
        // A session of its own: `kill(0, …)` shall not reach the server.
        let (root, _) = self.perform(root, libc::SYS_setsid, [0; 4])?;
        if let Some(code) = self.replaced {
            root.poke(self.syscall, code)?;
        }
        root.set_registers(&self.registers)?;
        Ok(Root { stopped: root, pid })
    }

    /// Clones a root that has the number of all roots, where it can be chosen; gives its pid.
    fn numbered_root(&self) -> Result<(Running, i32)> {
        for _ in 0..TRIES {
            let (child, pid) = self.clone_root()?;
            if !self.held.isolation.namespaces || pid == ROOT_PID {
                return Ok((child, pid));
            }
            // The root of the run before is gone for everybody who asks, and its number is given back a
            // moment later. Source: Linux, kernel/exit.c, `release_task`.
            let host = child.tid();
            ptrace::kill(host, libc::SIGKILL)?;
            reap(child);
            await_release(host);
        }
        Err(lost(format!("no root got pid {ROOT_PID}")))
    }

    fn clone_root(&self) -> Result<(Running, i32)> {
        if self.held.isolation.namespaces {
            self.held.init.set_next_pid(ROOT_PID)?;
        }
        let mut flags = libc::CLONE_PARENT | libc::SIGCHLD;
        if self.tid_address != 0 {
            flags |= libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID;
        }
        let server = self.take()?;
        let flags = u64::from(flags.unsigned_abs());
        let (server, child) =
            self.perform(server, libc::SYS_clone, [flags, 0, 0, self.tid_address])?;
        let pid = i32::try_from(server.registers()?.rax.cast_signed()).unwrap_or(-1);
        self.put_back(server);
        match child {
            Some(child) => Ok((child, pid)),
            None => Err(lost(format!("the fork server could not clone: {pid}"))),
        }
    }

    fn rewind(&mut self) -> std::io::Result<()> {
        self.stdin.seek(SeekFrom::Start(0))?;
        self.stdout.set_len(0)?;
        self.stderr.set_len(0)
    }
}
