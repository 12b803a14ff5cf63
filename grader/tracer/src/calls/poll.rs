//! `poll`, `select`, `epoll_wait` and their relatives.

use super::Before;
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::Fd;
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// Descriptors that one call may name; more than any exercise needs.
const MOST: u64 = 1024;
const MILLISECOND: u64 = 1_000_000;

impl Run<'_> {
    /// The descriptors a call asks about, with the events it asks for.
    pub(crate) fn polled(&self, t: usize, call: &Call) -> Result<Vec<(Fd, i16)>> {
        let tid = self.tasks[t].tid;
        match call.number {
            libc::SYS_poll | libc::SYS_ppoll => {
                let mut asked = Vec::new();
                for n in 0..call.args[1].min(MOST) {
                    let word = memory::read_u64(tid, call.args[0] + 8 * n)?.to_le_bytes();
                    let [a, b, c, d, low, high, _, _] = word;
                    let fd = Fd::from_le_bytes([a, b, c, d]);
                    if fd >= 0 {
                        asked.push((fd, i16::from_le_bytes([low, high])));
                    }
                }
                Ok(asked)
            }
            libc::SYS_select | libc::SYS_pselect6 => {
                let mut asked = Vec::new();
                for (set, events) in [(1, libc::POLLIN), (2, libc::POLLOUT), (3, libc::POLLPRI)] {
                    for fd in self.in_set(t, call.args[set], call.args[0])? {
                        asked.push((fd, events));
                    }
                }
                Ok(asked)
            }
            _ => Ok(vec![(call.int(0), libc::POLLIN)]),
        }
    }

    fn in_set(&self, t: usize, set: u64, count: u64) -> Result<Vec<Fd>> {
        if set == 0 {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for fd in 0..Fd::try_from(count.min(MOST)).unwrap_or(0) {
            let place = u64::from(fd.unsigned_abs() / 64) * 8;
            if memory::read_u64(self.tasks[t].tid, set + place)? & (1 << (fd % 64)) != 0 {
                found.push(fd);
            }
        }
        Ok(found)
    }

    /// The call's time-out in nanoseconds; `None` for ever.
    pub(crate) fn poll_timeout(&self, t: usize, call: &Call) -> Result<Option<u64>> {
        let milliseconds = |n: usize| {
            u64::try_from(call.int(n)).ok().map(|length| length.saturating_mul(MILLISECOND))
        };
        let time = |address: u64, unit: u64| {
            if address == 0 {
                return Ok(None);
            }
            let seconds = memory::read_u64(self.tasks[t].tid, address)?;
            let fraction = memory::read_u64(self.tasks[t].tid, address + 8)?;
            let length =
                seconds.saturating_mul(1_000_000_000).saturating_add(fraction.saturating_mul(unit));
            Ok(Some(length))
        };
        match call.number {
            libc::SYS_poll => Ok(milliseconds(2)),
            libc::SYS_epoll_wait | libc::SYS_epoll_pwait => Ok(milliseconds(3)),
            libc::SYS_ppoll => time(call.args[2], 1),
            libc::SYS_select => time(call.args[4], 1000),
            libc::SYS_pselect6 => time(call.args[4], 1),
            _ => Ok(None),
        }
    }

    /// When its time is up, the kernel is shown a time-out of 0, so that it answers at once and
    /// fills in the results itself.
    pub(super) fn before_poll(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        if self.tasks[t].expired {
            let mut registers = call.registers;
            match call.number {
                libc::SYS_poll => registers.rdx = 0,
                libc::SYS_epoll_wait | libc::SYS_epoll_pwait => registers.r10 = 0,
                other => {
                    let address =
                        if other == libc::SYS_ppoll { call.args[2] } else { call.args[4] };
                    memory::write(self.tasks[t].tid, address, &[0; 16])?;
                }
            }
            stopped.set_registers(&registers)?;
        }
        Ok(Before::Run(stopped))
    }
}
