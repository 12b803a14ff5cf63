//! Taking pages away and giving them back, by calls that a process makes without knowing.

use super::{FOLLOWED, Mapped};
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_sys::ptrace::{Halt, Reason, Registers, Resume, Stopped};
use forklings_sys::{memory, robust};

/// What became of a task that was made to do something.
pub(crate) enum Made {
    /// It stands where it stood.
    Stands(Stopped),
    /// It died, or stopped otherwise, meanwhile.
    Halted(Halt),
}

/// Continues with the stopped thread, or returns what happened instead.
macro_rules! stands {
    ($made:expr) => {
        match $made {
            Made::Stands(stopped) => stopped,
            halted @ Made::Halted(_) => return Ok(halted),
        }
    };
}

/// Below the stack pointer, and below the red zone that functions use there.
const BELOW: u64 = 512;

impl Run<'_> {
    /// Takes the pages away from a task's process if others have them too. The task stands outside
    /// of any call.
    pub(crate) fn trap(&mut self, t: usize, stopped: Stopped) -> Result<Made> {
        let shared = &self.process(t).shared;
        let wanted = (!shared.trapped || shared.has_more)
            && self.accesses < FOLLOWED
            && shared.mapped.iter().any(|mapped| self.is_contended(mapped.region));
        if !wanted {
            return Ok(Made::Stands(stopped));
        }
        self.forget_unmapped(t);
        self.protect(t, stopped, true)
    }

    /// Gives the pages back to a task's process, or takes them away. The task stands outside of any
    /// call.
    pub(super) fn protect(&mut self, t: usize, stopped: Stopped, trapped: bool) -> Result<Made> {
        if !trapped {
            self.forget_unmapped(t);
        }
        let shared = &self.process(t).shared;
        let Some(syscall) = shared.syscall else { return Ok(Made::Stands(stopped)) };
        let mapped = shared.mapped.clone();
        self.for_memory_of(t, |shared| (shared.trapped, shared.has_more) = (trapped, false));
        let registers = stopped.registers()?;
        let mask = stopped.signal_mask()?;
        stopped.set_signal_mask(u64::MAX)?;
        let mut stopped = stopped;
        for Mapped { start, end, protection, region, .. } in mapped {
            if !self.regions[region].written {
                continue;
            }
            let protection = if trapped { libc::PROT_NONE } else { protection };
            let args = [start, end - start, u64::from(protection.unsigned_abs())];
            let (now, result) =
                match perform(stopped, &registers, syscall, libc::SYS_mprotect, args)? {
                    Ok(done) => done,
                    Err(halt) => return Ok(Made::Halted(halt)),
                };
            stopped = now;
            if result < 0 && trapped {
                // Such as a part of a huge page.
                self.for_memory_of(t, |shared| shared.forget(start, end));
                (self.unwatched_memory, self.unseen_memory) = (true, true);
            }
        }
        stopped.set_registers(&registers)?;
        stopped.set_signal_mask(mask)?;
        Ok(Made::Stands(stopped))
    }

    /// Whether a task's process may have pages that are to be taken away after a call.
    pub(crate) fn may_trap(&self, t: usize) -> bool {
        self.process(t).shared.has_more || self.has_lent_pages(t)
    }

    /// Whether a task's process has its pages although others have them too.
    pub(crate) fn has_lent_pages(&self, t: usize) -> bool {
        let shared = &self.process(t).shared;
        !shared.trapped && !shared.mapped.is_empty()
    }

    /// Gives the pages back for the time of a call that a task stands before, if the kernel would
    /// miss them.
    pub(crate) fn lend_pages(&mut self, t: usize, stopped: Stopped, call: &Call) -> Result<Made> {
        let shared = &self.process(t).shared;
        let is_shared = |argument: &u64| shared.at(*argument).is_some();
        let needed = shared.trapped
            && match call.number {
                libc::SYS_futex if call.args.iter().any(is_shared) => {
                    self.futex_is_for_kernel(t, &stopped, call)?
                }
                // Locks that are given back at the end of a task stand in lists in memory. Who has none
                // leaves the pages taken away, for the other threads.
                libc::SYS_exit => robust::has_locks(stopped.tid()).unwrap_or(true),
                libc::SYS_exit_group => true,
                libc::SYS_clone | libc::SYS_clone3 if self.makes_one_memory(t, call) => true,
                number => has_vectors(number) || call.args.iter().any(is_shared),
            };
        if !needed {
            return Ok(Made::Stands(stopped));
        }
        let mask = stopped.signal_mask()?;
        stopped.set_signal_mask(u64::MAX)?;
        let stopped = stands!(leave(stopped, call)?);
        let stopped = stands!(self.protect(t, stopped, false)?);
        let stopped = stands!(enter(stopped, call)?);
        stopped.set_signal_mask(mask)?;
        Ok(Made::Stands(stopped))
    }

    /// A task stands before an `mmap` of memory without a name. Gives it a file, which the tracer
    /// can open too; the task stands before the changed call then.
    pub(crate) fn give_file(&mut self, t: usize, stopped: Stopped, call: &Call) -> Result<Made> {
        let registers = call.registers;
        let name = registers.rsp - BELOW;
        let tid = stopped.tid();
        let mut before = [0; 8];
        if memory::exact(tid, name, &mut before).is_err()
            || memory::write(tid, name, b"shared\0\0").is_err()
        {
            return Ok(Made::Stands(stopped));
        }
        let mask = stopped.signal_mask()?;
        stopped.set_signal_mask(u64::MAX)?;
        let at = registers.rip - 2;
        let stopped = stands!(leave(stopped, call)?);
        let close_on_exec = u64::from(libc::MFD_CLOEXEC);
        let create = [name, close_on_exec, 0];
        let (mut stopped, file) =
            match perform(stopped, &registers, at, libc::SYS_memfd_create, create)? {
                Ok(done) => done,
                Err(halt) => return Ok(Made::Halted(halt)),
            };
        memory::write(tid, name, &before)?;
        let mut changed = registers;
        if let Ok(fd) = u64::try_from(file) {
            let resize = [fd, call.args[1], 0];
            let (resized, result) =
                match perform(stopped, &registers, at, libc::SYS_ftruncate, resize)? {
                    Ok(done) => done,
                    Err(halt) => return Ok(Made::Halted(halt)),
                };
            stopped = resized;
            self.tasks[t].lent = Some(fd);
            if result == 0 {
                changed.r10 &= !u64::from(libc::MAP_ANONYMOUS.unsigned_abs());
                (changed.r8, changed.r9) = (fd, 0);
            }
        }
        let stopped = stands!(enter(stopped, &Call { registers: changed, ..*call })?);
        stopped.set_signal_mask(mask)?;
        Ok(Made::Stands(stopped))
    }

    /// Takes the descriptor back that a task was given for its mapping. It stands at the return of
    /// the call.
    pub(crate) fn take_file(&mut self, t: usize, stopped: Stopped) -> Result<Made> {
        let Some(fd) = self.tasks[t].lent.take() else { return Ok(Made::Stands(stopped)) };
        let registers = stopped.registers()?;
        let mask = stopped.signal_mask()?;
        stopped.set_signal_mask(u64::MAX)?;
        let close = [fd, 0, 0];
        let at = registers.rip - 2;
        let stopped = match perform(stopped, &registers, at, libc::SYS_close, close)? {
            Ok((stopped, _)) => stopped,
            Err(halt) => return Ok(Made::Halted(halt)),
        };
        stopped.set_registers(&registers)?;
        stopped.set_signal_mask(mask)?;
        Ok(Made::Stands(stopped))
    }
}

