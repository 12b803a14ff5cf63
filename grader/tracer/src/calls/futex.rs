//! Futexes: the waits behind thread joins, mutexes, condition variables and semaphores. Nobody
//! waits inside the kernel: a wait first compares its word, then the task sleeps in a queue that is
//! kept here, and only a wake, a signal or its time-out ends that. Source: `futex(2)`.

use super::Before;
use crate::attempt::{Attempt, Class};
use crate::error::Result;
use crate::futexes::Key;
use crate::run::Run;
use crate::task::{Call, Point, State};
use forklings_model::{Pid, WaitsFor};
use forklings_sys::ptrace::Stopped;

const WAIT: i32 = 0;
const WAKE: i32 = 1;
const REQUEUE: i32 = 3;
const CMP_REQUEUE: i32 = 4;
const WAKE_OP: i32 = 5;
const LOCK_PI: i32 = 6;
const UNLOCK_PI: i32 = 7;
const TRYLOCK_PI: i32 = 8;
const WAIT_BITSET: i32 = 9;
const WAKE_BITSET: i32 = 10;
const LOCK_PI2: i32 = 13;
const PRIVATE: i32 = 128;
const COMMAND: i32 = 127;
const REALTIME: i32 = 256;
/// The part of a priority-inheriting lock's word that names its owner.
const OWNER: u32 = 0x3fff_ffff;
/// Set in a lock's word by the kernel when its owner died. Source: `get_robust_list(2)`.
const OWNER_DIED: u32 = 0x4000_0000;

/// A task that sleeps on a futex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sleeper {
    key: Key,
    bits: u32,
    /// Who went to sleep first is woken first.
    order: u64,
    /// The word when it went to sleep.
    word: u32,
}

