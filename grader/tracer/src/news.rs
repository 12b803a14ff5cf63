//! What may have changed for those who wait. Whether a signal is pending for a task and whether its
//! pipe is ready is asked of the kernel, and most steps change neither: the answer holds until news
//! comes that may concern it. What is not known to be harmless counts as news for everybody.

use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{ObjectId, ObjectKind, WaitsFor};
use forklings_sys::ptrace::{Reason, Stopped};
use std::collections::HashMap;

/// Counts what happened, by whom it may concern.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// What may concern anybody: signals, descriptors, all.
    all: u64,
    /// What concerns only those who use a pipe.
    pipes: HashMap<ObjectId, u64>,
    /// The sum of those.
    any_pipe: u64,
    /// Whether somebody has asked for signals when a descriptor is ready.
    signals_with_io: bool,
}

/// What a wait hangs on.
#[derive(Clone, Copy, Debug)]
enum On {
    /// One pipe.
    Pipe(ObjectId),
    /// Several pipes.
    AnyPipe,
}

/// A moment, as far as it matters to a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    all: u64,
    pipes: u64,
}

/// What was found out about a call.
#[derive(Debug)]
pub(crate) struct KnownWait {
    on: On,
    /// When.
    moment: Moment,
    /// What it waits for; `None` if it would not wait.
    waits: Option<WaitsFor>,
}

impl News {
    /// Anything may have changed.
    pub(crate) fn for_all(&mut self) {
        self.all += 1;
    }

    /// The moment as far as signals go.
    pub(crate) fn of_signals(&self) -> u64 {
        self.all
    }

    fn of_pipe(&mut self, object: ObjectId) {
        *self.pipes.entry(object).or_default() += 1;
        self.any_pipe += 1;
    }
}

