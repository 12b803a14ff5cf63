//! Calls by which a process gets memory from the kernel and gives it back, where a run follows them.
//! Source: `brk(2)`, `mmap(2)`, `mremap(2)`, `mprotect(2)`, `shmop(2)`.

use super::processes::errno_of;
use crate::mappings::{Kind, Mappings, parts, round_up};
use crate::maps;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, Mapped, Memory, MemoryPart};
use std::fs;

/// Those that only concern the caller, and are no news where memory is not followed.
pub(crate) const PRIVATE: [i64; 4] =
    [libc::SYS_brk, libc::SYS_mprotect, libc::SYS_munmap, libc::SYS_shmdt];

/// Whether a call gets memory or gives it back.
pub(crate) fn is_about_memory(call: i64) -> bool {
    PRIVATE.contains(&call) || matches!(call, libc::SYS_mmap | libc::SYS_mremap | libc::SYS_shmat)
}

/// What an `mmap` is asked for.
enum New {
    /// Private memory without a file.
    Private,
    /// A thread's stack.
    Stack,
    /// Shared, or with a file.
    Mapping,
}

impl Run<'_> {
    /// What a process has mapped when a program of its begins.
    pub(crate) fn mappings_of(&self, host: i32) -> Mappings {
        if !self.follows_memory {
            return Mappings::default();
        }
        Mappings::read(&maps::of(host), heap_begins(host).unwrap_or(0))
    }

    /// A call about memory has returned.
    pub(super) fn after_memory(&mut self, t: usize, call: &Call, result: i64) {
        // Until it executes a program, the child of a vfork uses its parent's memory.
        let borrowed = self.process(t).vfork_parent.is_some();
        if !self.follows_memory || borrowed || errno_of(result).is_some() {
            return;
        }
        if !self.process(t).mappings.begun {
            self.is_by_runtime(t, call);
        }
        let address = result.cast_unsigned();
        let asked = (call.args[0], call.args[0].saturating_add(round_up(call.args[1])));
        match call.number {
            libc::SYS_brk => self.moved_break(t, round_up(address)),
            libc::SYS_mmap => {
                self.mapped_memory(t, call, (address, address.saturating_add(asked.1 - asked.0)));
            }
            libc::SYS_shmat => {
                let place = (address, self.end_of_mapping(t, address).unwrap_or(address));
                self.attached(t, call, place, Mapped::SystemV);
            }
            libc::SYS_munmap => self.cleared(t, asked),
            libc::SYS_shmdt => {
                if let Some(end) = self.process(t).mappings.end_of(call.args[0]) {
                    self.cleared(t, (call.args[0], end));
                }
            }
            libc::SYS_mprotect => {
                let writable = call.int(2) & libc::PROT_WRITE != 0;
                let of = self.origin(t);
                let (more, less) = self.process_mut(t).mappings.protect(asked, writable, of);
                self.took(t, Memory::Private, more);
                self.gave_back(t, less);
            }
            libc::SYS_mremap => {
                let new = (address, address.saturating_add(round_up(call.args[2])));
                self.remapped_memory(t, asked, new);
            }
            _ => {}
        }
    }

    fn moved_break(&mut self, t: usize, new: u64) {
        let of = self.origin(t);
        let mappings = &mut self.process_mut(t).mappings;
        let old = std::mem::replace(&mut mappings.program_break, new);
        mappings.put((old, new), Kind::Writable, of);
        let gone = mappings.cut((new, old));
        self.took(t, Memory::Heap, new.saturating_sub(old));
        self.gave_back(t, parts(&gone));
    }

    fn mapped_memory(&mut self, t: usize, call: &Call, place: (u64, u64)) {
        // A mapping at a fixed place takes away what is there.
        self.cleared(t, place);
        let of = self.origin(t);
        match self.kind_of_new(t, call) {
            New::Stack => {}
            New::Private if call.int(2) & libc::PROT_WRITE == 0 => {
                self.process_mut(t).mappings.put(place, Kind::Reserved, None);
            }
            New::Private => {
                self.process_mut(t).mappings.put(place, Kind::Writable, of);
                self.took(t, Memory::Private, place.1 - place.0);
            }
            New::Mapping => {
                let of = self.mapped_file(t, call);
                self.attached(t, call, place, of);
            }
        }
    }

    fn kind_of_new(&self, t: usize, call: &Call) -> New {
        let flags = call.int(3);
        // Shared memory without a name was given a file.
        if self.tasks[t].lent.is_some() || flags & libc::MAP_ANONYMOUS == 0 {
            return New::Mapping;
        }
        match flags & (libc::MAP_SHARED | libc::MAP_STACK) {
            0 => New::Private,
            libc::MAP_STACK => New::Stack,
            _ => New::Mapping,
        }
    }

    /// What a task has mapped that is shared or has a file.
    fn mapped_file(&self, t: usize, call: &Call) -> Mapped {
        if self.tasks[t].lent.is_some() || call.int(3) & libc::MAP_ANONYMOUS != 0 {
            return Mapped::Anonymous;
        }
        let link = format!("/proc/{}/fd/{}", self.process(t).host, call.int(4));
        let path = fs::read_link(link).map(|path| path.display().to_string());
        Mapped::File(path.unwrap_or_default())
    }

    fn attached(&mut self, t: usize, call: &Call, place: (u64, u64), of: Mapped) {
        if let origin @ Some(_) = self.origin(t) {
            let by_runtime = self.is_by_runtime(t, call);
            self.process_mut(t).mappings.put(place, Kind::Mapping, origin);
            self.took(t, Memory::Mapping { of, by_runtime }, place.1 - place.0);
        }
    }

    fn remapped_memory(&mut self, t: usize, old: (u64, u64), new: (u64, u64)) {
        let of = self.origin(t);
        let Some(moved) = self.process_mut(t).mappings.remap(old, new, of) else { return };
        let first = moved.of.and_then(|of| self.events.get(usize::try_from(of).ok()?));
        let memory = match (moved.kind, first.map(|event| &event.kind)) {
            (Kind::Mapping, Some(EventKind::MemoryTaken { memory, .. })) => memory.clone(),
            _ => Memory::Private,
        };
        if moved.kind != Kind::Reserved {
            self.took(t, memory, moved.grown);
        }
        self.gave_back(t, moved.gone);
    }

    /// What was in a place is there no more.
    fn cleared(&mut self, t: usize, place: (u64, u64)) {
        let gone = self.process_mut(t).mappings.cut(place);
        self.gave_back(t, parts(&gone));
    }

    /// The number that the next event will have, from when the program's own code has begun.
    fn origin(&self, t: usize) -> Option<u32> {
        let next = u32::try_from(self.events.len()).ok();
        next.filter(|_| self.process(t).mappings.begun)
    }

    fn took(&mut self, t: usize, memory: Memory, bytes: u64) {
        if bytes > 0 && self.process(t).mappings.begun {
            self.emit(t, EventKind::MemoryTaken { memory, bytes });
        }
    }

    fn gave_back(&mut self, t: usize, parts: Vec<MemoryPart>) {
        if !parts.is_empty() && self.process(t).mappings.begun {
            self.emit(t, EventKind::MemoryGivenBack { parts });
        }
    }

    /// Whether a runtime made this call for its own purposes. Notes whether the program's own code
    /// has begun.
    fn is_by_runtime(&mut self, t: usize, call: &Call) -> bool {
        let caller = self.server.caller(self.tasks[t].tid, &call.registers);
        self.process_mut(t).mappings.begun |= caller.begun;
        caller.is_runtime
    }

    /// Where the mapping ends that begins at an address, by the kernel's word.
    fn end_of_mapping(&self, t: usize, start: u64) -> Option<u64> {
        let maps = maps::of(self.process(t).host);
        let begun = maps::read(&maps).find(|mapping| mapping.start == start);
        begun.map(|mapping| mapping.end)
    }
}

/// Where a process's heap begins. Source: `proc_pid_stat(5)`, start_brk, the 47th.
fn heap_begins(host: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{host}/stat")).ok()?;
    // The second is the program's name in parentheses, and may hold anything.
    stat.rsplit_once(") ")?.1.split(' ').nth(47 - 3)?.parse().ok()
}
