//! Trying without waiting: a call that may wait is performed in a form that does not. When the
//! kernel says that it would have waited, the task is put back before its call as if nothing had
//! happened, and is held there until something has changed that could let it through.
//!
//! The program sees neither the changed arguments nor the refusal. A call that a signal shall end
//! is performed unchanged, since only a call that waits is interrupted.

use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_sys::Copied;
use forklings_sys::descriptor;
use forklings_sys::memory;
use forklings_sys::ptrace::{Registers, Stopped};
use std::os::fd::AsRawFd;

/// What may let a refused call through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A lock was given back or changed.
    Locks,
    /// System V semaphores changed.
    Semaphores,
    /// A System V queue changed.
    Messages,
    /// Something listening accepted a connection or went away.
    Connections,
    /// Anything that anybody did.
    Steps,
}

/// Counts changes by class: a refused call is tried again when its class has a new count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes([u64; 5]);

impl Changes {
    pub(crate) fn note(&mut self, class: Class) {
        self.0[class as usize] += 1;
    }

    /// Anything may have changed.
    pub(crate) fn note_all(&mut self) {
        for count in &mut self.0 {
            *count += 1;
        }
    }

    fn of(&self, class: Class) -> u64 {
        self.0[class as usize]
    }
}

/// A call that the kernel sees with other arguments than the program gave.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The result by which the kernel says that the call would have waited.
    pub(crate) would_wait: i64,
    /// What may let it through later.
    pub(crate) class: Class,
    /// Memory that a refused call has overwritten: where, and what stood there.
    pub(crate) overwritten: Vec<(u64, Vec<u8>)>,
    /// An open file that does not wait for as long as the call lasts, and its flags before.
    pub(crate) nonblocking: Option<(Copied, i32)>,
}

impl Attempt {
    pub(crate) fn new(would_wait: i32, class: Class) -> Self {
        Self {
            would_wait: -i64::from(would_wait),
            class,
            overwritten: Vec::new(),
            nonblocking: None,
        }
    }
}

/// When a call was refused last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    class: Class,
    seen: u64,
}

impl Run<'_> {
    /// Shows the kernel `registers` for the call that a task stands before.
    pub(crate) fn attempt(
        &mut self,
        t: usize,
        stopped: &Stopped,
        registers: &Registers,
        attempt: Attempt,
    ) -> Result<()> {
        stopped.set_registers(registers)?;
        self.tasks[t].attempt = Some(attempt);
        Ok(())
    }

    /// Performs a call while its open file does not wait. The flag belongs to the open file, so it
    /// can be set on a copy; nobody else runs meanwhile.
    pub(crate) fn attempt_nonblocking(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
        (copy, class): (Copied, Class),
    ) -> Result<()> {
        let flags = descriptor::status_flags(copy.as_raw_fd())?;
        if flags & libc::O_NONBLOCK != 0 {
            return Ok(());
        }
        descriptor::set_status_flags(copy.as_raw_fd(), flags | libc::O_NONBLOCK)?;
        let mut attempt = Attempt::new(libc::EAGAIN, class);
        attempt.nonblocking = Some((copy, flags));
        self.attempt(t, stopped, &call.registers, attempt)
    }

    /// A call has returned. Gives its result; `None` when it was refused and the task is before its
    /// call again.
    pub(crate) fn returned(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
    ) -> Result<Option<i64>> {
        /// Go on where the call was, by the kernel's own clock.
        const RESTART_BLOCK: i64 = -516;
        /// Make the call again, unless a handler runs.
        const RESTART_NO_HAND: i64 = -514;
        let mut registers = stopped.registers()?;
        let result = registers.rax.cast_signed();
        if self.refused(t, stopped, call, result)? {
            return Ok(None);
        }
        if result == RESTART_BLOCK {
            registers = stopped.registers()?;
            registers.rax = RESTART_NO_HAND.cast_unsigned();
            stopped.set_registers(&registers)?;
            return Ok(Some(RESTART_NO_HAND));
        }
        Ok(Some(result))
    }

    /// A call has returned. Gives its arguments back to the program, and `true` when it was refused:
    /// the task is before its call again then.
    pub(crate) fn refused(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
        result: i64,
    ) -> Result<bool> {
        let Some(attempt) = self.tasks[t].attempt.take() else { return Ok(false) };
        let piece = self.tasks[t].piece.take();
        if let Some((copy, flags)) = attempt.nonblocking {
            descriptor::set_status_flags(copy.as_raw_fd(), flags)?;
        }
        let refused = result == attempt.would_wait && !self.tasks[t].expired;
        let mut registers = stopped.registers()?;
        let given = &call.registers;
        (registers.rdi, registers.rsi, registers.rdx) = (given.rdi, given.rsi, given.rdx);
        (registers.r10, registers.r8, registers.r9) = (given.r10, given.r8, given.r9);
        if refused {
            // Back to the `syscall` instruction, two bytes long.
            registers.rip -= 2;
            registers.rax = call.number.cast_unsigned();
            registers.orig_rax = u64::MAX;
            for (place, bytes) in &attempt.overwritten {
                memory::write(self.tasks[t].tid, *place, bytes)?;
            }
            self.lock_refused(t, call);
            self.refuse(t, attempt.class);
        } else {
            self.tasks[t].piece = piece;
        }
        stopped.set_registers(&registers)?;
        Ok(refused)
    }

    /// What a task tried was in vain, until something of this class changes.
    pub(crate) fn refuse(&mut self, t: usize, class: Class) {
        self.tasks[t].refusal = Some(Refusal { class, seen: self.changes.of(class) });
    }

    /// Whether a task's call was refused and nothing has changed since.
    pub(crate) fn still_refused(&self, t: usize) -> bool {
        self.tasks[t].refusal.is_some_and(|refusal| refusal.seen == self.changes.of(refusal.class))
    }

    /// Puts bytes into a task's memory where it cannot miss them: below its stack and the 128 bytes
    /// under it that belong to the running function. Gives their place, at a multiple of 16; `None`
    /// when nothing is mapped there. Source: System V ABI for AMD64, "The Stack Frame".
    pub(crate) fn scratch(&self, t: usize, call: &Call, bytes: &[u8]) -> Option<u64> {
        const RED_ZONE: u64 = 128;
        let below = call.registers.rsp.checked_sub(RED_ZONE + bytes.len() as u64 + 16)?;
        let place = below & !15;
        memory::write(self.tasks[t].tid, place, bytes).ok().map(|()| place)
    }
}
