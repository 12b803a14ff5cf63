//! Signals that a call would take, but that nobody has blocked. The kernel delivers such a signal
//! where it strikes: it kills, is dropped, or runs its handler. While it stops at a tracer's wish a
//! process keeps all of them pending, and the call would find what it never finds otherwise.
//! Source: `sigwait(3)`: "the signals in set must be blocked"; `signalfd(2)`.

use crate::calls::preparations::is_preparation;
use crate::error::Result;
use crate::ready::{Ready, signal_bit};
use crate::run::Run;
use crate::special::Special;
use crate::task::{Call, State};
use forklings_model::Action;
use forklings_sys::memory;

impl Run<'_> {
    /// Whether a signal that this call would take, or prepare for, comes before it: certainly, when it kills or is
    /// dropped; perhaps, when it has a handler, since the call may have begun by then. `None` when
    /// no such signal is pending.
    pub(crate) fn unprepared(&self, t: usize, call: &Call) -> Result<Option<Ready>> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(None) };
        if is_preparation(call.number) {
            return self.comes_before_preparation(t, stopped, call);
        }
        let taken = match call.number {
            libc::SYS_rt_sigtimedwait => memory::read_u64(self.tasks[t].tid, call.args[0]).ok(),
            libc::SYS_read | libc::SYS_readv => match self.special_of(t, call.int(0)) {
                Some(Special::Signals(mask)) => Some(*mask),
                Some(Special::Timer(_) | Special::Process(_) | Special::Epoll(_)) | None => None,
            },
            _ => None,
        };
        let Some(taken) = taken else { return Ok(None) };
        let open = taken & !stopped.signal_mask()?;
        if open == 0 {
            return Ok(None);
        }
        let pending = stopped.pending()?;
        let mut unprepared = pending.iter().filter(|i| open & signal_bit(i.signal) != 0).peekable();
        if unprepared.peek().is_none() {
            return Ok(None);
        }
        let dispositions = &self.process(t).dispositions;
        let caught = unprepared.all(|i| dispositions.of(i.signal).action == Action::Handler);
        Ok(match (caught, self.tasks[t].inside) {
            (false, _) => Some(Ready::Preceded),
            (true, false) => Some(Ready::Signalled),
            (true, true) => None,
        })
    }
}
