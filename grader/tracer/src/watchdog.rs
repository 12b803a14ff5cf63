//! Watches over a tracee that runs without stopping: a loop without system calls would hold its
//! tracer for ever. A second thread interrupts it with SIGSTOP, which the tracer recognises and
//! does not deliver.

use forklings_sys::{cpu, ptrace};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// CPU time that a tracee may use without a stop before it is interrupted for the first time, to
/// see whether it only turns in a loop, and again if it does not.
const FIRST_SLICE: Duration = Duration::from_millis(10);
const SLICE: Duration = Duration::from_millis(200);
/// Wall-clock time without a stop after which the tracee is given up, whatever it does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look.
const TICK: Duration = Duration::from_millis(5);

/// A watch over one tracer's tracees. Dropping it ends its thread.
#[derive(Debug)]
pub(crate) struct Watchdog {
    watched: Arc<Mutex<Option<Watched>>>,
}

#[derive(Debug)]
struct Watched {
    pid: i32,
    tid: i32,
    since: Instant,
    cpu: u64,
    slice: Duration,
    given_up: Option<GivenUp>,
}

/// A tracee that was given up and killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GivenUp {
    /// The call that it stood in, if it stood in one.
    pub(crate) call: Option<i64>,
}

impl Watchdog {
    /// `cancel` is set from elsewhere to give up whatever runs.
    pub(crate) fn new(cancel: Option<Arc<AtomicBool>>) -> Self {
        let watched = Arc::new(Mutex::new(None));
        let seen = Arc::downgrade(&watched);
        thread::spawn(move || {
            while let Some(watched) = seen.upgrade() {
                let cancelled = cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
                look(&watched, cancelled);
                drop(watched);
                thread::sleep(TICK);
            }
        });
        Self { watched }
    }

    /// A tracee was let go. `computes` if it is known to do more than turn in a loop.
    pub(crate) fn begin(&self, pid: i32, tid: i32, computes: bool) {
        let slice = if computes { SLICE } else { FIRST_SLICE };
        let (since, cpu, given_up) = (Instant::now(), u64::MAX, None);
        let watched = Watched { pid, tid, since, cpu, slice, given_up };
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(watched);
    }

    /// It stopped. Says so if that was because it was given up and killed.
    pub(crate) fn end(&self) -> Option<GivenUp> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).take()?.given_up
    }
}

fn look(watched: &Mutex<Option<Watched>>, cancelled: bool) {
    let mut guard = watched.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(watched) = guard.as_mut() else { return };
    if cancelled {
        watched.given_up = Some(GivenUp { call: None });
        drop(ptrace::kill(watched.pid, libc::SIGKILL));
        return;
    }
    let Ok(used) = cpu::time_of(watched.pid) else { return };
    if watched.cpu == u64::MAX {
        watched.cpu = used;
    }
    let slice = u64::try_from(watched.slice.as_nanos()).unwrap_or(u64::MAX);
    if used.saturating_sub(watched.cpu) > slice {
        // Gone meanwhile is as good as stopped.
        drop(ptrace::kill_thread(watched.pid, watched.tid, libc::SIGSTOP));
        watched.cpu = used;
    } else if watched.since.elapsed() > PATIENCE {
        watched.given_up.get_or_insert_with(|| GivenUp { call: call_of(watched.tid) });
        drop(ptrace::kill(watched.pid, libc::SIGKILL));
    }
}

/// The call that a thread stands in. Source: `proc(5)`, `/proc/<pid>/syscall`.
fn call_of(tid: i32) -> Option<i64> {
    read_call(&fs::read_to_string(format!("/proc/{tid}/syscall")).ok()?)
}

/// `running`, or -1 outside of calls, else the call's number before its arguments.
fn read_call(text: &str) -> Option<i64> {
    text.split_whitespace().next()?.parse().ok().filter(|&call| call >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_is_the_first_number_if_there_is_one() {
        assert_eq!(read_call("0 0x3 0x7ffe 0x1 0x0 0x0 0x0 0x7ffe 0x7f00\n"), Some(0));
        assert_eq!(read_call("73 0x3 0x2\n"), Some(73));
        assert_eq!(read_call("running\n"), None);
        assert_eq!(read_call("-1 0x7ffe 0x7f00\n"), None);
    }
}
