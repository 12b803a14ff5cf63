//! Mutexes, semaphores and conditions of the C library: they enter the kernel only to wait and to
//! wake, so most of what they do is no system call, and yet others notice it. A breakpoint stands
//! at the beginning of each such function that the program can call, and there others may go
//! first. A process that is alone, or has one thread and shares no memory, pays nothing.
//!
//! Only in the program itself and what it forks, not in what it executes. Locks that are made of
//! atomic operations alone are not seen.
//!
//! Source: `pthread_mutex_lock(3p)`, `sem_overview(7)`.

use crate::error::Result;
use crate::futexes::Key;
use crate::run::Run;
use crate::task::{Point, State, Task};
use forklings_model::{EventKind, ObjectId, ObjectKind, TaskId};
use forklings_symbols::{Mapping, callable, entry_points};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// The functions, each of which takes the address of what it works on first.
const MUTEXES: [&str; 12] = [
    "pthread_cond_broadcast",
    "pthread_cond_signal",
    "pthread_mutex_lock",
    "pthread_mutex_trylock",
    "pthread_mutex_unlock",
    "pthread_rwlock_rdlock",
    "pthread_rwlock_unlock",
    "pthread_rwlock_wrlock",
    "sem_getvalue",
    "sem_post",
    "sem_trywait",
    "sem_wait",
];
/// Functions that others notice by the system calls alone that they make; who waits in one of them
/// is said to.
const WAITS: [&str; 7] = [
    "pthread_barrier_wait",
    "pthread_cond_clockwait",
    "pthread_cond_timedwait",
    "pthread_cond_wait",
    "pthread_join",
    "pthread_mutex_timedlock",
    "sem_timedwait",
];
const LOCK: &str = "pthread_mutex_lock";
/// Those that may answer "not now".
const ASK: [&str; 2] = ["pthread_mutex_trylock", "sem_trywait"];

/// Such a function of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutexFunction {
    /// Where it begins.
    address: u64,
    /// The word of code at its beginning.
    word: u64,
    name: &'static str,
}

/// The functions of these that a program can call; none where it can call none that others notice.
pub(crate) fn functions(tid: i32, maps: &[Mapping]) -> Vec<MutexFunction> {
    // The locks of the compiler's own library guard what each process has for itself.
    let own = |mapping: &&Mapping| {
        let name = mapping.path.file_name().unwrap_or_default();
        !name.to_string_lossy().starts_with("libgcc_s.")
    };
    let callers: Vec<Mapping> = maps.iter().filter(own).cloned().collect();
    let names: Vec<&'static str> = MUTEXES.into_iter().chain(WAITS).collect();
    let called = callable(&callers, &names);
    if !MUTEXES.iter().any(|name| called.contains(name)) {
        return Vec::new();
    }
    let entries = entry_points(maps, |symbol| called.get(symbol).map(|name| (*name).to_owned()));
    let function = |(address, name): &(u64, String)| {
        let name = called.get(name.as_str())?;
        Some(MutexFunction { address: *address, word: memory::read_u64(tid, *address).ok()?, name })
    };
    entries.iter().filter_map(function).collect()
}

/// A call of such a function that a task stands before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutexCall {
    pub(crate) function: &'static str,
    /// Address of the mutex, semaphore or condition.
    pub(crate) address: u64,
}

/// Such a function that a task is inside of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    pub(crate) function: &'static str,
    /// Address of the mutex, semaphore or condition.
    address: u64,
    return_to: u64,
    /// The stack pointer at its beginning: it has returned when the pointer is above.
    stack: u64,
}

/// Where a `pthread_mutex_t` of glibc names the thread that holds it, and how many use it.
const OWNER: u64 = 8;
const USERS: u64 = 12;