/// Calls that name memory by lists in memory.
fn has_vectors(number: i64) -> bool {
    matches!(
        number,
        libc::SYS_readv
            | libc::SYS_writev
            | libc::SYS_preadv
            | libc::SYS_pwritev
            | libc::SYS_preadv2
            | libc::SYS_pwritev2
            | libc::SYS_recvmsg
            | libc::SYS_sendmsg
            | libc::SYS_recvmmsg
            | libc::SYS_sendmmsg
            | libc::SYS_vmsplice
    )
}

/// Leads a task out of the call that it stands before, which is not done.
pub(super) fn leave(stopped: Stopped, call: &Call) -> Result<Made> {
    let mut registers = call.registers;
    registers.orig_rax = u64::MAX;
    stopped.set_registers(&registers)?;
    halt_of(stopped, Resume::ToExit, Reason::SyscallExit)
}

/// Leads a task to a call again.
fn enter(stopped: Stopped, call: &Call) -> Result<Made> {
    stopped.set_registers(&call.again())?;
    halt_of(stopped, Resume::Free, Reason::Seccomp)
}

fn halt_of(stopped: Stopped, how: Resume, expected: Reason) -> Result<Made> {
    let tid = stopped.tid();
    let running = match stopped.resume(how, 0) {
        Err(error) if error.is_gone() => forklings_sys::ptrace::born(tid),
        other => other?,
    };
    Ok(match running.wait()? {
        Halt::Stopped(stopped, reason) if reason == expected => Made::Stands(stopped),
        halt @ (Halt::Stopped(..) | Halt::Died(_)) => Made::Halted(halt),
    })
}

/// Makes a task perform a call with the `syscall` instruction at `at`; gives its result. No signal
/// can come between: they are blocked.
fn perform(
    stopped: Stopped,
    registers: &Registers,
    at: u64,
    number: i64,
    [a, b, c]: [u64; 3],
) -> Result<std::result::Result<(Stopped, i64), Halt>> {
    let mut changed = *registers;
    changed.rip = at;
    changed.rax = number.cast_unsigned();
    // No call is being restarted.
    changed.orig_rax = u64::MAX;
    (changed.rdi, changed.rsi, changed.rdx, changed.r10) = (a, b, c, 0);
    stopped.set_registers(&changed)?;
    let (mut stopped, mut entered) = (stopped, false);
    loop {
        let tid = stopped.tid();
        let running = match stopped.resume(Resume::ToExit, 0) {
            Err(error) if error.is_gone() => forklings_sys::ptrace::born(tid),
            other => other?,
        };
        match running.wait()? {
            Halt::Stopped(now, Reason::SyscallExit) if entered => {
                let result = now.registers()?.rax.cast_signed();
                return Ok(Ok((now, result)));
            }
            Halt::Stopped(now, Reason::SyscallExit) => (stopped, entered) = (now, true),
            Halt::Stopped(now, Reason::Seccomp) => stopped = now,
            halt @ (Halt::Stopped(..) | Halt::Died(_)) => return Ok(Err(halt)),
        }
    }
}