impl Run<'_> {
    /// What a futex call waits for.
    pub(crate) fn waits_on_futex(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        let waits = Some(WaitsFor::Futex {
            address: call.args[0],
            function: self.mutex_function(t),
            holder: None,
            word: None,
            changed: false,
        });
        match call.int(1) & COMMAND {
            WAIT | WAIT_BITSET => Ok(if self.tasks[t].sleeper.is_some() { waits } else { None }),
            LOCK_PI | LOCK_PI2 => {
                let Ok(word) = self.word_at(t, call.args[0]) else {
                    return Ok(None);
                };
                if word & OWNER == 0 || word & OWNER_DIED != 0 || self.tasks[t].refusal.is_none() {
                    return Ok(None);
                }
                self.futex_deadline(t, call);
                Ok(waits)
            }
            _ => Ok(None),
        }
    }

    /// Whether a task sleeps although its word has changed since.
    pub(crate) fn sleeps_in_vain(&self, t: usize, address: u64) -> bool {
        let asleep = self.tasks[t].sleeper.map(|sleeper| sleeper.word);
        asleep.is_some_and(|word| self.word_at(t, address).is_ok_and(|now| now != word))
    }

    /// Whether the kernel itself reads the word of a futex call: most of them it never sees.
    pub(crate) fn futex_is_for_kernel(
        &self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
    ) -> Result<bool> {
        Ok(match call.int(1) & COMMAND {
            WAKE | WAKE_BITSET | REQUEUE | CMP_REQUEUE | WAKE_OP => false,
            WAIT | WAIT_BITSET => self.is_interrupted(t, stopped, call)?,
            _ => true,
        })
    }

    fn futex_deadline(&mut self, t: usize, call: &Call) {
        if call.args[3] == 0 || self.tasks[t].deadline.is_some() {
            return;
        }
        // Where it cannot be read, the kernel has said so when the call was tried.
        let Ok(time) = self.read_timespec(t, call.args[3]) else { return };
        let clock = match call.int(1) & COMMAND {
            WAIT => {
                self.tasks[t].deadline = Some(self.clock.now() + time);
                return;
            }
            LOCK_PI => libc::CLOCK_REALTIME,
            _ if call.int(1) & REALTIME != 0 => libc::CLOCK_REALTIME,
            _ => libc::CLOCK_MONOTONIC,
        };
        let deadline = time.saturating_sub(self.clock.origin(clock)).max(self.clock.now());
        self.tasks[t].deadline = Some(deadline);
    }

    pub(super) fn before_futex(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let done = |stopped, result| Ok(Before::Skip(stopped, result));
        match call.int(1) & COMMAND {
            WAIT | WAIT_BITSET => self.before_futex_wait(t, stopped, call),
            WAKE | WAKE_BITSET => {
                let key = self.futex_key(t, call, call.args[0])?;
                let bits = if call.int(1) & COMMAND == WAKE { u32::MAX } else { bits_of(call) };
                let woken = self.wake(key, call.int(2), bits);
                done(stopped, woken)
            }
            REQUEUE => {
                let moved = self.requeue(t, call)?;
                done(stopped, moved)
            }
            CMP_REQUEUE => {
                let word = self.word_at(t, call.args[0]);
                match word {
                    Ok(word) if word != bits_of(call) => done(stopped, -i64::from(libc::EAGAIN)),
                    Ok(_) => {
                        let moved = self.requeue(t, call)?;
                        done(stopped, moved)
                    }
                    Err(_) => done(stopped, -i64::from(libc::EFAULT)),
                }
            }
            WAKE_OP => {
                let result = self.wake_op(t, call)?;
                done(stopped, result)
            }
            LOCK_PI | LOCK_PI2 if self.tasks[t].expired => {
                self.timed_out(t, call.number);
                done(stopped, -i64::from(libc::ETIMEDOUT))
            }
            LOCK_PI | LOCK_PI2 => {
                let mut registers = call.registers;
                let flags = call.int(1) & !(COMMAND | REALTIME);
                registers.rsi = u64::from((TRYLOCK_PI | flags).unsigned_abs());
                let attempt = Attempt::new(libc::EAGAIN, Class::Steps);
                self.attempt(t, &stopped, &registers, attempt)?;
                Ok(Before::Run(stopped))
            }
            UNLOCK_PI | TRYLOCK_PI => Ok(Before::Run(stopped)),
            _ => {
                self.unmodelled(t, call.number);
                self.tasks[t].may_block = true;
                Ok(Before::Run(stopped))
            }
        }
    }

    fn before_futex_wait(&mut self, t: usize, stopped: Stopped, call: &Call) -> Result<Before> {
        if self.tasks[t].woken {
            return Ok(Before::Skip(stopped, 0));
        }
        if self.tasks[t].expired {
            self.timed_out(t, call.number);
            return Ok(Before::Skip(stopped, -i64::from(libc::ETIMEDOUT)));
        }
        let word = self.word_at(t, call.args[0]);
        let Ok(word) = word else { return Ok(Before::Run(stopped)) };
        let bits = if call.int(1) & COMMAND == WAIT { u32::MAX } else { bits_of(call) };
        let asleep = self.tasks[t].sleeper.is_some();
        if word != call.int(2).cast_unsigned() && bits != 0 && !asleep {
            return Ok(Before::Skip(stopped, -i64::from(libc::EAGAIN)));
        }
        if word != call.int(2).cast_unsigned()
            || bits == 0
            || asleep
            || self.is_interrupted(t, &stopped, call)?
        {
            // The kernel says EAGAIN, EINVAL, or that a signal came.
            return self.run_or_interrupt(t, stopped, call, word);
        }
        if self.wakes_for_nothing(t) {
            return Ok(Before::Skip(stopped, 0));
        }
        let key = self.futex_key(t, call, call.args[0])?;
        self.asleep += 1;
        self.tasks[t].sleeper = Some(Sleeper { key, bits, order: self.asleep, word });
        self.futex_deadline(t, call);
        // It sleeps; its call goes on being where it stands.
        self.tasks[t].state = State::Parked(stopped, Point::Call(*call));
        Ok(Before::Stop)
    }

    /// A wait that the kernel would not let sleep. One that has slept and is ended by a signal must
    /// not look at its word again: the kernel is shown the word as it is, and finds the signal.
    fn run_or_interrupt(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
        word: u32,
    ) -> Result<Before> {
        if self.tasks[t].sleeper.take().is_some() && word != call.int(2).cast_unsigned() {
            let mut registers = call.registers;
            registers.rdx = u64::from(word);
            let never = Attempt { would_wait: i64::MIN, ..Attempt::new(0, Class::Steps) };
            self.attempt(t, &stopped, &registers, never)?;
        }
        Ok(Before::Run(stopped))
    }

    /// Wakes up to `most` sleepers, who fell asleep first, first; gives their number.
    fn wake(&mut self, key: Key, most: i32, bits: u32) -> i64 {
        let mut woken = 0;
        for t in self.sleepers(key) {
            if woken >= most.max(1) {
                break;
            }
            let Some(sleeper) = self.tasks[t].sleeper else { continue };
            if sleeper.bits & bits != 0 {
                self.tasks[t].sleeper = None;
                self.tasks[t].woken = true;
                woken += 1;
            }
        }
        i64::from(woken)
    }

    /// Tasks that sleep on a futex, in the order in which they fell asleep.
    fn sleepers(&self, key: Key) -> Vec<usize> {
        let mut found: Vec<(u64, usize)> = (0..self.tasks.len())
            .filter_map(|t| {
                let sleeper = self.tasks[t].sleeper.filter(|sleeper| sleeper.key == key)?;
                matches!(self.tasks[t].state, State::Parked(..)).then_some((sleeper.order, t))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, t)| t).collect()
    }

    /// Wakes some sleepers and moves others to a second futex; gives how many that were. Only
    /// FUTEX_CMP_REQUEUE counts the moved ones. Source: `futex(2)`.
    fn requeue(&mut self, t: usize, call: &Call) -> Result<i64> {
        let from = self.futex_key(t, call, call.args[0])?;
        let to = self.futex_key(t, call, call.args[4])?;
        let most = call.int(2);
        let woken = if most > 0 { self.wake(from, most, u32::MAX) } else { 0 };
        let limit = usize::try_from(call.int(3)).unwrap_or(0);
        let moved: Vec<usize> = self.sleepers(from).into_iter().take(limit).collect();
        for &sleeping in &moved {
            if let Some(sleeper) = &mut self.tasks[sleeping].sleeper {
                sleeper.key = to;
            }
        }
        let counts = call.int(1) & COMMAND == CMP_REQUEUE;
        Ok(woken + if counts { i64::try_from(moved.len()).unwrap_or(0) } else { 0 })
    }

    /// Changes the second word, wakes at the first, and wakes at the second if its old value
    /// compares as asked for. Source: `futex(2)`, FUTEX_WAKE_OP.
    fn wake_op(&mut self, t: usize, call: &Call) -> Result<i64> {
        let Ok(old) = self.word_at(t, call.args[4]) else {
            return Ok(-i64::from(libc::EFAULT));
        };
        let code = bits_of(call);
        let signed = |twelve: u32| (twelve << 20).cast_signed() >> 20;
        let mut operand = signed(code >> 12 & 0xfff);
        if code >> 28 & 8 != 0 {
            operand = 1i32.wrapping_shl(operand.cast_unsigned() & 31);
        }
        let value = operand.cast_unsigned();
        let new = match code >> 28 & 7 {
            0 => value,
            1 => old.wrapping_add(value),
            2 => old | value,
            3 => old & !value,
            4 => old ^ value,
            _ => return Ok(-i64::from(libc::ENOSYS)),
        };
        let (left, right) = (old.cast_signed(), signed(code & 0xfff));
        let holds = match code >> 24 & 0xf {
            0 => left == right,
            1 => left != right,
            2 => left < right,
            3 => left <= right,
            4 => left > right,
            5 => left >= right,
            _ => return Ok(-i64::from(libc::ENOSYS)),
        };
        if self.set_bytes_at(t, call.args[4], &new.to_le_bytes()).is_err() {
            return Ok(-i64::from(libc::EFAULT));
        }
        let first = self.futex_key(t, call, call.args[0])?;
        let mut woken = self.wake(first, call.int(2), u32::MAX);
        if holds {
            let second = self.futex_key(t, call, call.args[4])?;
            woken += self.wake(second, call.int(3), u32::MAX);
        }
        Ok(woken)
    }

    fn futex_key(&mut self, t: usize, call: &Call, address: u64) -> Result<Key> {
        self.key_of(t, address, call.int(1) & PRIVATE == 0)
    }

    /// A thread or process has ended. The kernel has cleared the word that stands for its life and
    /// held its number, and marked the robust locks it held, and has woken one waiter of each, of
    /// whom it found none; also of the lock that it was about to take or had just given back, if
    /// nobody owns it. Other words it knows nothing of: who waits for a lock that was left free
    /// without a wake goes on waiting.
    pub(crate) fn wake_heirs(&mut self, ended: Pid) {
        let dead = self.processes.iter().rfind(|p| p.pid == ended);
        let pending = dead.and_then(|p| p.pending_lock);
        let mut seen = Vec::new();
        for t in 0..self.tasks.len() {
            let Some(sleeper) = self.tasks[t].sleeper else { continue };
            let State::Parked(_, Point::Call(call)) = &self.tasks[t].state else { continue };
            let address = call.args[0];
            let Ok(word) = self.word_at(t, address) else { continue };
            let cleared = word == 0 && sleeper.word == ended.0.cast_unsigned();
            let nobodys = pending == Some(sleeper.key) && word & OWNER == 0;
            let left = cleared || nobodys || (word != sleeper.word && word & OWNER_DIED != 0);
            if left && !seen.contains(&sleeper.key) {
                seen.push(sleeper.key);
            }
        }
        for key in seen {
            self.wake(key, 1, u32::MAX);
        }
    }
}

/// The sixth argument: a set of bits, a value to compare with, or an operation.
fn bits_of(call: &Call) -> u32 {
    call.int(5).cast_unsigned()
}
