//! A mutex between processes that nobody is in the way of. What glibc's function does to it is done
//! on the task's behalf: one stop for the call, instead of one for each word that it touches.

use super::functions::{LOCK, UNLOCK};
use super::{KIND, MutexCall, OWNER, USERS};
use crate::error::Result;
use crate::run::Run;
use crate::task::{Point, State};
use forklings_sys::ptrace::Stopped;

/// A mutex of the default type that is shared among processes, and neither robust nor with priorities.
/// Source: `PTHREAD_MUTEX_PSHARED_BIT` of glibc.
const SHARED: u32 = 128;
const FREE: u32 = 0;
/// Held, and nobody sleeps for it.
const HELD: u32 = 1;

impl Run<'_> {
    /// Does the call that a task stands before, at the first instruction of its function, if nobody
    /// is in the way: the task has returned from it then. Otherwise the function itself will run.
    pub(crate) fn use_at_once(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: MutexCall,
    ) -> Result<()> {
        let locks = match call.what.name {
            LOCK => true,
            UNLOCK => false,
            _ => return Ok(()),
        };
        let mutex = call.address;
        let Some(within) = self.tasks[t].within else { return Ok(()) };
        // The first thread's number is the process's, and known without asking.
        let (before, after) = if locks { (FREE, HELD) } else { (HELD, FREE) };
        if self.tasks[t].id.thread != 1 || self.word_of_plain(t, call) != Some(before) {
            return Ok(());
        }
        let users = self.word_at(t, mutex + USERS)?;
        let (owner, users) = if locks {
            (self.process(t).pid.0.cast_unsigned(), users.wrapping_add(1))
        } else {
            (0, users.wrapping_sub(1))
        };
        self.set_word_at(t, mutex, after)?;
        self.set_word_at(t, mutex + OWNER, owner)?;
        self.set_word_at(t, mutex + USERS, users)?;
        let mut registers = stopped.registers()?;
        registers.rax = 0;
        registers.rip = within.return_to;
        registers.rsp = within.stack + 8;
        stopped.set_registers(&registers)?;
        self.tasks[t].within = None;
        self.updated_word(t, mutex, (before, after));
        Ok(())
    }

    /// Whether a task stands before a mutex that somebody holds. It could only go to sleep, so others
    /// go first as long as anybody can.
    pub(crate) fn is_held_up(&self, t: usize) -> Result<bool> {
        let State::Parked(_, Point::Mutex(call)) = &self.tasks[t].state else { return Ok(false) };
        let held =
            call.what.name == LOCK && self.word_of_plain(t, *call).is_some_and(|word| word != FREE);
        Ok(held && !self.signal_is_due(t)?)
    }

    /// What stands in a mutex of the plain kind; `None` for others.
    fn word_of_plain(&self, t: usize, call: MutexCall) -> Option<u32> {
        let mutex = call.address;
        if !call.of_glibc || !self.is_followed(t, mutex, KIND + 4) {
            return None;
        }
        let kind = self.word_at(t, mutex + KIND).ok()?;
        if kind == SHARED { self.word_at(t, mutex).ok() } else { None }
    }
}
