//! Loops that only look at memory: a spin lock, or a flag that a handler or another thread sets.
//! They make no call, so nobody else would ever go on. Where a loop comes back to the very state
//! that it was in, registers and memory, it can only wait for somebody else: it is a wait then like
//! any other, and it looks again when others have done something.
//!
//! The watchdog asks when a task has computed for a while. A task that turns is found out in any
//! case, since nobody else runs until it is, so that equal schedules give equal runs however fast
//! the machine is; a task that really computes is let go on as if nothing had happened.

use crate::attempt::Class;
use crate::error::Result;
use crate::maps::{self, Mapping};
use crate::run::Run;
use crate::task::{Point, State};
use forklings_model::WaitsFor;
use forklings_sys::memory;
use forklings_sys::ptrace::{self, Halt, Reason, Registers, Resume, Stopped};
use std::cmp::Reverse;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::FileExt;

/// Instructions that one round of a loop may have. A longer one is taken for a computation.
const ROUND: u32 = 2_000;
/// Rounds of equal registers that may turn out to have changed memory.
const ROUNDS: u32 = 3;
/// Bytes around the stack pointer that are compared first: most counters of loops are there.
const FRAME: usize = 1024;
const RED_ZONE: u64 = 128;
/// Pages in use that are compared. Who has more is not asked.
const PAGES: usize = 8_192;
/// Pages of a mapping, in use or not, that are looked through. Some libraries reserve terabytes.
const MAPPED: u64 = 1 << 20;
const PAGE: u64 = 4_096;

/// A loop that a task is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    /// Where it stands.
    state: Registers,
    /// Instructions of one round.
    length: u32,
}

/// Where a task stands in a loop, as far as that is quickly compared.
#[derive(Debug)]
pub(crate) struct Stand {
    registers: Registers,
    /// What is on the stack there, where that has to be the same.
    frame: Option<Vec<u8>>,
}

impl Stand {
    pub(crate) fn of(stopped: &Stopped) -> Result<Self> {
        let registers = stopped.registers()?;
        Ok(Self { registers, frame: Some(frame_of(stopped.tid(), &registers)) })
    }

    /// Whether the other one is before the same instruction.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        self.registers.rip == other.registers.rip
    }

    /// Whether the other one is the same to the program.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        is_same(&self.registers, &other.registers) && self.frame == other.frame
    }

    fn is_reached(&self, tid: i32, now: &Registers) -> bool {
        is_same(&self.registers, now)
            && self.frame.as_ref().is_none_or(|frame| *frame == frame_of(tid, now))
    }
}

fn frame_of(tid: i32, registers: &Registers) -> Vec<u8> {
    let mut bytes = vec![0; FRAME];
    let read = memory::read(tid, registers.rsp.saturating_sub(RED_ZONE), &mut bytes).unwrap_or(0);
    bytes.truncate(read);
    bytes
}

/// What became of a task that was led on instruction by instruction.
pub(crate) enum Led {
    /// It is in the state again that it was in, after so many instructions.
    Round(Stopped, u32),
    /// It is in no such loop.
    On(Stopped),
    /// It stands where others may have to go first.
    Breakpoint(Stopped, u64),
    /// Something else happened.
    Halted(Halt),
}

