//! Mutexes, semaphores and conditions: they enter the kernel only to wait and to wake, so most of
//! what they do is no system call, and yet others notice it. A breakpoint stands at the beginning
//! of each such function that the program can call, and there others may go first. A process that
//! is alone, or has one thread and shares no memory, pays nothing.
//!
//! Only in the program itself and what it forks, not in what it executes. Locks that are made of
//! atomic operations alone are seen only where somebody turns on one: [`crate::spin`].
//!
//! Source: `pthread_mutex_lock(3p)`, `sem_overview(7)`.

mod functions;
mod uncontended;

use crate::error::Result;
use crate::futexes::Key;
use crate::run::Run;
use crate::task::{Point, State, Task};
use forklings_model::{EventKind, ObjectId, ObjectKind, TaskId};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;
use functions::{Argument, Known, LOCK, Role};
pub(crate) use functions::{MutexFunction, functions};

/// Uses in one run at which tasks stop. A program that counts to a million under a mutex shall come
/// to its end: what can go wrong there has had its chance by then.
const MOST: u32 = 2_000;

/// A call of such a function that a task stands before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutexCall {
    what: &'static Known,
    of_glibc: bool,
    /// Address of the mutex, semaphore or condition.
    pub(crate) address: u64,
}

/// Such a function that a task is inside of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    what: &'static Known,
    /// Address of the mutex, semaphore or condition.
    address: u64,
    return_to: u64,
    /// The stack pointer at its beginning: it has returned when the pointer is above.
    stack: u64,
}

/// Where a `pthread_mutex_t` of glibc names the thread that holds it, how many use it, and its kind.
/// These places are part of its ABI. Source: `struct __pthread_mutex_s`.
const OWNER: usize = 8;
const USERS: usize = 12;
const KIND: usize = 16;

impl Run<'_> {
    /// Adds the addresses at which a task shall stop: where it would call such a function, and where
    /// it returns from the one that it is inside of.
    pub(crate) fn mutex_breakpoints(&mut self, t: usize, places: &mut Vec<u64>) {
        let process = self.process(t);
        // What nobody else can reach concerns nobody, and who was always alone is in nobody's way.
        let shares = self.tasks.len() > 1 && (process.shares_memory || process.threads > 1);
        if process.image != 0 || !shares || self.mutex_stops >= MOST {
            return;
        }
        let functions = self.server.mutexes(self.tasks[t].tid);
        places.extend(functions.iter().map(|function| function.address));
        places.extend(self.tasks[t].within.map(|within| within.return_to));
    }

    /// A task has met the breakpoint at this address, and stands there again. Gives the call that
    /// it stands before, where others may go first.
    pub(crate) fn at_mutex(
        &mut self,
        t: usize,
        stopped: &Stopped,
        at: u64,
    ) -> Result<Option<Point>> {
        let mut registers = stopped.registers()?;
        registers.rip = at;
        stopped.set_registers(&registers)?;
        if let Some(within) = self.tasks[t].within
            && at == within.return_to
            && registers.rsp > within.stack
        {
            self.tasks[t].within = None;
            let what = within.what;
            if what.role == Role::Asks && registers.rax & 0xffff_ffff != 0 {
                self.tasks[t].polls += 1;
                let call = what.name.to_owned();
                self.emit(t, EventKind::PolledInVain { call });
            }
            return Ok(None);
        }
        let functions = self.server.mutexes(self.tasks[t].tid);
        let Some(function) = functions.iter().find(|function| function.address == at) else {
            return Ok(None);
        };
        self.mutex_stops += 1;
        let what = function.what;
        let tid = self.tasks[t].tid;
        let return_to = match self.own_u64(t, &registers, registers.rsp) {
            Some(address) => address,
            None => memory::read_u64(tid, registers.rsp)?,
        };
        let address = match what.of {
            Argument::First => registers.rdi,
            Argument::Second => registers.rsi,
            Argument::BehindFirst => memory::read_u64(tid, registers.rdi).unwrap_or_default(),
        };
        let stack = registers.rsp;
        self.tasks[t].within = Some(Within { what, address, return_to, stack });
        if what.role == Role::Waits {
            return Ok(None);
        }
        // What only this thread can reach concerns nobody.
        if !self.has_common_memory(t) && matches!(self.key_of(t, address, true)?, Key::Private(..))
        {
            return Ok(None);
        }
        self.note_site(t, stopped, &registers);
        let of_glibc = function.of_glibc;
        Ok(Some(Point::Mutex(MutexCall { what, of_glibc, address })))
    }

    /// Whether others run in a task's memory: threads of its process, or a process that has all of it.
    pub(crate) fn has_common_memory(&self, t: usize) -> bool {
        let memory = self.process(t).memory_of;
        let uses = |other: &usize| {
            !matches!(self.tasks[*other].state, State::Gone)
                && self.process(*other).memory_of == memory
        };
        (0..self.tasks.len()).filter(uses).count() > 1
    }

    /// What a task is inside of, as long as its return would be seen.
    fn within(&self, t: usize) -> Option<Within> {
        self.tasks[t].within.filter(|_| self.mutex_stops < MOST)
    }

    /// Whether a task is inside of such a function: what it does to memory there is part of it.
    pub(crate) fn is_in_mutex(&self, t: usize) -> bool {
        self.within(t).is_some()
    }

    /// The function that a task waits in, where it is one of these.
    pub(crate) fn mutex_function(&self, t: usize) -> Option<String> {
        self.within(t).map(|within| within.what.name.to_owned())
    }

    /// Who holds the mutex that a task waits for, by what glibc keeps in it; with another C library
    /// nobody is known to.
    pub(crate) fn holder(&self, t: usize) -> Option<TaskId> {
        let within = self.within(t).filter(|within| within.what.name == LOCK)?;
        let word = |at: usize| self.word_at(t, within.address + at as u64).ok();
        let owner = word(OWNER).filter(|_| word(USERS).is_some_and(|users| users > 0))?;
        let is = |task: &&Task| {
            !matches!(task.state, State::Gone)
                && self.pid_inside(task.tid).0.cast_unsigned() == owner
        };
        let lives = self.tasks.iter().find(is).map(|task| task.id);
        // The number of a process's first thread is the process's, also after its end.
        let ended = || {
            let is = |p: &&crate::process::Process| {
                p.ending.is_some() && p.pid.0.cast_unsigned() == owner
            };
            self.processes.iter().rfind(is).map(|p| TaskId::main(p.id))
        };
        lives.or_else(ended)
    }

    /// The call begins that a task stands before.
    pub(crate) fn enters_mutex(&mut self, t: usize, call: MutexCall) -> Result<()> {
        let object = self.mutex_object(t, call)?;
        if !self.tasks[t].used_in_a_row.insert(object) {
            self.tasks[t].spins += 1;
        }
        self.emit(
            t,
            EventKind::Used { call: call.what.name.to_owned(), object: Some(object), errno: None },
        );
        Ok(())
    }

    fn mutex_object(&mut self, t: usize, call: MutexCall) -> Result<ObjectId> {
        let key = self.key_of(t, call.address, true)?;
        if let Some(&known) = self.mutexes.get(&key) {
            return Ok(known);
        }
        let object = self.objects.add(ObjectKind::Other(call.what.kind().to_owned()), None);
        self.mutexes.insert(key, object);
        Ok(object)
    }
}
