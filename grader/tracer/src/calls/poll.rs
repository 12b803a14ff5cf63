//! `poll`, `select`, `epoll_wait` and their relatives. They are performed only when something is
//! there, or their time is up, and then without waiting: a mistake of the oracle shows as an empty
//! answer, and the task is put back. Source: `poll(2)`, `select(2)`, `epoll_wait(2)`.

use super::Before;
use super::time::{MICROSECOND, SECOND, pair};
use crate::attempt::{Attempt, Class};
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, Fd, WaitsFor};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// Descriptors that one call may name; more than any exercise needs.
const MOST: u64 = 1024;
const MILLISECOND: u64 = 1_000_000;

impl Run<'_> {
    /// Whether any descriptor of such a call is ready already; what it waits for otherwise.
    pub(crate) fn waits_for_any(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        // What cannot be read is the kernel's to refuse.
        let Some(asked) = self.polled(t, call) else { return Ok(None) };
        if !self.still_refused(t) {
            for &(fd, events) in &asked {
                if self.shows(t, fd, events)? {
                    return Ok(None);
                }
            }
        }
        let Some(timeout) = self.poll_timeout(t, call) else { return Ok(None) };
        if timeout == Some(0) {
            return Ok(None);
        }
        if self.tasks[t].deadline.is_none() {
            self.tasks[t].deadline = timeout.map(|length| self.clock.now().saturating_add(length));
        }
        Ok(Some(WaitsFor::AnyOf { fds: asked.into_iter().map(|(fd, _)| fd).collect() }))
    }

    /// Whether a call asks about nothing and has a time-out: `poll(NULL, 0, 10)`, `select` without
    /// sets. That is another way to sleep. Gives its length.
    pub(crate) fn sleeps_in_poll(&self, t: usize, call: &Call) -> Option<u64> {
        let polls = matches!(
            call.number,
            libc::SYS_poll | libc::SYS_ppoll | libc::SYS_select | libc::SYS_pselect6
        );
        let sleeps = polls
            && self.mask_given(t, call).is_none()
            && self.polled(t, call).is_some_and(|asked| asked.is_empty());
        if !sleeps {
            return None;
        }
        self.poll_timeout(t, call).flatten().filter(|&length| length > 0)
    }

    /// The descriptors a call asks about, with the events it asks for; `None` when they cannot be
    /// read.
    fn polled(&self, t: usize, call: &Call) -> Option<Vec<(Fd, i16)>> {
        let tid = self.tasks[t].tid;
        let mut asked = Vec::new();
        match call.number {
            libc::SYS_poll | libc::SYS_ppoll => {
                for n in 0..call.args[1].min(MOST) {
                    let word = memory::read_u64(tid, call.args[0] + 8 * n).ok()?.to_le_bytes();
                    let [a, b, c, d, low, high, _, _] = word;
                    let fd = Fd::from_le_bytes([a, b, c, d]);
                    if fd >= 0 {
                        asked.push((fd, i16::from_le_bytes([low, high])));
                    }
                }
            }
            libc::SYS_select | libc::SYS_pselect6 => {
                for (set, events) in [(1, libc::POLLIN), (2, libc::POLLOUT), (3, libc::POLLPRI)] {
                    for fd in self.in_set(t, call.args[set], call.args[0])? {
                        asked.push((fd, events));
                    }
                }
            }
            _ => asked.push((call.int(0), libc::POLLIN)),
        }
        Some(asked)
    }

    fn in_set(&self, t: usize, set: u64, count: u64) -> Option<Vec<Fd>> {
        if set == 0 {
            return Some(Vec::new());
        }
        let mut bytes = vec![0u8; set_length(count)];
        memory::exact(self.tasks[t].tid, set, &mut bytes).ok()?;
        let is_in = |fd: &Fd| {
            let fd = fd.unsigned_abs();
            bytes.get(fd as usize / 8).is_some_and(|byte| byte & (1 << (fd % 8)) != 0)
        };
        Some((0..Fd::try_from(count.min(MOST)).unwrap_or(0)).filter(is_in).collect())
    }

    /// The call's time-out in nanoseconds, `Some(None)` for ever; `None` when it cannot be read.
    #[expect(clippy::option_option, reason = "two different absences")]
    fn poll_timeout(&self, t: usize, call: &Call) -> Option<Option<u64>> {
        let milliseconds = |n: usize| {
            u64::try_from(call.int(n)).ok().map(|length| length.saturating_mul(MILLISECOND))
        };
        let time = |address: u64, unit: u64| {
            if address == 0 {
                return Some(None);
            }
            let seconds = memory::read_u64(self.tasks[t].tid, address).ok()?;
            let fraction = memory::read_u64(self.tasks[t].tid, address + 8).ok()?;
            Some(Some(seconds.saturating_mul(SECOND).saturating_add(fraction.saturating_mul(unit))))
        };
        match call.number {
            libc::SYS_poll => Some(milliseconds(2)),
            libc::SYS_epoll_wait | libc::SYS_epoll_pwait => Some(milliseconds(3)),
            libc::SYS_epoll_pwait2 => time(call.args[3], 1),
            libc::SYS_ppoll => time(call.args[2], 1),
            libc::SYS_select => time(call.args[4], MICROSECOND),
            _ => time(call.args[4], 1),
        }
    }

    /// Shows the kernel a time-out of 0, so that it answers at once and fills in the results
    /// itself. Only a call that a signal shall end is left as it is.
    pub(super) fn before_poll(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        for (fd, _) in self.polled(t, call).unwrap_or_default() {
            self.reveal_watched(t, fd)?;
        }
        let timeout = self.poll_timeout(t, call);
        let expired = self.tasks[t].expired;
        if matches!(timeout, None | Some(Some(0)))
            || (!expired && self.is_interrupted(t, &stopped, call)?)
        {
            return Ok(Before::Run(stopped));
        }
        let mut registers = call.registers;
        match call.number {
            libc::SYS_poll => registers.rdx = 0,
            libc::SYS_epoll_wait | libc::SYS_epoll_pwait => registers.r10 = 0,
            other => {
                let Some(zero) = self.scratch(t, call, &[0; 16]) else {
                    self.tasks[t].may_block = true;
                    return Ok(Before::Run(stopped));
                };
                match other {
                    libc::SYS_ppoll => registers.rdx = zero,
                    libc::SYS_epoll_pwait2 => registers.r10 = zero,
                    _ => registers.r8 = zero,
                }
            }
        }
        let mut attempt = Attempt::new(0, Class::Steps);
        if matches!(call.number, libc::SYS_select | libc::SYS_pselect6) {
            // An empty answer empties the sets.
            for set in call.args[1..4].iter().copied().filter(|&set| set != 0) {
                let mut bytes = vec![0; set_length(call.args[0])];
                if memory::exact(self.tasks[t].tid, set, &mut bytes).is_ok() {
                    attempt.overwritten.push((set, bytes));
                }
            }
        }
        self.attempt(t, &stopped, &registers, attempt)?;
        Ok(Before::Run(stopped))
    }

    /// Such a call has returned.
    pub(super) fn after_poll(&mut self, t: usize, call: &Call, result: i64) {
        if result == 0 && self.tasks[t].expired {
            match self.sleeps_in_poll(t, call) {
                Some(asked) => self.emit(t, EventKind::Slept { asked, interrupted: false }),
                None => self.timed_out(t, call.number),
            }
        } else if result == 0 {
            self.in_vain(t, call.number);
        } else if result > 0 {
            // Knowing that something is there is no progress until it is taken: a thread that looks
            // again and again while another is to take it would go on for ever.
            self.tasks[t].polls += 1;
        }
        // Linux tells in the time-out how much of it was left. Source: select(2), ppoll(2).
        let (place, unit) = match call.number {
            libc::SYS_select => (call.args[4], MICROSECOND),
            libc::SYS_pselect6 => (call.args[4], 1),
            libc::SYS_ppoll => (call.args[2], 1),
            _ => return,
        };
        if let Some(deadline) = self.tasks[t].deadline
            && place != 0
        {
            let left = deadline.saturating_sub(self.clock.now());
            // A time-out in read-only memory stays what it is, as the kernel leaves it.
            drop(memory::write(self.tasks[t].tid, place, &pair(left, unit)));
        }
    }
}

/// Bytes of a set of `count` descriptors.
fn set_length(count: u64) -> usize {
    usize::try_from(count.min(MOST)).unwrap_or(0).div_ceil(64) * 8
}
