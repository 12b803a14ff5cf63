//! Calls that concern only the caller, but that others find done or not yet done: a handler, a mask,
//! a name, a group. Whoever was told "ready" too early comes before them. So where a task has just
//! done something by which others may learn of it, they may go first before such a call too; at any
//! other place it makes no difference that they could not, since the decision before was as good.

use crate::error::Result;
use crate::ready::{Ready, signal_bit};
use crate::run::Run;
use crate::task::{Call, Point, State};
use forklings_model::Action;
use forklings_sys::memory;
use forklings_sys::ptrace::{Resume, Stopped};

/// Signals in a mask from which on it is one of a library, for the few calls that nothing shall
/// interrupt.
const ALMOST_ALL: u32 = 50;

/// Calls by which others cannot learn of anything: they ask or wait.
const fn only_asks(call: i64) -> bool {
    matches!(
        call,
        libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_wait4
            | libc::SYS_waitid
            | libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2
            | libc::SYS_nanosleep
            | libc::SYS_clock_nanosleep
            | libc::SYS_pause
            | libc::SYS_rt_sigsuspend
            | libc::SYS_rt_sigtimedwait
            | libc::SYS_getppid
            | libc::SYS_sched_yield
    )
}

/// Whether a call is such a preparation.
pub(crate) const fn is_preparation(call: i64) -> bool {
    matches!(
        call,
        libc::SYS_rt_sigaction
            | libc::SYS_rt_sigprocmask
            | libc::SYS_setpgid
            | libc::SYS_setsid
            | libc::SYS_mknod
            | libc::SYS_mknodat
            | libc::SYS_mq_open
            | libc::SYS_semget
            | libc::SYS_msgget
            | libc::SYS_shmget
            | libc::SYS_bind
    )
}

impl Run<'_> {
    /// A task is about to do what it stood before; by that others may learn of something.
    pub(crate) fn note_telling(&mut self, t: usize) {
        let State::Parked(_, point) = &self.tasks[t].state else { return };
        self.tasks[t].has_told = match point {
            Point::Call(call) => !only_asks(call.number),
            Point::Mutex(_) => true,
            Point::Access(access) => access.changes(),
            Point::Start | Point::Return | Point::Spin(_) => false,
        };
    }

    /// Whether others may come before this preparation.
    pub(super) fn may_be_unprepared(&self, t: usize, call: &Call) -> bool {
        let proc = self.tasks[t].id.proc;
        let has_company = || self.processes.iter().any(|p| p.id != proc && p.is_alive());
        self.tasks[t].has_told
            && has_company()
            && match call.number {
                libc::SYS_rt_sigaction => self.catches(t, call),
                libc::SYS_rt_sigprocmask => self.holds_back(t, call) != 0,
                _ => true,
            }
    }

    /// Whether this `sigaction` prepares for a signal that was at its default.
    fn catches(&self, t: usize, call: &Call) -> bool {
        /// `SIG_DFL`. Source: asm-generic/signal-defs.h.
        const DEFAULT: u64 = 0;
        let was = self.process(t).dispositions.of(call.int(0)).action;
        let handler = memory::read_u64(self.tasks[t].tid, call.args[1]);
        was == Action::Default && handler.is_ok_and(|handler| handler != DEFAULT)
    }

    /// The signals that this `sigprocmask` begins to hold back, where it is the program's own.
    fn holds_back(&self, t: usize, call: &Call) -> u64 {
        let set = memory::read_u64(self.tasks[t].tid, call.args[1]).unwrap_or(0);
        let more = matches!(call.int(0), libc::SIG_BLOCK | libc::SIG_SETMASK);
        if more && set.count_ones() < ALMOST_ALL { set } else { 0 }
    }

    /// A signal that is pending before a preparation for it comes before it. `None` when none is.
    pub(crate) fn comes_before_preparation(
        &self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
    ) -> Result<Option<Ready>> {
        let prepared = match call.number {
            libc::SYS_rt_sigprocmask => self.holds_back(t, call),
            libc::SYS_rt_sigaction => signal_bit(call.int(0)),
            _ => 0,
        };
        let open = prepared & !stopped.signal_mask()?;
        let comes =
            open != 0 && stopped.pending()?.iter().any(|i| open & signal_bit(i.signal) != 0);
        Ok(comes.then_some(Ready::Preceded))
    }

    /// Performs a preparation that a task stands before.
    pub(super) fn prepare(&mut self, t: usize, stopped: Stopped, call: Call) -> Result<()> {
        let how = match self.before_quiet(t, &stopped, &call)? {
            true => Resume::ToExit,
            false => Resume::Free,
        };
        self.resume_and_follow(t, stopped, Some(call), how, 0)
    }
}
