//! Alarms and timers that send signals, in virtual time. Nothing of them runs in the kernel but
//! the numbers of timers. Source: `alarm(2)`, `setitimer(2)`, `timer_create(2)`.

use super::time::{MICROSECOND, SECOND, pair};
use crate::clock::Clock;
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use crate::timers::{Countdown, Timer};
use forklings_model::ProcId;
use forklings_sys::memory;

const FAULT: Option<i64> = Some(-(libc::EFAULT as i64));
const INVALID: Option<i64> = Some(-(libc::EINVAL as i64));

impl Run<'_> {
    /// `alarm`, `setitimer` and `getitimer`. Timers that count CPU time are the kernel's, and not
    /// replayable.
    pub(super) fn set_alarm(&mut self, t: usize, call: &Call) -> Result<Option<i64>> {
        let proc = self.tasks[t].id.proc;
        let tid = self.tasks[t].tid;
        let old = self.alarms.get(&proc).copied().unwrap_or_default();
        let (left, again) = old.left(self.clock.now());
        if call.number == libc::SYS_alarm {
            self.set(proc, u64::from(call.int(0).cast_unsigned()) * SECOND, 0);
            return Ok(i64::try_from(left.div_ceil(SECOND)).ok());
        }
        let sets = call.number == libc::SYS_setitimer;
        if call.int(0) != libc::ITIMER_REAL {
            if sets {
                self.unmodelled(t, call.number);
            }
            return Ok(None);
        }
        let (new, place) = if sets { (call.args[1], call.args[2]) } else { (0, call.args[1]) };
        if new != 0 {
            let Some((value, interval)) = read_setting(tid, new, MICROSECOND) else {
                return Ok(FAULT);
            };
            self.set(proc, value, interval);
        }
        Ok(write_setting(tid, place, (left, again), MICROSECOND))
    }

    fn set(&mut self, proc: ProcId, length: u64, interval: u64) {
        if length == 0 {
            self.alarms.remove(&proc);
        } else {
            self.alarms.insert(proc, Countdown::until(self.clock.now() + length, interval));
        }
    }

    /// `timer_create` has returned: the kernel has given the timer a number, which is all that it
    /// does for it.
    pub(super) fn after_timer_create(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        let tid = self.tasks[t].tid;
        if result != 0 {
            return Ok(());
        }
        let id = memory::read_u32(tid, call.args[2])?.cast_signed();
        let mut timer = Timer {
            clock: call.int(0),
            countdown: Countdown::default(),
            signal: Some(libc::SIGALRM),
            value: u64::from(id.cast_unsigned()),
            thread: None,
            overrun: 0,
        };
        if call.args[1] != 0 {
            // `struct sigevent`: value, signal, how, thread. Source: sigevent(3type).
            timer.value = memory::read_u64(tid, call.args[1])?;
            let word = |n: u64| memory::read_u32(tid, call.args[1] + 8 + 4 * n);
            let how = word(1)?.cast_signed();
            timer.signal = (how != libc::SIGEV_NONE).then_some(word(0)?.cast_signed());
            if how & libc::SIGEV_THREAD_ID != 0 {
                timer.thread = Some(self.host_thread(t, word(2)?.cast_signed()));
            }
        }
        self.timers.insert((self.tasks[t].id.proc, id), timer);
        Ok(())
    }

    /// The host's number of a thread that a task's process knows by `inside`.
    fn host_thread(&self, t: usize, inside: i32) -> i32 {
        let proc = self.tasks[t].id.proc;
        let mut threads = self.tasks.iter().filter(|task| task.id.proc == proc);
        threads.find(|task| self.pid_inside(task.tid).0 == inside).map_or(inside, |task| task.tid)
    }

    /// `timer_settime`, `timer_gettime`, `timer_getoverrun`, `timer_delete`. `None`: the kernel
    /// shall answer, because it is its timer or none at all.
    pub(super) fn use_timer(&mut self, t: usize, call: &Call) -> Option<i64> {
        let key = (self.tasks[t].id.proc, call.int(0));
        let tid = self.tasks[t].tid;
        let now = self.clock.now();
        let timer = self.timers.get_mut(&key)?;
        if is_cpu_clock(timer.clock) {
            if call.number == libc::SYS_timer_settime {
                self.unmodelled(t, call.number);
            }
            return None;
        }
        match call.number {
            libc::SYS_timer_settime => {
                let Some(setting) = read_setting(tid, call.args[2], 1) else { return FAULT };
                if !is_valid(tid, call.args[2]) {
                    return INVALID;
                }
                let absolute = call.int(1) & libc::TIMER_ABSTIME != 0;
                let old = timer.countdown.left(now);
                timer.countdown = countdown(setting, absolute, timer.clock, &self.clock);
                write_setting(tid, call.args[3], old, 1)
            }
            libc::SYS_timer_gettime => {
                write_setting(tid, call.args[1], timer.countdown.left(now), 1)
            }
            libc::SYS_timer_getoverrun => Some(i64::from(timer.overrun)),
            _ => {
                self.timers.remove(&key);
                None
            }
        }
    }
}

/// A countdown for a `struct itimerspec` or what corresponds to it: (value, interval).
pub(super) fn countdown(
    (value, interval): (u64, u64),
    absolute: bool,
    id: i32,
    clock: &Clock,
) -> Countdown {
    let now = clock.now();
    match (value, absolute) {
        (0, _) => Countdown::default(),
        (value, true) => {
            Countdown::until(value.saturating_sub(clock.origin(id)).max(now), interval)
        }
        (value, false) => Countdown::until(now.saturating_add(value), interval),
    }
}

/// Whether a clock counts CPU time. Source: `clock_getres(2)`; negative ones are of a process.
fn is_cpu_clock(clock: i32) -> bool {
    clock < 0 || matches!(clock, libc::CLOCK_PROCESS_CPUTIME_ID | libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Reads interval and value, each as seconds and a fraction in `unit` nanoseconds; gives value and
/// interval in nanoseconds.
pub(super) fn read_setting(tid: i32, place: u64, unit: u64) -> Option<(u64, u64)> {
    let mut words = [0u64; 4];
    for (n, word) in (0u64..).zip(&mut words) {
        *word = memory::read_u64(tid, place + 8 * n).ok()?;
    }
    let time = |seconds: u64, fraction: u64| {
        let length = seconds.saturating_mul(SECOND).saturating_add(fraction.saturating_mul(unit));
        length.min(u64::MAX / 4)
    };
    Some((time(words[2], words[3]), time(words[0], words[1])))
}

/// Whether the nanoseconds of a `struct itimerspec` are less than a second.
pub(super) fn is_valid(tid: i32, place: u64) -> bool {
    [8, 24].iter().all(|n| memory::read_u64(tid, place + n).is_ok_and(|part| part < SECOND))
}

/// Writes what is left of a setting, unless the place is null; gives the call's result.
pub(super) fn write_setting(
    tid: i32,
    place: u64,
    (left, interval): (u64, u64),
    unit: u64,
) -> Option<i64> {
    if place == 0 {
        return Some(0);
    }
    let both = [pair(interval, unit), pair(left, unit)].concat();
    if memory::write(tid, place, &both).is_err() { FAULT } else { Some(0) }
}
