//! What a task computes from one access to the next: worked out here where that can be done, since
//! letting it go costs a trap and two switches between processes.
//!
//! Nothing that others could notice is done: registers are set, and memory of the task's own is read
//! and written, as the processor would. Where an instruction is not known, or a signal or a breakpoint
//! may come first, the task goes on by itself from there.

use super::FOLLOWED;
use super::instruction::{Operation, compute};
use crate::error::Result;
use crate::run::Run;
use forklings_sys::memory;
use forklings_sys::ptrace::{Registers, Stopped};

/// Instructions that are worked out between two accesses at most. Who computes for longer than that
/// gains nothing here.
const MOST: u32 = 64;

impl Run<'_> {
    /// A task has made an access. Leads it on to the next one, if only computation lies between; `None`
    /// when it stands before that. Otherwise it is to be let go.
    pub(super) fn work_ahead(&mut self, t: usize, stopped: Stopped) -> Result<Option<Stopped>> {
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
            let before = registers;
            let at = before.rip;
            // Where there is none, it finds that out by itself.
            let Ok(code) = self.code_at(t, at) else { break };
            if compute(&code, &mut registers).is_none() {
                let Some(operation) = Operation::decode(&code, &registers, 0) else { break };
                if self.process(t).shared.at(operation.address).is_some() {
                    return self.meets_access(t, stopped, registers, operation.address);
                }
                if self.work_out(t, operation, &mut registers).is_none() {
                    break;
                }
            }
            // Functions begin where something jumps to.
            if registers.rip.wrapping_sub(at) > super::LONGEST as u64 {
                let known = match &mut breakpoints {
                    Some(known) => known,
                    none => none.insert(self.breakpoint_addresses(t, &stopped)?),
                };
                if known.contains(&registers.rip) {
                    // It jumps there by itself: where a task stands, no breakpoint is set.
                    registers = before;
                    break;
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

    /// Does an instruction that uses memory of the task's own.
    fn work_out(&self, t: usize, operation: Operation, registers: &mut Registers) -> Option<()> {
        if !operation.is_known {
            return None;
        }
        let tid = self.tasks[t].tid;
        let (mut bytes, size) = ([0; 8], usize::from(operation.size));
        memory::exact(tid, operation.address, bytes.get_mut(..size)?).ok()?;
        let mut changed = *registers;
        let after = operation.perform(u64::from_le_bytes(bytes), &mut changed)?;
        if operation.writes() {
            memory::write(tid, operation.address, after.to_le_bytes().get(..size)?).ok()?;
        }
        *registers = changed;
        Some(())
    }
}
