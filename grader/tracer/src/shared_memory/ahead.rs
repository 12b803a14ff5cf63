//! What a task computes from one access to the next: worked out here where that can be done, since
//! letting it go costs a trap and two switches between processes.
//!
//! Nothing that others could notice is done: registers are set, and memory of the task's own is read
//! and written, as the processor would. Where an instruction is not known, or a signal or a breakpoint
//! may come first, the task goes on by itself from there.

use super::FOLLOWED;
use super::instruction::{Instruction, Operation, Source, Transfer, compute};
use super::own::{OwnMemory, Whose};
use crate::error::Result;
use crate::run::Run;
use forklings_sys::ptrace::{Registers, Stopped};

/// Instructions that are worked out between two accesses at most. Who computes for longer than that
/// gains nothing here.
const MOST: u32 = 200;

impl Run<'_> {
    /// A task has made an access, or used a mutex. Leads it on to the next one, if only computation lies
    /// between; `None` when it stands before that. Otherwise it is to be let go.
    pub(crate) fn work_ahead(&mut self, t: usize, stopped: Stopped) -> Result<Option<Stopped>> {
        let may = self.accesses < FOLLOWED
            && !self.process(t).shared.has_more
            && !self.is_in_mutex(t)
            && !self.signal_came(t, &stopped)?;
        if !may {
            return Ok(Some(stopped));
        }
        let mut registers = stopped.registers()?;
        let mut breakpoints = None;
        for _ in 0..MOST {
            // Where there is none, it finds that out by itself.
            let Ok(instruction) = self.instruction_at(t, registers.rip) else { break };
            let computed = compute(&instruction, &mut registers)
                .or_else(|| self.use_stack(t, &instruction, &mut registers));
            if computed.is_none() {
                let Some(operation) = Operation::of(instruction, &registers, 0) else { break };
                if self.process(t).shared.at(operation.address).is_some() {
                    return self.meets_access(t, stopped, registers, operation.address);
                }
                if self.work_out(t, operation, &mut registers).is_none() {
                    break;
                }
            }
            // Functions begin where something jumps to.
            if registers.rip != instruction.next_ip() {
                let known = match &mut breakpoints {
                    Some(known) => known,
                    none => none.insert(self.breakpoint_addresses(t, &stopped)?),
                };
                if known.contains(&registers.rip) {
                    return self.meets_breakpoint(t, stopped, registers);
                }
            }
        }
        // Also where it stands as it stood: it may have gone round a loop.
        stopped.set_registers(&registers)?;
        Ok(Some(stopped))
    }

    /// A task stands before an access to memory that others share.
    fn meets_access(
        &mut self,
        t: usize,
        stopped: Stopped,
        registers: Registers,
        address: u64,
    ) -> Result<Option<Stopped>> {
        stopped.set_registers(&registers)?;
        let access = self.access_at(t, &registers, address)?;
        let Some(access) = access.filter(|access| self.is_decision_access(t, access)) else {
            return Ok(Some(stopped));
        };
        self.stops += 1;
        self.stands_before_access(t, stopped, access)?;
        Ok(None)
    }

    /// A task stands where it would have met a breakpoint.
    fn meets_breakpoint(
        &mut self,
        t: usize,
        stopped: Stopped,
        registers: Registers,
    ) -> Result<Option<Stopped>> {
        stopped.set_registers(&registers)?;
        self.stops += 1;
        Ok(match self.at_breakpoint(t, &stopped, registers.rip)? {
            Some(point) => {
                self.park(t, stopped, point);
                None
            }
            None => Some(stopped),
        })
    }

    /// Does an instruction that uses memory of the task's own.
    fn work_out(
        &mut self,
        t: usize,
        operation: Operation,
        registers: &mut Registers,
    ) -> Option<()> {
        if !operation.is_known {
            return None;
        }
        let whose = self.whose(t, registers);
        let (mut bytes, size) = ([0; 8], usize::from(operation.size));
        self.own.read(whose, operation.address, bytes.get_mut(..size)?)?;
        let mut changed = *registers;
        let after = operation.perform(u64::from_le_bytes(bytes), &mut changed)?;
        if operation.writes() {
            self.own.write(whose, operation.address, after.to_le_bytes().get(..size)?)?;
        }
        *registers = changed;
        Some(())
    }

    /// Does an instruction that calls, returns, pushes or pops, or jumps to where memory says.
    fn use_stack(
        &mut self,
        t: usize,
        instruction: &Instruction,
        registers: &mut Registers,
    ) -> Option<()> {
        let what = Transfer::of(instruction)?;
        let value = match what.source(instruction, registers)? {
            Source::Value(value) => value,
            Source::At(address) => self.own_u64(t, registers, address)?,
        };
        if let Some(pushed) = what.pushes(instruction, value) {
            let (whose, top) = (self.whose(t, registers), registers.rsp.wrapping_sub(8));
            self.own_at(t, top)?.write(whose, top, &pushed.to_le_bytes())?;
        }
        what.finish(instruction, value, registers)
    }

    /// Eight bytes of a stopped task's own memory; `None` where nothing is mapped, or others may have
    /// it too.
    pub(crate) fn own_u64(&mut self, t: usize, registers: &Registers, address: u64) -> Option<u64> {
        let whose = self.whose(t, registers);
        let mut bytes = [0; 8];
        self.own_at(t, address)?.read(whose, address, &mut bytes)?;
        Some(u64::from_le_bytes(bytes))
    }

    /// The memory of its own where a task has eight bytes at an address; `None` where others may have
    /// them too.
    fn own_at(&mut self, t: usize, address: u64) -> Option<&mut OwnMemory> {
        let shared = &self.process(t).shared;
        let is_own = shared.at(address).is_none() && shared.at(address.wrapping_add(7)).is_none();
        is_own.then_some(&mut self.own)
    }

    fn whose(&self, t: usize, registers: &Registers) -> Whose {
        let task = &self.tasks[t];
        Whose { tid: task.tid, memory: self.process(t).memory_of, stack: registers.rsp }
    }
}
