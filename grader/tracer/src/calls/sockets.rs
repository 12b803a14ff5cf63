//! Connecting, and moving bytes without reading them. Source: `connect(2)`, `splice(2)`.

use super::Before;
use crate::attempt::{Attempt, Class};
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::WaitsFor;
use forklings_sys::ptrace::Stopped;
use forklings_sys::{descriptor, socket};
use std::os::fd::AsRawFd;

/// `SPLICE_F_NONBLOCK`. Source: `splice(2)`.
const SPLICE_NONBLOCK: u64 = 2;

/// Whether the program itself says that moving bytes shall not wait. Source: `splice(2)`, `tee(2)`,
/// `vmsplice(2)`, SPLICE_F_NONBLOCK.
pub(super) fn asks_not_to_wait(call: &Call) -> bool {
    let flags = match call.number {
        libc::SYS_splice => call.args[5],
        libc::SYS_tee | libc::SYS_vmsplice => call.args[3],
        _ => 0,
    };
    flags & SPLICE_NONBLOCK != 0
}

impl Run<'_> {
    /// What connecting waits for, once it was refused.
    pub(crate) fn waits_to_connect(&self, t: usize, call: &Call) -> Option<WaitsFor> {
        self.still_refused(t).then(|| WaitsFor::Connection { fd: call.int(0) })
    }

    /// A UNIX socket waits while the listener's queue is full. On the loopback interface the three
    /// packets of TCP are exchanged before the call returns, unless that queue is full; then the
    /// kernel tries again in real time.
    pub(super) fn before_connect(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let Some(copy) = self.copy(t, call.int(0)) else { return Ok(Before::Run(stopped)) };
        if self.is_interrupted(t, &stopped, call)? {
            return Ok(Before::Run(stopped));
        }
        if socket::family(copy.as_raw_fd()) == Ok(libc::AF_UNIX) {
            self.attempt_nonblocking(t, &stopped, call, (copy, Class::Connections))?;
        } else {
            self.tasks[t].may_block = true;
        }
        Ok(Before::Run(stopped))
    }

    /// `splice`, `tee`, `vmsplice` and `sendfile` may move less than asked for, so all of them can
    /// be made not to wait.
    pub(super) fn before_splice(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        if self.is_interrupted(t, &stopped, call)? {
            return Ok(Before::Run(stopped));
        }
        let mut registers = call.registers;
        let ends: &[usize] = match call.number {
            libc::SYS_splice => {
                registers.r9 |= SPLICE_NONBLOCK;
                &[0, 2]
            }
            libc::SYS_tee => {
                registers.r10 |= SPLICE_NONBLOCK;
                &[0, 1]
            }
            libc::SYS_vmsplice => {
                registers.r10 |= SPLICE_NONBLOCK;
                &[0]
            }
            _ => {
                if let Some(copy) = self.copy(t, call.int(0)) {
                    self.attempt_nonblocking(t, &stopped, call, (copy, Class::Steps))?;
                }
                return Ok(Before::Run(stopped));
            }
        };
        let mut waits = !asks_not_to_wait(call);
        for &end in ends {
            if let Some(copy) = self.copy(t, call.int(end)) {
                waits &= descriptor::status_flags(copy.as_raw_fd())? & libc::O_NONBLOCK == 0;
            }
            // A socket does not look at the flag.
            self.tasks[t].may_block |= self.is_socket(t, call.int(end));
        }
        if waits {
            let attempt = Attempt::new(libc::EAGAIN, Class::Steps);
            self.attempt(t, &stopped, &registers, attempt)?;
        }
        Ok(Before::Run(stopped))
    }
}