impl Run<'_> {
    /// Whether a task that was interrupted in a computation turns in a loop; the loop, in place of
    /// the number of its instructions.
    pub(crate) fn look_for_spin(
        &mut self,
        t: usize,
        stopped: Stopped,
    ) -> Result<(Led, Option<Spin>)> {
        self.unwatch(t, &stopped);
        let stops = self.breakpoint_addresses(t, &stopped)?;
        // The first step leads out of whatever the interruption has left in the registers.
        let stopped = match self.lead(stopped, &stops, 1, None)? {
            Led::On(stopped) => stopped,
            other @ (Led::Round(..) | Led::Breakpoint(..) | Led::Halted(_)) => {
                return Ok((other, None));
            }
        };
        let stand = Stand::of(&stopped)?;
        let vectors = stopped.vector_registers()?;
        let (mut stopped, mut before, mut left) = (stopped, None, ROUND);
        for _ in 0..=ROUNDS {
            match self.lead(stopped, &stops, left, Some(&stand))? {
                Led::Round(now, length) => {
                    stopped = now;
                    left -= length;
                    if stopped.vector_registers()? != vectors {
                        return Ok((Led::On(stopped), None));
                    }
                    let memory = memory_of(stopped.tid());
                    if memory.is_some() && memory == before {
                        return self.lead_to_head(stopped, &stops, length);
                    }
                    if memory.is_none() || left == 0 {
                        break;
                    }
                    before = memory;
                }
                other @ (Led::On(_) | Led::Breakpoint(..) | Led::Halted(_)) => {
                    return Ok((other, None));
                }
            }
        }
        Ok((Led::On(stopped), None))
    }

    /// Leads a task that turns in a loop to the first instruction of it, of those in the function
    /// that the loop belongs to: wherever it was interrupted, it waits at the same place.
    fn lead_to_head(
        &mut self,
        mut stopped: Stopped,
        stops: &[u64],
        length: u32,
    ) -> Result<(Led, Option<Spin>)> {
        let outermost = |state: &Registers| (Reverse(state.rsp), state.rip);
        let mut state = stopped.registers()?;
        for _ in 0..length {
            match self.lead(stopped, stops, 1, None)? {
                Led::On(now) => stopped = now,
                other @ (Led::Round(..) | Led::Breakpoint(..) | Led::Halted(_)) => {
                    return Ok((other, None));
                }
            }
            let now = stopped.registers()?;
            if outermost(&now) < outermost(&state) {
                state = now;
            }
        }
        if is_same(&state, &stopped.registers()?) {
            return Ok((Led::On(stopped), Some(Spin { state, length })));
        }
        let head = Stand { registers: state, frame: None };
        match self.lead(stopped, stops, length, Some(&head))? {
            Led::Round(stopped, _) => Ok((Led::On(stopped), Some(Spin { state, length }))),
            other @ (Led::On(_) | Led::Breakpoint(..) | Led::Halted(_)) => Ok((other, None)),
        }
    }

    /// Lets a task look once more. A loop that it does not leave has changed nothing.
    pub(crate) fn look_again(&mut self, t: usize, stopped: Stopped, spin: Spin) -> Result<()> {
        if self.tasks[t].endless {
            return self.go_on_from(t, Led::On(stopped));
        }
        self.unwatch(t, &stopped);
        let stops = self.breakpoint_addresses(t, &stopped)?;
        // A whole round, since a loop within the loop may come by here more than once.
        match self.lead(stopped, &stops, spin.length, None)? {
            Led::On(stopped) if is_same(&spin.state, &stopped.registers()?) => {
                self.tasks[t].state = State::Parked(stopped, Point::Spin(spin));
                self.refuse(t, Class::Steps);
                Ok(())
            }
            other @ (Led::On(_) | Led::Round(..) | Led::Breakpoint(..) | Led::Halted(_)) => {
                self.tasks[t].call_done();
                self.go_on_from(t, other)
            }
        }
    }

    /// Lets a task that was led go on freely.
    pub(crate) fn go_on_from(&mut self, t: usize, led: Led) -> Result<()> {
        match led {
            Led::On(stopped) | Led::Round(stopped, _) => {
                self.resume_and_follow(t, stopped, None, Resume::Free, 0)
            }
            Led::Breakpoint(stopped, at) => match self.at_breakpoint(t, &stopped, at)? {
                Some(point) => {
                    self.park(t, stopped, point);
                    Ok(())
                }
                None => self.resume_and_follow(t, stopped, None, Resume::Free, 0),
            },
            Led::Halted(halt) => self.follow_halt(t, halt, None),
        }
    }

    /// Whether a task that turns in a loop can be waited for: others can reach the memory that it
    /// looks at.
    fn spin_can_end(&self, t: usize) -> bool {
        let process = self.process(t);
        process.shares_memory || process.threads > 1
    }

    /// A task that turns in a loop which nobody can end computes until its time is over.
    pub(crate) fn give_up_spins(&mut self, waits: &[(usize, WaitsFor)]) -> bool {
        let alone = waits
            .iter()
            .find(|(t, on)| matches!(on, WaitsFor::Memory) && !self.spin_can_end(*t))
            .map(|(t, _)| *t);
        if let Some(t) = alone {
            self.tasks[t].endless = true;
        }
        alone.is_some()
    }

    /// Leads a task on by at most so many instructions, until it stands there again.
    fn lead(
        &mut self,
        mut stopped: Stopped,
        stops: &[u64],
        most: u32,
        until: Option<&Stand>,
    ) -> Result<Led> {
        for n in 1..=most {
            let tid = stopped.tid();
            let running = match stopped.resume(Resume::Step, 0) {
                Err(error) if error.is_gone() => ptrace::born(tid),
                other => other?,
            };
            let (now, reason) = match running.wait()? {
                Halt::Stopped(now, reason) => (now, reason),
                died @ Halt::Died(_) => return Ok(Led::Halted(died)),
            };
            if reason != Reason::Signal(libc::SIGTRAP) || !now.signal_info()?.is_step() {
                return Ok(Led::Halted(Halt::Stopped(now, reason)));
            }
            let registers = now.registers()?;
            if stops.contains(&registers.rip) {
                return Ok(Led::Breakpoint(now, registers.rip));
            }
            if until.is_some_and(|stand| stand.is_reached(tid, &registers)) {
                return Ok(Led::Round(now, n));
            }
            stopped = now;
        }
        Ok(Led::On(stopped))
    }
}

