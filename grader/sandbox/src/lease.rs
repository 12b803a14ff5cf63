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
}

/// How long to wait for a free processor before sharing one.
const PATIENCE: Duration = Duration::from_secs(60);

impl CpuLease {
    /// Waits for a free processor and pins the calling thread to it. After a minute, or where the
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
                    return Ok(Self { _lock: Some(folder), before });
                }
            }
            if !lockable || began.elapsed() > PATIENCE {
                let share = usize::try_from(std::process::id()).unwrap_or(0) % before.len().max(1);
                cpu::pin(&before[share..=share])?;
                return Ok(Self { _lock: None, before });
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for CpuLease {
    fn drop(&mut self) {
        // Staying pinned is slower and no more, so a refusal is not worth an error.
        drop(cpu::pin(&self.before));
    }
}
