//! What handlers call: a breakpoint stands at each function that is not async-signal-safe while a
//! handler runs, and only then. A program without handlers pays nothing, and outside of handlers
//! nobody stops.
//!
//! Invariant: whoever is let go has the breakpoints in its memory that it shall meet, and no others.
//! They stay there while it is stopped; the next one who is let go in that memory has what differs
//! changed.

use crate::breakpoints::Breakpoints;
use crate::error::Result;
use crate::process::Disposition;
use crate::run::Run;
use crate::task::Point;
use forklings_model::{EventKind, Signal};
use forklings_symbols::demangle;
use forklings_sys::ptrace::{Reason, Resume, Stopped};
use std::rc::Rc;

/// Addresses of functions, with their names.
pub(crate) type Functions = Rc<[(u64, String)]>;

/// A handler that a task is inside of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handling {
    signal: Signal,
    /// The stack pointer when the signal came: the handler runs below it.
    stack: u64,
    /// Whether its calls are of interest: it runs on the same stack, and has not been told of.
    watched: bool,
    /// What a large write had moved by then, which the handler came in the middle of. Calls of the
    /// handler's own know nothing of it.
    written: u64,
}

impl Handling {
    /// What the write that was interrupted goes on from.
    pub(crate) fn written(self) -> u64 {
        self.written
    }
}

/// Functions of C that take a lock, or run what the program registered. Source:
/// `signal-safety(7)`: whatever it does not list.
const UNSAFE: &[&str] = &[
    "malloc",
    "calloc",
    "realloc",
    "free",
    "posix_memalign",
    "aligned_alloc",
    "exit",
    "printf",
    "fprintf",
    "vfprintf",
    "puts",
    "putchar",
    "fputs",
    "fputc",
    "fwrite",
    "fflush",
    "syslog",
    "pthread_mutex_lock",
];
/// Functions by which a handler is left without returning.
const LEAVE: &[&str] =
    &["longjmp", "_longjmp", "siglongjmp", "__longjmp_chk", "setcontext", "swapcontext"];

/// What a watched function is called; `None` for all others. Takes the name in the symbol table.
pub(crate) fn watched_name(symbol: &str) -> Option<String> {
    if UNSAFE.contains(&symbol) || LEAVE.contains(&symbol) {
        return Some(symbol.to_owned());
    }
    // Reading the names of a whole program takes long, and few have one of these in them.
    let rust = symbol.starts_with("_ZN") || symbol.starts_with("_R");
    let near =
        rust && ["_print", "_eprint", "4lock", "4exit"].iter().any(|part| symbol.contains(part));
    let name = near.then(|| demangle(symbol))?;
    is_unsafe_in_rust(&name).then_some(name)
}

/// What locks or allocates in Rust's standard library, where a function of its own is left of it.
fn is_unsafe_in_rust(name: &str) -> bool {
    let lock = name.ends_with("::lock");
    matches!(name, "std::io::stdio::_print" | "std::io::stdio::_eprint" | "std::process::exit")
        || (lock && name.starts_with("std::io::stdio::"))
        || (lock && name.starts_with("std::sync::") && name.contains("mutex::Mutex<"))
}

