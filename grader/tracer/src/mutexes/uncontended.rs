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

/// Bytes of a mutex up to its kind, and that.
const LENGTH: usize = KIND + 4;

/// A mutex of the plain kind.
struct Plain([u8; LENGTH]);

impl Plain {
    /// Whether it is held.
    fn word(&self) -> u32 {
        self.at(0)
    }

    fn at(&self, place: usize) -> u32 {
        let bytes = self.0[place..].first_chunk().copied();
        u32::from_le_bytes(bytes.unwrap_or_default())
    }

    fn set(&mut self, place: usize, word: u32) {
        self.0[place..place + 4].copy_from_slice(&word.to_le_bytes());
    }
}

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
        let (before, after) = if locks { (FREE, HELD) } else { (HELD, FREE) };
        let Some(mut plain) = self.plain(t, call).filter(|plain| plain.word() == before) else {
            return Ok(());
        };
        // The first thread's number is the process's, and known without asking.
        if self.tasks[t].id.thread != 1 {
            return Ok(());
        }
        let users = plain.at(USERS);
        let (owner, users) = if locks {
            (self.process(t).pid.0.cast_unsigned(), users.wrapping_add(1))
        } else {
            (0, users.wrapping_sub(1))
        };
        for (place, value) in [(0, after), (OWNER, owner), (USERS, users)] {
            plain.set(place, value);
        }
        self.set_bytes_at(t, mutex, &plain.0[..KIND])?;
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
        let held = call.what.name == LOCK
            && self.plain(t, *call).is_some_and(|plain| plain.word() != FREE);
        Ok(held && !self.signal_is_due(t)?)
    }

    /// What stands in a mutex of the plain kind; `None` for others.
    fn plain(&self, t: usize, call: MutexCall) -> Option<Plain> {
        let mutex = call.address;
        if !call.of_glibc || !self.is_followed(t, mutex, LENGTH as u64) {
            return None;
        }
        let mut plain = Plain([0; LENGTH]);
        self.bytes_at(t, mutex, &mut plain.0).ok()?;
        (plain.at(KIND) == SHARED).then_some(plain)
    }
}