/// Whether two states of the registers are the same to the program.
fn is_same(one: &Registers, other: &Registers) -> bool {
    /// Trap and resume flag, which belong to who steps. A system call leaves the flags in r11.
    const STEPPING: u64 = 1 << 8 | 1 << 16;
    let of = |r: &Registers| {
        let (flags, r11) = (r.eflags & !STEPPING, r.r11 & !STEPPING);
        let low = [r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp];
        (low, [r.r8, r.r9, r.r10, r11, r.r12, r.r13, r.r14, r.r15], r.rip, flags)
    };
    one.rip == other.rip && of(one) == of(other)
}

/// The content of the pages that a process has in use and can write to, as a number; `None` when
/// there are too many. Source: `proc_pid_pagemap(5)`.
pub(crate) fn memory_of(tid: i32) -> Option<u64> {
    let maps = maps::of(tid);
    let pagemap = fs::File::open(format!("/proc/{tid}/pagemap")).ok()?;
    let mut hasher = DefaultHasher::new();
    let mut used = 0;
    for Mapping { start: first, end, .. } in maps::read(&maps).filter(|mapping| mapping.writable) {
        let pages = Some(end.saturating_sub(first) / PAGE).filter(|&pages| pages <= MAPPED)?;
        let mut entries = vec![0; usize::try_from(pages).ok()? * 8];
        pagemap.read_exact_at(&mut entries, first / PAGE * 8).ok()?;
        for (entry, address) in entries.chunks(8).zip((first..).step_by(4096)) {
            // Bit 63: in memory, bit 62: swapped out.
            if entry[7] & 0b1100_0000 == 0 {
                continue;
            }
            used += 1;
            if used > PAGES {
                return None;
            }
            let mut bytes = [0; 4096];
            memory::exact(tid, address, &mut bytes).ok()?;
            hasher.write_u64(address);
            hasher.write(&bytes);
        }
    }
    Some(hasher.finish())
}
