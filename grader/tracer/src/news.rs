//! What may have changed for those who wait. Whether a signal is pending for a task and whether its
//! pipe or its socket is ready is asked of the kernel, and most steps change neither: the answer holds
//! until news comes that may concern it. What is not known to be harmless counts as news for everybody.

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
    /// What concerns only those who use a conduit.
    conduits: HashMap<Conduit, u64>,
    /// The sum of those.
    any_conduit: u64,
    /// Whether what is done to a descriptor may concern anybody: somebody has asked for signals when
    /// one is ready, or descriptors are under way in messages.
    nothing_is_private: bool,
}

/// What nobody changes but those who have it, and by reading, writing and closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Conduit {
    /// A pipe or an eventfd.
    One(ObjectId),
    /// Pairs of sockets, all of them: each end is an object of its own.
    Sockets,
}

/// What a wait hangs on.
#[derive(Clone, Copy, Debug)]
enum On {
    /// One conduit.
    One(Conduit),
    /// Several of them.
    Any,
}

/// A moment, as far as it matters to a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    all: u64,
    conduits: u64,
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

    fn of_conduit(&mut self, conduit: Conduit) {
        *self.conduits.entry(conduit).or_default() += 1;
        self.any_conduit += 1;
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
        if self.news.nothing_is_private {
            return self.news.for_all();
        }
        match call.number {
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_sendto
            | libc::SYS_recvfrom
            | libc::SYS_close => {
                let object = self.process(t).files.get(call.int(0)).map(|entry| entry.object);
                match (object.and_then(|object| self.conduit_of(object)), object) {
                    (Some(conduit), _) => self.news.of_conduit(conduit),
                    // The tracer gathers the output: nobody waits for it.
                    (None, Some(object))
                        if self.is_output(object) && call.number != libc::SYS_close => {}
                    (None, _) => self.news.for_all(),
                }
            }
            libc::SYS_fcntl => match call.int(1) {
                libc::F_SETFD => {}
                libc::F_SETOWN | F_SETOWN_EX | F_SETSIG | libc::F_SETLEASE | libc::F_NOTIFY => {
                    self.nothing_is_private()
                }
                libc::F_SETFL if call.int(2) & libc::O_ASYNC != 0 => self.nothing_is_private(),
                _ => self.news.for_all(),
            },
            libc::SYS_ioctl if ASYNCHRONOUS.contains(&(call.args[1] & 0xffff_ffff)) => {
                self.nothing_is_private();
            }
            libc::SYS_sendmsg | libc::SYS_sendmmsg => self.nothing_is_private(),
            call if concerns_caller(call) => {}
            _ => self.news.for_all(),
        }
    }

    fn is_output(&self, object: ObjectId) -> bool {
        let kind = self.objects.kind(object);
        !self.terminal && matches!(kind, Some(ObjectKind::Stdout | ObjectKind::Stderr))
    }

    fn nothing_is_private(&mut self) {
        self.news.nothing_is_private = true;
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

    /// What a wait hangs on, where nothing but conduits can end it.
    fn concerned(&self, t: usize, call: &Call, waits: Option<&WaitsFor>) -> Option<On> {
        let files = &self.process(t).files;
        let conduit = |fd| files.get(fd).and_then(|entry| self.conduit_of(entry.object));
        match call.number {
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_sendto
            | libc::SYS_recvfrom => conduit(call.int(0)).map(On::One),
            _ => match waits {
                Some(WaitsFor::AnyOf { fds }) if fds.iter().all(|&fd| conduit(fd).is_some()) => {
                    Some(On::Any)
                }
                _ => None,
            },
        }
    }

    /// The moment as far as it matters to a wait; `None` where it may end unseen.
    fn moment(&self, on: On) -> Option<Moment> {
        let conduits = match on {
            On::One(conduit) => self.news.conduits.get(&conduit).copied().unwrap_or(0),
            On::Any => self.news.any_conduit,
        };
        (!self.somebody_in_kernel()).then_some(Moment { all: self.news.all, conduits })
    }

    /// The conduit that an object is, if it is one.
    fn conduit_of(&self, object: ObjectId) -> Option<Conduit> {
        match self.objects.kind(object)? {
            ObjectKind::Pipe => Some(Conduit::One(object)),
            ObjectKind::Other(made_by) if made_by.starts_with("eventfd") => {
                Some(Conduit::One(object))
            }
            ObjectKind::Other(made_by) => (made_by == "socketpair").then_some(Conduit::Sockets),
            ObjectKind::Stdin
            | ObjectKind::Stdout
            | ObjectKind::Stderr
            | ObjectKind::Fifo(_)
            | ObjectKind::Queue(_)
            | ObjectKind::File(_) => None,
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
