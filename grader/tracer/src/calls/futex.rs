//! Futexes: the waits behind thread joins, mutexes and condition variables. Since nobody waits
//! inside the kernel, waking is done here: who is woken sees its call return 0. Source:
//! `futex(2)`.

use super::Before;
use crate::error::Result;
use crate::run::Run;
use crate::task::{Call, Point, State};
use forklings_model::{ProcId, WaitsFor};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

const WAIT: i32 = 0;
const WAKE: i32 = 1;
const WAIT_BITSET: i32 = 9;
const WAKE_BITSET: i32 = 10;
const PRIVATE: i32 = 128;
const COMMAND: i32 = 127;
const REALTIME: i32 = 256;

impl Run<'_> {
    /// What a futex call waits for: the word to change, or a wake.
    pub(crate) fn waits_on_futex(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        let command = call.int(1) & COMMAND;
        if !matches!(command, WAIT | WAIT_BITSET) {
            return Ok(None);
        }
        let Ok(word) = memory::read_u32(self.tasks[t].tid, call.args[0]) else { return Ok(None) };
        if word != call.int(2).cast_unsigned() {
            return Ok(None);
        }
        if call.args[3] != 0 && self.tasks[t].deadline.is_none() {
            let length = self.read_timespec(t, call.args[3])?;
            let deadline = if command == WAIT {
                self.clock.now() + length
            } else {
                let clock = if call.int(1) & REALTIME != 0 {
                    libc::CLOCK_REALTIME
                } else {
                    libc::CLOCK_MONOTONIC
                };
                length.saturating_sub(crate::clock::Clock::origin(clock))
            };
            self.tasks[t].deadline = Some(deadline);
        }
        Ok(Some(WaitsFor::Futex { address: call.args[0] }))
    }

    pub(super) fn before_futex(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        match call.int(1) & COMMAND {
            WAIT | WAIT_BITSET if self.tasks[t].woken => Ok(Before::Skip(stopped, 0)),
            WAIT | WAIT_BITSET if self.tasks[t].expired => {
                Ok(Before::Skip(stopped, -i64::from(libc::ETIMEDOUT)))
            }
            WAIT | WAIT_BITSET => Ok(Before::Run(stopped)),
            WAKE | WAKE_BITSET => {
                let woken = self.wake(t, call);
                Ok(Before::Skip(stopped, woken))
            }
            _ => {
                self.unmodelled(t, call.number);
                Ok(Before::Run(stopped))
            }
        }
    }

    /// Wakes up to as many waiters as asked for, oldest task first; gives their number.
    fn wake(&mut self, t: usize, call: &Call) -> i64 {
        let key = self.futex_key(t, call);
        let most = i64::from(call.int(2).max(0));
        let mut woken = 0;
        for other in 0..self.tasks.len() {
            if woken == most {
                break;
            }
            let State::Parked(_, Point::Call(waiting)) = &self.tasks[other].state else { continue };
            let waits = waiting.number == libc::SYS_futex
                && matches!(waiting.int(1) & COMMAND, WAIT | WAIT_BITSET)
                && !self.tasks[other].woken
                && self.tasks[other].announced;
            if waits && self.futex_key(other, waiting) == key {
                self.tasks[other].woken = true;
                woken += 1;
            }
        }
        woken
    }

    /// A private futex belongs to its process; a shared one is taken to stand at one address in
    /// all processes, as after fork.
    fn futex_key(&self, t: usize, call: &Call) -> (Option<ProcId>, u64) {
        let own = (call.int(1) & PRIVATE != 0).then(|| self.tasks[t].id.proc);
        (own, call.args[0])
    }
}