impl Run<'_> {
    /// Adds the addresses at which a task shall stop, with the word that stands there if it is
    /// known: where it would call such a function, and where it returns from the one that it is
    /// inside of.
    pub(crate) fn mutex_breakpoints(&mut self, t: usize, places: &mut Vec<(u64, Option<u64>)>) {
        let process = self.process(t);
        // What nobody else can reach concerns nobody, and who was always alone is in nobody's way.
        let shares = self.tasks.len() > 1 && (process.shares_memory || process.threads > 1);
        if process.image != 0 || !shares {
            return;
        }
        let functions = self.server.mutexes(self.tasks[t].tid);
        places.extend(functions.iter().map(|function| (function.address, Some(function.word))));
        places.extend(self.tasks[t].within.map(|within| (within.return_to, None)));
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
            if ASK.contains(&within.function) && registers.rax & 0xffff_ffff != 0 {
                self.tasks[t].polls += 1;
                let call = within.function.to_owned();
                self.emit(t, EventKind::PolledInVain { call });
            }
            return Ok(None);
        }
        let functions = self.server.mutexes(self.tasks[t].tid);
        let Some(function) = functions.iter().find(|function| function.address == at) else {
            return Ok(None);
        };
        let function = function.name;
        let tid = self.tasks[t].tid;
        let return_to = memory::read_u64(tid, registers.rsp)?;
        let address = registers.rdi;
        let stack = registers.rsp;
        self.tasks[t].within = Some(Within { function, address, return_to, stack });
        if WAITS.contains(&function) {
            return Ok(None);
        }
        let proc = self.tasks[t].id.proc;
        let threads = self
            .tasks
            .iter()
            .filter(|task| task.id.proc == proc && !matches!(task.state, State::Gone));
        // What only this thread can reach concerns nobody.
        if threads.count() == 1 && matches!(self.key_of(t, address, true)?, Key::Private(..)) {
            return Ok(None);
        }
        self.note_site(t, stopped, &registers);
        Ok(Some(Point::Mutex(MutexCall { function, address })))
    }

    /// Who holds the mutex that a task waits for, by what glibc keeps in it; with another C library
    /// nobody is known to.
    pub(crate) fn holder(&self, t: usize) -> Option<TaskId> {
        let within = self.tasks[t].within.filter(|within| within.function == LOCK)?;
        let word = |at| memory::read_u32(self.tasks[t].tid, within.address + at).ok();
        let owner = word(OWNER).filter(|_| word(USERS).is_some_and(|users| users > 0))?;
        let is = |task: &&Task| {
            !matches!(task.state, State::Gone)
                && self.pid_inside(task.tid).0.cast_unsigned() == owner
        };
        self.tasks.iter().find(is).map(|task| task.id)
    }

    /// The call begins that a task stands before.
    pub(crate) fn enters_mutex(&mut self, t: usize, call: MutexCall) -> Result<()> {
        let object = self.mutex_object(t, call)?;
        if !self.tasks[t].used_in_a_row.insert(object) {
            self.tasks[t].spins += 1;
        }
        self.emit(
            t,
            EventKind::Used { call: call.function.to_owned(), object: Some(object), errno: None },
        );
        Ok(())
    }

    fn mutex_object(&mut self, t: usize, call: MutexCall) -> Result<ObjectId> {
        let key = self.key_of(t, call.address, true)?;
        if let Some(&known) = self.mutexes.get(&key) {
            return Ok(known);
        }
        let kind = call.function.rsplit_once('_').map_or(call.function, |(kind, _)| kind);
        let object = self.objects.add(ObjectKind::Other(kind.to_owned()), None);
        self.mutexes.insert(key, object);
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_symbols::parse_maps;

    #[test]
    fn what_only_the_compilers_library_calls_does_not_count() {
        let maps = parse_maps(&std::fs::read_to_string("/proc/self/maps").expect("maps"));
        assert!(maps.iter().any(|mapping| mapping.path.ends_with("libgcc_s.so.1")));
        let pid = i32::try_from(std::process::id()).expect("a pid");
        assert!(functions(pid, &maps).is_empty());
    }
}