impl Run<'_> {
    /// A task has halted: notes what that may change. Before a call nothing has happened yet.
    pub(crate) fn note_halt(
        &mut self,
        t: usize,
        stopped: &Stopped,
        reason: Reason,
        call: Option<&Call>,
    ) -> Result<()> {
        match (reason, call) {
            (Reason::Seccomp, _) => {}
            (Reason::SyscallExit, Some(call)) if !has_failed(stopped)? => self.note_call(t, call),
            _ => self.news.for_all(),
        }
        Ok(())
    }

    /// A task makes this call: notes what that may change.
    pub(crate) fn note_call(&mut self, t: usize, call: &Call) {
        if self.news.signals_with_io {
            return self.news.for_all();
        }
        match call.number {
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_close => {
                let object = self.process(t).files.get(call.int(0)).map(|entry| entry.object);
                match object {
                    Some(object) if self.is_pipe(object) => self.news.of_pipe(object),
                    // The tracer gathers the output: nobody waits for it.
                    Some(object) if self.is_output(object) && call.number != libc::SYS_close => {}
                    _ => self.news.for_all(),
                }
            }
            libc::SYS_fcntl => match call.int(1) {
                libc::F_SETFD => {}
                libc::F_SETOWN | F_SETOWN_EX | F_SETSIG | libc::F_SETLEASE | libc::F_NOTIFY => {
                    self.signals_come_with_io()
                }
                libc::F_SETFL if call.int(2) & libc::O_ASYNC != 0 => self.signals_come_with_io(),
                _ => self.news.for_all(),
            },
            libc::SYS_ioctl if ASYNCHRONOUS.contains(&(call.args[1] & 0xffff_ffff)) => {
                self.signals_come_with_io();
            }
            call if concerns_caller(call) => {}
            _ => self.news.for_all(),
        }
    }

    fn is_output(&self, object: ObjectId) -> bool {
        let kind = self.objects.kind(object);
        !self.terminal && matches!(kind, Some(ObjectKind::Stdout | ObjectKind::Stderr))
    }

    fn signals_come_with_io(&mut self) {
        self.news.signals_with_io = true;
        self.news.for_all();
    }

    /// What was found out about the call that a task stands before, if nothing has happened since that
    /// could change it: what it waits for, or that it would not wait.
    pub(crate) fn known_wait(&self, t: usize) -> Option<Option<WaitsFor>> {
        let task = &self.tasks[t];
        let known = task.known_wait.as_ref()?;
        let holds = task.refusal.is_none() && self.moment(known.on) == Some(known.moment);
        holds.then(|| known.waits.clone())
    }

    /// Keeps what was found out about the call that a task stands before.
    pub(crate) fn remember_wait(&mut self, t: usize, call: &Call, waits: Option<&WaitsFor>) {
        let known = self.concerned(t, call, waits).and_then(|on| {
            let moment = self.moment(on)?;
            Some(KnownWait { on, moment, waits: waits.cloned() })
        });
        self.tasks[t].known_wait = known;
    }

    /// What a wait hangs on, where nothing but pipes can end it.
    fn concerned(&self, t: usize, call: &Call, waits: Option<&WaitsFor>) -> Option<On> {
        let files = &self.process(t).files;
        let pipe = |fd| files.get(fd).map(|entry| entry.object).filter(|o| self.is_pipe(*o));
        match call.number {
            libc::SYS_read | libc::SYS_readv | libc::SYS_write | libc::SYS_writev => {
                pipe(call.int(0)).map(On::Pipe)
            }
            _ => match waits {
                Some(WaitsFor::AnyOf { fds }) if fds.iter().all(|&fd| pipe(fd).is_some()) => {
                    Some(On::AnyPipe)
                }
                _ => None,
            },
        }
    }

    /// The moment as far as it matters to a wait; `None` where it may end unseen.
    fn moment(&self, on: On) -> Option<Moment> {
        let pipes = match on {
            On::Pipe(object) => self.news.pipes.get(&object).copied().unwrap_or(0),
            On::AnyPipe => self.news.any_pipe,
        };
        (!self.somebody_in_kernel()).then_some(Moment { all: self.news.all, pipes })
    }

    /// Whether an object is changed by nobody but those who have it, and by reading, writing and
    /// closing.
    fn is_pipe(&self, object: ObjectId) -> bool {
        match self.objects.kind(object) {
            Some(ObjectKind::Pipe) => true,
            Some(ObjectKind::Other(made_by)) => made_by.starts_with("eventfd"),
            _ => false,
        }
    }
}

/// Whether the call that a task returns from has failed: with an error may come a signal.
fn has_failed(stopped: &Stopped) -> Result<bool> {
    Ok(stopped.registers()?.rax.cast_signed() < 0)
}

/// Commands of `fcntl` that libc does not name. Source: linux/fcntl.h.
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;
/// `FIOASYNC`, `FIOSETOWN`, `SIOCSPGRP`. Source: asm-generic/ioctls.h, asm-generic/sockios.h.
const ASYNCHRONOUS: [u64; 3] = [0x5452, 0x8901, 0x8902];

/// Whether a call sends no signal and makes no descriptor ready that anybody may wait for.
fn concerns_caller(call: i64) -> bool {
    matches!(
        call,
        libc::SYS_pipe
            | libc::SYS_pipe2
            | libc::SYS_eventfd2
            | libc::SYS_memfd_create
            | libc::SYS_wait4
            | libc::SYS_waitid
            | libc::SYS_getppid
            | libc::SYS_sched_yield
            | libc::SYS_futex
            | libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_rt_sigaction
            | libc::SYS_rt_sigprocmask
            | libc::SYS_rt_sigsuspend
            | libc::SYS_pause
            | libc::SYS_nanosleep
            | libc::SYS_clock_nanosleep
            | libc::SYS_clock_gettime
            | libc::SYS_gettimeofday
            | libc::SYS_getrandom
            | libc::SYS_brk
            | libc::SYS_mmap
            | libc::SYS_mprotect
            | libc::SYS_munmap
            | libc::SYS_fstat
            | libc::SYS_newfstatat
            | libc::SYS_statx
            | libc::SYS_prlimit64
            | libc::SYS_set_tid_address
    )
}
