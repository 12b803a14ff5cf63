//! Calls whose result is certain before the kernel performs them. Nobody need wait for the end of
//! such a call: it costs one stop instead of two.

use super::io::PIPE_BUF;
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::ObjectKind;
use forklings_sys::{descriptor, memory};
use std::os::fd::AsRawFd;

impl Run<'_> {
    /// The result that the call that a task stands before will surely have; `None` where only the
    /// kernel knows, or where something is to be done when the call has returned.
    pub(super) fn certain_result(&self, t: usize, call: &Call) -> Result<Option<i64>> {
        let is_changed = self.tasks[t].attempt.is_some() || self.tasks[t].piece.is_some();
        if is_changed || self.may_trap(t) {
            return Ok(None);
        }
        let entry = self.process(t).files.get(call.int(0));
        let kind = entry.and_then(|entry| self.objects.kind(entry.object));
        match (call.number, kind) {
            (
                libc::SYS_close,
                Some(ObjectKind::Pipe | ObjectKind::Fifo(_) | ObjectKind::Other(_)),
            ) => Ok(Some(0)),
            (libc::SYS_write, Some(ObjectKind::Pipe)) => self.certain_write(t, call),
            _ => Ok(None),
        }
    }

    /// A pipe with room that somebody may read takes a small write whole.
    fn certain_write(&self, t: usize, call: &Call) -> Result<Option<i64>> {
        let length = call.args[2];
        if !(1..=PIPE_BUF).contains(&length) {
            return Ok(None);
        }
        let Some(copy) = self.copy(t, call.int(0)) else { return Ok(None) };
        // A descriptor that is open for reading only shows no room, a pipe without readers an error.
        let takes = descriptor::poll_now(&[(copy.as_raw_fd(), libc::POLLOUT)])?[0] == libc::POLLOUT;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        let is_there = memory::exact(self.tasks[t].tid, call.args[1], &mut bytes).is_ok();
        Ok((takes && is_there).then_some(length.cast_signed()))
    }
}
