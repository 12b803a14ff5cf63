//! Signal masks: what a thread blocks, what a wait lets through, and the end of a handler.

use crate::error::Result;
use crate::run::Run;
use crate::task::{Call, Point, State};
use forklings_model::{EventKind, SignalSet};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// What no mask can hold back. Source: `sigprocmask(2)`, NOTES.
const NEVER_BLOCKED: u64 = 1 << (libc::SIGKILL - 1) | 1 << (libc::SIGSTOP - 1);
/// Where the mask stands above the stack pointer at `rt_sigreturn`, in bytes: behind the flags, link
/// and stack of a `ucontext` and its `sigcontext`. Source: asm/ucontext.h, asm/sigcontext.h.
const MASK_IN_FRAME: u64 = 8 + 8 + 24 + 256;

impl Run<'_> {
    /// `sigprocmask`: its outcome is known before it runs, so that it needs no second stop.
    pub(super) fn before_sigprocmask(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
    ) -> Result<()> {
        // Whatever the kernel refuses changes nothing.
        if call.args[1] == 0 || call.args[3] != 8 {
            return Ok(());
        }
        let Ok(set) = memory::read_u64(self.tasks[t].tid, call.args[1]) else { return Ok(()) };
        let was = stopped.signal_mask()?;
        let blocked = match call.int(0) {
            libc::SIG_BLOCK => was | set,
            libc::SIG_UNBLOCK => was & !set,
            libc::SIG_SETMASK => set,
            _ => return Ok(()),
        } & !NEVER_BLOCKED;
        if blocked != was {
            let (was, blocked) = (SignalSet(was), SignalSet(blocked));
            self.emit(t, EventKind::Mask { was, blocked });
        }
        Ok(())
    }

    /// A handler returns; the mask that comes back stands in its frame.
    pub(super) fn before_sigreturn(&mut self, t: usize, call: &Call) {
        if let Some(handling) = self.tasks[t].handling.pop() {
            self.tasks[t].written = handling.written();
        }
        let place = call.registers.rsp + MASK_IN_FRAME;
        // A frame that cannot be read kills the process, and its end is seen then.
        if let Ok(mask) = memory::read_u64(self.tasks[t].tid, place) {
            let blocked = SignalSet(mask & !NEVER_BLOCKED);
            self.emit(t, EventKind::HandlerReturned { blocked });
        }
    }

    /// The call that a task stands before and the signals that it lets through, where it is there
    /// to wait for signals.
    pub(crate) fn awaited_signals(&self, t: usize) -> Result<Option<(i64, SignalSet)>> {
        let State::Parked(stopped, Point::Call(call)) = &self.tasks[t].state else {
            return Ok(None);
        };
        let own = || stopped.signal_mask().map(|mask| Some(SignalSet(!mask)));
        let awaited = match call.number {
            libc::SYS_pause => own()?,
            libc::SYS_rt_sigtimedwait => {
                memory::read_u64(self.tasks[t].tid, call.args[0]).ok().map(SignalSet)
            }
            // Without a descriptor nothing else than a signal or the time can end it.
            libc::SYS_poll if call.args[1] == 0 => own()?,
            libc::SYS_select if call.args[0] == 0 => own()?,
            libc::SYS_ppoll if call.args[1] == 0 => Some(SignalSet(!self.mask_within(t, call)?)),
            libc::SYS_pselect6 if call.args[0] == 0 => Some(SignalSet(!self.mask_within(t, call)?)),
            _ => self.mask_given(t, call).map(|mask| SignalSet(!mask)),
        };
        Ok(awaited.map(|awaited| (call.number, awaited)))
    }

    /// What a task blocks while it is inside of this call.
    pub(crate) fn mask_within(&self, t: usize, call: &Call) -> Result<u64> {
        if let Some(mask) = self.mask_given(t, call) {
            return Ok(mask);
        }
        match &self.tasks[t].state {
            State::Parked(stopped, _) => Ok(stopped.signal_mask()?),
            State::InKernel(..) | State::GroupStopped(_) | State::Moving | State::Gone => Ok(!0),
        }
    }

    /// The mask that a call brings with it, for as long as it waits.
    pub(crate) fn mask_given(&self, t: usize, call: &Call) -> Option<u64> {
        let read = |place: u64| memory::read_u64(self.tasks[t].tid, place).ok();
        let place = match call.number {
            libc::SYS_rt_sigsuspend => call.args[0],
            libc::SYS_ppoll => call.args[3],
            libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => call.args[4],
            // A pointer to the mask's address and its size.
            libc::SYS_pselect6 if call.args[5] != 0 => read(call.args[5])?,
            _ => 0,
        };
        if place == 0 { None } else { read(place) }
    }
}
