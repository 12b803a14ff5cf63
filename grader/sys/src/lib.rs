//! The only unsafe code of the grader: thin, safe faces for the system calls that a tracer and a
//! sandbox need. It knows Linux and nothing of exercises, schedules or verdicts.
//!
//! - [`ptrace`]: a traced thread, as types that are either stopped or running.
//! - [`memory`]: another process's memory.
//! - [`filter`]: seccomp programs.
//! - [`step`]: what runs between `clone` and `execve`, as one flat list.
//! - [`spawn`]: the processes that run such lists.
//! - [`descriptor`]: pipes, sockets, memory files, descriptors of other processes.
//! - [`lock`], [`socket`], [`timer`]: what open files, sockets and timers say of themselves.
//! - [`terminal`]: how wide it is.
//! - [`cpu`]: pinning and priorities, CPU clocks.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("Forklings traces programs on Linux on x86-64 only");

mod copies;
pub mod cpu;
pub mod descriptor;
mod error;
pub mod filter;
pub mod lock;
pub mod memory;
pub mod ptrace;
pub mod robust;
pub mod socket;
pub mod spawn;
pub mod step;
pub mod terminal;
pub mod timer;

pub use copies::{Copied, without_copies};
pub use error::{Result, SysError};
