//! Who makes a call that asks for memory, told by its call stack as the call is made: whether the
//! program's own code has begun, and whether that code or a runtime asks.

use crate::before_main;
use crate::stacks::{DEPTH, for_unwinding};
use forklings_symbols::{Buffered, Functions, Mapping, Unwinder};
use forklings_sys::memory;
use forklings_sys::ptrace::Registers;
use std::fmt;

/// Looks at single calls.
#[derive(Default)]
pub(crate) struct Callers {
    unwinder: Unwinder,
    functions: Functions,
}

/// What is known of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// Whether the program's own code has begun, or may have.
    pub(crate) begun: bool,
    /// Whether the C library, the dynamic linker or a language's runtime made the call.
    pub(crate) is_runtime: bool,
}

impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callers").finish_non_exhaustive()
    }
}

impl Callers {
    /// Looks at a call that a thread with these mappings makes with these registers.
    pub(crate) fn look(&mut self, tid: i32, maps: &[Mapping], registers: &Registers) -> Caller {
        let mut tracee = Buffered::new(|address, buffer: &mut [u8]| {
            memory::read(tid, address, buffer).unwrap_or(0)
        });
        let frames = self.unwinder.unwind(maps, for_unwinding(registers), &mut tracee, DEPTH);
        let mut name = |frame: &forklings_model::Frame| self.functions.name(frame);
        Caller {
            is_runtime: before_main::is_called_by_runtime(&frames, &mut name),
            begun: before_main::has_begun(&frames, &mut name),
        }
    }
}
