//! Time: clocks and sleeps, all virtual. Randomness too, since both would make runs differ.

use super::Before;
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::EventKind;
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

pub(super) const SECOND: u64 = 1_000_000_000;
pub(super) const MICROSECOND: u64 = 1_000;

impl Run<'_> {
    /// Answers a look at a clock.
    pub(super) fn tell_time(&mut self, t: usize, call: &Call) -> Result<Option<i64>> {
        let tid = self.tasks[t].tid;
        let (clock, place, unit) = match call.number {
            libc::SYS_clock_gettime => (call.int(0), call.args[1], 1),
            libc::SYS_gettimeofday => (libc::CLOCK_REALTIME, call.args[0], MICROSECOND),
            _ => (libc::CLOCK_REALTIME, call.args[0], SECOND),
        };
        let now = self.clock.read(clock);
        if call.number == libc::SYS_time {
            if place != 0 && memory::write(tid, place, &(now / SECOND).to_le_bytes()).is_err() {
                return Ok(Some(-i64::from(libc::EFAULT)));
            }
            return Ok(i64::try_from(now / SECOND).ok());
        }
        if place != 0 && memory::write(tid, place, &pair(now, unit)).is_err() {
            return Ok(Some(-i64::from(libc::EFAULT)));
        }
        Ok(Some(0))
    }

    /// Answers `times`: no CPU time is ever used up; ticks are hundredths of a second.
    pub(super) fn tell_ticks(&mut self, t: usize, call: &Call) -> Option<i64> {
        let now = self.clock.read(libc::CLOCK_MONOTONIC);
        let place = call.args[0];
        if place != 0 && memory::write(self.tasks[t].tid, place, &[0; 32]).is_err() {
            return Some(-i64::from(libc::EFAULT));
        }
        i64::try_from(now / (SECOND / 100)).ok()
    }

    /// Answers `getrandom` from the schedule's own stream.
    pub(super) fn give_random(&mut self, t: usize, call: &Call) -> Result<Option<i64>> {
        let count = usize::try_from(call.args[1].min(1 << 16)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend(self.subject_random.next().to_le_bytes());
        }
        bytes.truncate(count);
        if count > 0 && memory::write(self.tasks[t].tid, call.args[0], &bytes).is_err() {
            return Ok(Some(-i64::from(libc::EFAULT)));
        }
        Ok(i64::try_from(count).ok())
    }

    /// When a sleep ends; `None` when its arguments cannot be read, which the kernel will say.
    pub(crate) fn sleep_deadline(&self, t: usize, call: &Call) -> Result<Option<u64>> {
        let (place, absolute) = match call.number {
            libc::SYS_nanosleep => (call.args[0], false),
            _ => (call.args[2], call.int(1) & libc::TIMER_ABSTIME != 0),
        };
        let Ok(length) = self.read_timespec(t, place) else { return Ok(None) };
        Ok(Some(if absolute {
            length.saturating_sub(self.clock.origin(call.int(0))).max(self.clock.now())
        } else {
            // No sleep is free, or a loop of empty ones would never end.
            self.clock.now() + length.max(MICROSECOND)
        }))
    }

    pub(super) fn before_sleep(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let Some(deadline) = self.tasks[t].deadline else { return Ok(Before::Run(stopped)) };
        let (length, rest, relative) = match call.number {
            libc::SYS_nanosleep => (call.args[0], call.args[1], true),
            _ => (call.args[2], call.args[3], call.int(1) & libc::TIMER_ABSTIME == 0),
        };
        let asked = if relative { self.read_timespec(t, length).unwrap_or(0) } else { 0 };
        if self.tasks[t].expired {
            self.emit(t, EventKind::Slept { asked, interrupted: false });
            return Ok(Before::Skip(stopped, 0));
        }
        let left = deadline.saturating_sub(self.clock.now());
        if rest != 0 && relative {
            // Where nothing can be written the program gets no answer, as from the kernel.
            drop(memory::write(self.tasks[t].tid, rest, &pair(left, 1)));
        }
        self.emit(t, EventKind::Slept { asked, interrupted: true });
        Ok(Before::Skip(stopped, -i64::from(libc::EINTR)))
    }

    /// A `struct timespec`, in nanoseconds.
    pub(crate) fn read_timespec(&self, t: usize, place: u64) -> Result<u64> {
        let seconds = memory::read_u64(self.tasks[t].tid, place)?;
        let nanoseconds = memory::read_u64(self.tasks[t].tid, place + 8)?;
        Ok(seconds.saturating_mul(SECOND).saturating_add(nanoseconds).min(u64::MAX / 4))
    }
}

/// Seconds and the rest in `unit` nanoseconds, as the kernel lays them out.
pub(super) fn pair(time: u64, unit: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(time / SECOND).to_le_bytes());
    bytes[8..].copy_from_slice(&(time % SECOND / unit).to_le_bytes());
    bytes
}
