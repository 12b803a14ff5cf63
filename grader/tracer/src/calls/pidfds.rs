//! Descriptors that refer to processes. Source: `pidfd_open(2)`.

use crate::error::Result;
use crate::run::Run;
use crate::special::Special;
use crate::task::Call;
use forklings_model::{Fd, ProcId, SignalTarget};
use forklings_sys::{descriptor, memory};
use std::os::fd::AsRawFd;

/// `CLONE_PIDFD`. Source: linux/sched.h.
const CLONE_PIDFD: u64 = 0x1000;

impl Run<'_> {
    pub(super) fn made_pidfd(&mut self, t: usize, fd: Fd, pid: i32) {
        // The newest of that pid: pids may repeat within a long run.
        let known = self.processes.iter().rev().find(|p| p.pid.0 == pid).map(|p| p.id);
        if let Some(proc) = known {
            let object = self.object_of(t, fd);
            self.special.insert(object, Special::Process(proc));
        }
    }

    /// A call of the fork family has returned; it may have made a descriptor for the child.
    pub(super) fn made_pidfd_by_clone(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        let pid = i32::try_from(result).unwrap_or(-1);
        if pid <= 0 || self.clone_flags(t, call) & CLONE_PIDFD == 0 {
            return Ok(());
        }
        let tid = self.tasks[t].tid;
        let place = match call.number {
            libc::SYS_clone => call.args[2],
            _ => memory::read_u64(tid, call.args[0] + 8)?,
        };
        let fd = memory::read_u32(tid, place)?.cast_signed();
        self.made_other(t, call, fd);
        self.made_pidfd(t, fd, pid);
        Ok(())
    }

    /// The process that a task's descriptor refers to, if it is one of the run.
    pub(super) fn process_of_pidfd(&self, t: usize, fd: Fd) -> Option<ProcId> {
        match self.special_of(t, fd)? {
            Special::Process(proc) => Some(*proc),
            Special::Signals(_) | Special::Timer(_) | Special::Epoll(_) => None,
        }
    }

    /// The pid behind a pidfd; one that no child has where it is not known.
    pub(super) fn pid_behind(&self, t: usize, fd: Fd) -> i32 {
        self.process_of_pidfd(t, fd)
            .and_then(|proc| self.processes.iter().find(|p| p.id == proc))
            .map_or(i32::MAX, |p| p.pid.0)
    }

    /// Whether waiting for a pidfd never blocks. Source: `pidfd_open(2)`, PIDFD_NONBLOCK.
    pub(super) fn is_nonblocking(&self, t: usize, fd: Fd) -> bool {
        self.copy(t, fd).is_some_and(|copy| {
            descriptor::status_flags(copy.as_raw_fd())
                .is_ok_and(|flags| flags & libc::O_NONBLOCK != 0)
        })
    }

    /// Whom `pidfd_send_signal` is for.
    pub(super) fn pidfd_target(&self, t: usize, fd: Fd) -> SignalTarget {
        match self.process_of_pidfd(t, fd) {
            Some(proc) => SignalTarget::Process(proc),
            None => SignalTarget::Nobody(forklings_model::Pid(-1)),
        }
    }
}
