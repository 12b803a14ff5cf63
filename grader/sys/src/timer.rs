//! Timers whose time somebody else decides: descriptors that are made to look expired, and the
//! signals that timers send. Source: `timerfd_create(2)`, `timer_create(2)`.

use crate::error::{Result, SysError, check};
use std::os::fd::AsRawFd;
use std::ptr;

/// Makes a timer descriptor look expired once, and waits until it does.
///
/// # Errors
/// EINVAL when it is no timer.
pub fn expire(timer: &impl AsRawFd) -> Result<()> {
    // One nanosecond after the clock's beginning is long past.
    set(timer, 1)?;
    match crate::descriptor::poll(&[(timer.as_raw_fd(), libc::POLLIN)], 10_000)?[..] {
        [events] if events != 0 => Ok(()),
        _ => Err(SysError { operation: "timerfd", pid: None, errno: libc::ETIME }),
    }
}

/// Makes a timer descriptor look as if it had never expired.
///
/// # Errors
/// EINVAL when it is no timer.
pub fn silence(timer: &impl AsRawFd) -> Result<()> {
    set(timer, 0)
}

fn set(timer: &impl AsRawFd, nanoseconds: i64) -> Result<()> {
    let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let value = libc::timespec { tv_sec: 0, tv_nsec: nanoseconds };
    let new = libc::itimerspec { it_interval: zero, it_value: value };
    // SAFETY: `new` is live; the old value is not asked for.
    let result = unsafe {
        libc::timerfd_settime(
            timer.as_raw_fd(),
            libc::TFD_TIMER_ABSTIME,
            &raw const new,
            ptr::null_mut(),
        )
    };
    check(result, "timerfd_settime", None).map(|_| ())
}

/// What a timer's signal tells its receiver.
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    /// The signal.
    pub signal: i32,
    /// The timer's number (`si_timerid`).
    pub timer: i32,
    /// Expiries that no signal was sent for (`si_overrun`).
    pub overrun: i32,
    /// The value given with the timer (`si_value`).
    pub value: u64,
}

/// Sends a timer's signal to a process, or to one thread of it.
///
/// # Errors
/// ESRCH when it is gone, EAGAIN when too many signals are queued.
pub fn send(pid: i32, thread: Option<i32>, expiry: Expiry) -> Result<()> {
    // A `siginfo_t` is 128 bytes; for SI_TIMER the fields stand at 0, 8, 16, 20 and 24. Source:
    // asm-generic/siginfo.h.
    let mut info = [0u64; 16];
    let pair = |low: i32, high: i32| {
        u64::from(low.cast_unsigned()) | u64::from(high.cast_unsigned()) << 32
    };
    info[0] = pair(expiry.signal, 0);
    info[1] = pair(libc::SI_TIMER, 0);
    info[2] = pair(expiry.timer, expiry.overrun);
    info[3] = expiry.value;
    let info = info.as_ptr();
    let result = match thread {
        // SAFETY: the kernel reads 128 bytes at `info`.
        None => unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, pid, expiry.signal, info) },
        // SAFETY: as above.
        Some(tid) => unsafe {
            libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid, expiry.signal, info)
        },
    };
    check(result, "rt_sigqueueinfo", Some(pid)).map(|_| ())
}