impl Run<'_> {
    /// A handler begins as soon as the task goes on.
    pub(crate) fn begins_handler(
        &mut self,
        t: usize,
        stopped: &Stopped,
        signal: i32,
        disposition: Disposition,
    ) -> Result<()> {
        let stack = stopped.registers()?.rsp;
        let watched = !disposition.other_stack;
        let written = std::mem::take(&mut self.tasks[t].written);
        self.tasks[t].handling.push(Handling { signal: Signal(signal), stack, watched, written });
        if disposition.once {
            self.disposes(t, Signal(signal), Disposition::DEFAULT);
        }
        Ok(())
    }

    /// Sets the breakpoints that a task shall meet.
    pub(crate) fn watch(&mut self, t: usize, stopped: &Stopped, how: Resume) -> Result<()> {
        // Who stops at the end of its call anyway runs no code of its own before.
        if how != Resume::Free {
            return Ok(());
        }
        let places = self.places(t);
        if places.is_empty() && self.breakpoints_of(t).is_empty() {
            return Ok(());
        }
        let places = except(places, stopped.registers()?.rip);
        let memory = self.process(t).memory_of;
        self.breakpoints.entry(memory).or_default().set(stopped, &places);
        Ok(())
    }

    /// Where a task shall stop while it runs, in ascending order.
    fn places(&mut self, t: usize) -> Vec<u64> {
        let mut places = Vec::new();
        if self.is_watched(t) {
            places.extend(self.functions(t).iter().map(|(address, _)| *address));
        }
        self.mutex_breakpoints(t, &mut places);
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The addresses at which a task shall stop, but for the one where it stands.
    pub(crate) fn breakpoint_addresses(&mut self, t: usize, stopped: &Stopped) -> Result<Vec<u64>> {
        Ok(except(self.places(t), stopped.registers()?.rip))
    }

    /// Whether a task is inside of a handler whose calls are of interest.
    fn is_watched(&self, t: usize) -> bool {
        self.tasks[t].handling.last().is_some_and(|handling| handling.watched)
    }

    /// The breakpoints in a task's memory.
    pub(crate) fn breakpoints_of(&self, t: usize) -> &Breakpoints {
        self.breakpoints.get(&self.process(t).memory_of).unwrap_or(Breakpoints::NONE)
    }

    /// The address of the breakpoint that a task has met.
    pub(crate) fn met(&self, t: usize, stopped: &Stopped, reason: Reason) -> Option<u64> {
        let set = self.breakpoints_of(t);
        if set.is_empty() || !matches!(reason, Reason::Signal(libc::SIGTRAP)) {
            return None;
        }
        let at = stopped.registers().ok()?.rip - 1;
        set.has(at).then_some(at)
    }

    /// Takes all breakpoints out of a task's memory: it is led on by instructions.
    pub(crate) fn unwatch(&mut self, t: usize, stopped: &Stopped) {
        let memory = self.process(t).memory_of;
        if let Some(mut set) = self.breakpoints.remove(&memory) {
            set.set(stopped, &[]);
        }
    }

    /// Takes out the one where a task stands, which may be there for another thread: it performs the
    /// instruction that belongs there.
    pub(crate) fn uncover(&mut self, t: usize, stopped: &Stopped) -> Result<()> {
        let memory = self.process(t).memory_of;
        if let Some(set) = self.breakpoints.get_mut(&memory) {
            set.take_out(stopped, stopped.registers()?.rip);
        }
        Ok(())
    }

    /// A task has met a breakpoint. Gives what it stands before, where others may go first.
    pub(crate) fn at_breakpoint(
        &mut self,
        t: usize,
        stopped: &Stopped,
        at: u64,
    ) -> Result<Option<Point>> {
        if self.is_watched(t) && self.functions(t).iter().any(|(address, _)| *address == at) {
            self.calls_unsafe(t, stopped, at)?;
            return Ok(None);
        }
        self.at_mutex(t, stopped, at)
    }

    /// The task stands at the first instruction of a function that a handler must not call.
    fn calls_unsafe(&mut self, t: usize, stopped: &Stopped, at: u64) -> Result<()> {
        let mut registers = stopped.registers()?;
        registers.rip = at;
        stopped.set_registers(&registers)?;
        let functions = self.functions(t);
        let name = functions.iter().find(|(at, _)| *at == registers.rip).map(|(_, name)| name);
        let Some(handling) = self.tasks[t].handling.last().copied() else { return Ok(()) };
        let left = registers.rsp >= handling.stack;
        match name {
            Some(name) if !left && !LEAVE.contains(&name.as_str()) => {
                if let Some(innermost) = self.tasks[t].handling.last_mut() {
                    innermost.watched = false;
                }
                self.note_site(t, stopped, &registers);
                let function = name.clone();
                self.emit(t, EventKind::UnsafeCall { signal: handling.signal, function });
            }
            // A jump leads out of the handler, or did so before.
            _ => self.tasks[t].handling.clear(),
        }
        Ok(())
    }

    /// The watched functions of a task's process.
    fn functions(&mut self, t: usize) -> Functions {
        let (image, tid) = (self.process(t).image, self.tasks[t].tid);
        let server = self.server;
        let known = self.watched.entry(image).or_insert_with(|| {
            if image == 0 { server.watched(tid) } else { server.functions_of(tid) }
        });
        Rc::clone(known)
    }
}

/// Where a task stands it has stopped already.
fn except(mut places: Vec<u64>, here: u64) -> Vec<u64> {
    places.retain(|&place| place != here);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_functions_are_known_by_their_whole_name() {
        assert_eq!(watched_name("malloc").as_deref(), Some("malloc"));
        assert_eq!(watched_name("malloc_usable_size"), None);
        assert_eq!(watched_name("_exit"), None, "safe: it runs nothing");
        assert_eq!(watched_name("write"), None);
    }

    #[test]
    fn rust_functions_are_known_by_their_path() {
        let print = "_ZN3std2io5stdio6_print17h0123456789abcdefE";
        assert_eq!(watched_name(print).as_deref(), Some("std::io::stdio::_print"));
        let lock = "_ZN3std4sync6poison5mutex14Mutex$LT$T$GT$4lock17h0123456789abcdefE";
        assert!(watched_name(lock).is_some());
        let other = "_ZN6zombies4lock17h0123456789abcdefE";
        assert_eq!(watched_name(other), None);
    }
}
