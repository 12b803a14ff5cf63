//! The way of a freshly launched program through its `execve` and the dynamic linker, to its entry
//! point.

use super::lost;
use crate::calls;
use crate::error::Result;
use crate::image;
use crate::process::Dispositions;
use forklings_sys::memory;
use forklings_sys::ptrace::{Halt, Reason, Resume, Running, Stopped};

/// Where a fresh tracee came to.
pub(super) enum Arrival {
    AtEntry { stopped: Stopped, entry: u64, tid_address: u64, dispositions: Box<Dispositions> },
    NeverExecuted,
    Died(i32),
}

/// Runs a fresh tracee through its `execve` and the dynamic linker to its entry point.
pub(super) fn to_entry(mut running: Running) -> Result<Arrival> {
    let mut executed = false;
    let mut entry = 0;
    let mut saved = 0;
    let mut tid_address = 0;
    let mut dispositions = Dispositions::new();
    loop {
        let (stopped, reason) = match running.wait()? {
            Halt::Stopped(stopped, reason) => (stopped, reason),
            Halt::Died(status) if executed => return Ok(Arrival::Died(status)),
            Halt::Died(_) => return Ok(Arrival::NeverExecuted),
        };
        let mut signal = 0;
        match reason {
            Reason::Exec => {
                executed = true;
                tid_address = 0;
                dispositions.exec();
                entry = image::prepare(&stopped)?.ok_or_else(|| lost("no entry point"))?;
                saved = memory::read_u64(stopped.tid(), entry)?;
                stopped.poke(entry, (saved & !0xff) | 0xcc)?;
            }
            Reason::Seccomp => {
                let registers = stopped.registers()?;
                if registers.orig_rax.cast_signed() == libc::SYS_set_tid_address {
                    tid_address = registers.rdi;
                }
                // It may fail, which no constructor does on purpose.
                if registers.orig_rax.cast_signed() == libc::SYS_rt_sigaction && registers.rsi != 0
                {
                    let signal = i32::try_from(registers.rdi).unwrap_or(0);
                    let tid = stopped.tid();
                    dispositions.set(signal, calls::signals::disposition_at(tid, registers.rsi)?);
                }
            }
            Reason::Signal(libc::SIGTRAP) if executed => {
                let mut registers = stopped.registers()?;
                if registers.rip == entry + 1 {
                    stopped.poke(entry, saved)?;
                    registers.rip = entry;
                    registers.orig_rax = u64::MAX;
                    stopped.set_registers(&registers)?;
                    return Ok(Arrival::AtEntry {
                        stopped,
                        entry,
                        tid_address,
                        dispositions: Box::new(dispositions),
                    });
                }
            }
            Reason::Signal(number) => signal = number,
            Reason::SyscallExit
            | Reason::Fork
            | Reason::Vfork
            | Reason::Clone
            | Reason::VforkDone
            | Reason::Exit
            | Reason::Group(_) => {}
        }
        running = stopped.resume(Resume::Free, signal)?;
    }
}
