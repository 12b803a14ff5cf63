//! Pinning, priorities and CPU clocks. Source: `sched(7)`, `clock_getcpuclockid(3)`.

use crate::error::{Result, check};
use std::mem::{self, MaybeUninit};

/// Processors that the calling thread may run on, ascending.
///
/// # Errors
/// Those of `sched_getaffinity(2)`; none is expected.
pub fn allowed() -> Result<Vec<usize>> {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the kernel writes at most the size given.
    let result =
        unsafe { libc::sched_getaffinity(0, mem::size_of::<libc::cpu_set_t>(), set.as_mut_ptr()) };
    check(result, "sched_getaffinity", None)?;
    // SAFETY: all bit patterns are valid, and it was zeroed first.
    let set = unsafe { set.assume_init() };
    // SAFETY: every index is below CPU_SETSIZE.
    Ok((0..1024).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}

/// Restricts the calling thread, and what it starts from now on, to these processors.
///
/// # Errors
/// EINVAL when none of them exists.
pub fn pin(cpus: &[usize]) -> Result<()> {
    // SAFETY: an all-zero set is valid and empty.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    for &cpu in cpus.iter().filter(|&&cpu| cpu < 1024) {
        // SAFETY: the index is in range.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    // SAFETY: the kernel reads the size given from a valid set.
    let result =
        unsafe { libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), &raw const set) };
    check(result, "sched_setaffinity", None).map(|_| ())
}

/// Gives a thread (0 for the caller) a real-time priority: it runs before everything ordinary, and
/// what it starts from now on inherits that. Source: `sched(7)`, SCHED_FIFO.
///
/// # Errors
/// EPERM without CAP_SYS_NICE or a limit that allows it.
pub fn real_time(tid: i32, priority: i32) -> Result<()> {
    let parameter = libc::sched_param { sched_priority: priority };
    // SAFETY: `parameter` is a valid place.
    let result = unsafe { libc::sched_setscheduler(tid, libc::SCHED_FIFO, &raw const parameter) };
    check(result, "sched_setscheduler", Some(tid)).map(|_| ())
}

/// Gives the calling thread back its ordinary priority.
///
/// # Errors
/// None is expected: giving up a priority is always permitted.
pub fn ordinary_time() -> Result<()> {
    let parameter = libc::sched_param { sched_priority: 0 };
    // SAFETY: `parameter` is a valid place.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const parameter) };
    check(result, "sched_setscheduler", None).map(|_| ())
}

/// CPU time that process `pid` has used, all threads together, in nanoseconds.
///
/// # Errors
/// ESRCH or EINVAL when there is no such process.
pub fn time_of(pid: i32) -> Result<u64> {
    // Source: clock_getcpuclockid(3); the kernel's encoding is (~pid << 3) | CPUCLOCK_SCHED.
    let clock = (!pid << 3) | 2;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    check(result, "clock_gettime", Some(pid))?;
    Ok(time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs())
}

/// Whether this process runs as root.
#[must_use]
pub fn is_root() -> bool {
    // SAFETY: geteuid cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Effective user and group of this process.
#[must_use]
pub fn user_and_group() -> (u32, u32) {
    // SAFETY: geteuid cannot fail.
    let user = unsafe { libc::geteuid() };
    // SAFETY: getegid cannot fail.
    let group = unsafe { libc::getegid() };
    (user, group)
}
