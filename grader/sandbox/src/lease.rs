//! One explorer per processor. The lease is a lock on the processor's own folder in /sys, so
//! other graders and other users see it, nothing is written, and it ends with its holder.

use forklings_sys::{Result, cpu};
use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

/// The right to use one processor for tracing; the calling thread is pinned to it. Dropping it
/// gives the processor back and lifts the pinning.
#[derive(Debug)]
pub struct CpuLease {
    /// Held for its lock.
    _lock: Option<File>,
    before: Vec<usize>,
    real_time: bool,
}

/// Priority of a tracer, where the machine permits one.
const TRACER: i32 = 2;
/// Priority of what it traces: below the tracer and its watchdog, or a loop would starve both.
const TRACEE: i32 = 1;

/// How long to wait for a free processor before sharing one.
const PATIENCE: Duration = Duration::from_secs(2);

impl CpuLease {
    /// Waits for a free processor and pins the calling thread to it. After two seconds, or where the
    /// machine has no such folder, it shares one: slower, and just as right.
    ///
    /// # Errors
    /// Those of `sched_setaffinity(2)`.
    pub fn take() -> Result<Self> {
        let before = cpu::allowed()?;
        let began = Instant::now();
        loop {
            let mut lockable = false;
            for &number in &before {
                let path = format!("/sys/devices/system/cpu/cpu{number}");
                let Ok(folder) = File::open(path) else { continue };
                lockable = true;
                if folder.try_lock().is_ok() {
                    cpu::pin(&[number])?;
                    // On a busy machine a switch to the tracee and back waits for nobody then. One
                    // processor is left to whoever else works here.
                    let real_time =
                        before.last() != Some(&number) && cpu::real_time(0, TRACER).is_ok();
                    return Ok(Self { _lock: Some(folder), before, real_time });
                }
            }
            if !lockable || began.elapsed() > PATIENCE {
                let last = before.len() - 1;
                // Beside a tracer with a real-time priority nothing would be left to share.
                let share = if cpu::real_time(0, TRACER).is_ok() {
                    cpu::ordinary_time()?;
                    last
                } else {
                    usize::try_from(std::process::id()).unwrap_or(0) % before.len()
                };
                cpu::pin(&before[share..=share])?;
                return Ok(Self { _lock: None, before, real_time: false });
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl CpuLease {
    /// Gives a process that is about to be traced the priority below the tracer's; what it forks
    /// inherits that.
    pub fn rank(&self, pid: i32) {
        if self.real_time {
            // A refusal costs time on a busy machine and nothing else.
            drop(cpu::real_time(pid, TRACEE));
        }
    }
}

impl Drop for CpuLease {
    fn drop(&mut self) {
        if self.real_time {
            drop(cpu::ordinary_time());
        }
        // Staying pinned is slower and no more, so a refusal is not worth an error.
        drop(cpu::pin(&self.before));
    }
}
