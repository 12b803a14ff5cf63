//! A program's image right after `execve`: where it will start, and the two things in its
//! auxiliary vector that would make runs differ. Source: `getauxval(3)`.

use crate::error::Result;
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

const AT_NULL: u64 = 0;
const AT_ENTRY: u64 = 9;
const AT_RANDOM: u64 = 25;
const AT_SYSINFO_EHDR: u64 = 33;
/// Replaces a type that the program shall not see. Source: elf.h.
const AT_IGNORE: u64 = 1;

/// Hides the vDSO, so that every look at a clock is a system call, makes the random bytes that
/// libc starts from the same each time, and gives the program's entry address. The tracee stands
/// at its exec stop.
pub(crate) fn prepare(tracee: &Stopped) -> Result<Option<u64>> {
    let pid = tracee.tid();
    let mut at = tracee.registers()?.rsp;
    let argc = memory::read_u64(pid, at)?;
    at += 8 * (argc + 2);
    while memory::read_u64(pid, at)? != 0 {
        at += 8;
    }
    at += 8;
    let mut entry = None;
    loop {
        let kind = memory::read_u64(pid, at)?;
        match kind {
            AT_NULL => return Ok(entry),
            AT_ENTRY => entry = Some(memory::read_u64(pid, at + 8)?),
            AT_SYSINFO_EHDR => tracee.poke(at, AT_IGNORE)?,
            AT_RANDOM => {
                let bytes = memory::read_u64(pid, at + 8)?;
                memory::write(pid, bytes, b"forklings-random")?;
            }
            _ => {}
        }
        at += 16;
    }
}
