//! Before a process dies of a signal. The kernel marks the robust locks that it holds and wakes who
//! waits for them. It finds them by lists in the process's memory, so that must be there.
//!
//! Source: `get_robust_list(2)`, `handle_futex_death` in the kernel.

use super::trap::{Made, leave};
use crate::error::Result;
use crate::run::Run;
use crate::task::{Point, State, Task};
use forklings_model::{Action, ProcId};
use forklings_sys::ptrace::Stopped;
use forklings_sys::robust;

impl Run<'_> {
    /// A process is about to be killed.
    pub(crate) fn give_back(&mut self, proc: ProcId) -> Result<()> {
        let stands = |task: &Task| task.id.proc == proc && matches!(task.state, State::Parked(..));
        let Some(t) = self.tasks.iter().position(stands) else { return Ok(()) };
        if self.process(t).shared.mapped.is_empty() {
            return Ok(());
        }
        let state = std::mem::replace(&mut self.tasks[t].state, State::Moving);
        let State::Parked(mut stopped, point) = state else { return Ok(()) };
        if let Point::Call(call) = point {
            stopped = match leave(stopped, &call)? {
                Made::Stands(stopped) => stopped,
                Made::Halted(halt) => return self.follow_halt(t, halt, None),
            };
        }
        match self.leave_locks(t, stopped)? {
            Made::Stands(stopped) => {
                self.park(t, stopped, Point::Return);
                Ok(())
            }
            Made::Halted(halt) => self.follow_halt(t, halt, None),
        }
    }

    /// A task is about to get a signal. Where that is its process's death, its locks are left as the
    /// kernel wants them. The task stands outside of any call.
    pub(crate) fn leave_locks_if_fatal(
        &mut self,
        t: usize,
        stopped: Stopped,
        signal: i32,
    ) -> Result<Made> {
        let dispositions = &self.process(t).dispositions;
        let stops = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
        let fatal = signal != 0
            && dispositions.of(signal).action == Action::Default
            && dispositions.has_effect(signal)
            && !stops.contains(&signal);
        if !fatal || self.process(t).shared.mapped.is_empty() {
            return Ok(Made::Stands(stopped));
        }
        self.leave_locks(t, stopped)
    }

    fn leave_locks(&mut self, t: usize, stopped: Stopped) -> Result<Made> {
        if let Ok(Some(word)) = robust::pending_lock(stopped.tid()) {
            let key = self.key_of(t, word, true)?;
            self.process_mut(t).pending_lock = Some(key);
        }
        if self.process(t).shared.trapped {
            self.protect(t, stopped, false)
        } else {
            Ok(Made::Stands(stopped))
        }
    }
}
