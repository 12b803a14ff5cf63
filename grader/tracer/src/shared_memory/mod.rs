//! Memory that several processes share. Each access to it by one of them is something that the
//! others can notice, and no call: so the pages are taken away from everybody, the processor stops
//! whoever touches them, and others may go first before the access is done on its behalf.
//!
//! The memory is reached through the file behind it, which the tracer has open too; memory without
//! a name gets a file when it is mapped. So an access costs one stop, whatever its pages are set to, and
//! none where what lies between two accesses can be worked out.
//! A process that is alone with its memory, or shares none, pays nothing.
//!
//! Huge pages stay as they are: what happens there is no decision.
//!
//! Source: `mmap(2)`, `mprotect(2)`, `memfd_create(2)`.

mod access;
mod ahead;
mod by_call;
mod discarded;
mod instruction;
mod last_will;
mod origin;
mod own;
mod segment;
mod trap;

pub(crate) use access::{Looks, SharedAccess};
pub(crate) use instruction::Instruction;
pub(crate) use origin::{Origin, Origins};
pub(crate) use own::OwnMemory;
pub(crate) use trap::Made;

use crate::mappings::round_up;
use crate::maps::{self, Mapping};
use crate::process::Process;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{ObjectId, ObjectKind};
use forklings_sys::{descriptor, memory};
use segment::Segment;
use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};

/// Bytes of one mapping that are followed. Larger ones are data, and nobody's lock.
const LARGEST: u64 = 256 << 20;
/// Accesses in one run before which others may go first. Then the pages are given back: what can go
/// wrong has had its chance, and a program that counts to a million shall come to its end.
const FOLLOWED: u32 = 4_000;

/// A file, memory without a name, or a segment of System V, that processes have mapped.
#[derive(Debug)]
pub(crate) struct Region {
    /// Its number among the objects of the run.
    pub(crate) object: ObjectId,
    behind: Behind,
    /// Whether somebody has mapped it so that he may write there, or make it so. What all only read, as
    /// the caches that programs have of what is installed, nobody changes behind another's back.
    written: bool,
}

impl Region {
    /// The bytes at an offset; `None` where the file ends before.
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Option<()> {
        match &self.behind {
            Behind::File { file, .. } => file.read_exact_at(bytes, offset).ok(),
            Behind::Segment(segment) => segment.read(offset, bytes),
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Option<()> {
        match &self.behind {
            Behind::File { file, .. } => file.write_all_at(bytes, offset).ok(),
            Behind::Segment(segment) => segment.write(offset, bytes),
        }
    }

    /// Whether this is what the kernel has in a place.
    fn is_in(&self, mapping: &Mapping<'_>) -> bool {
        match &self.behind {
            Behind::File { key, .. } => !mapping.is_segment() && mapping.inode == key.1,
            Behind::Segment(segment) => segment.is_in(mapping),
        }
    }
}

/// Through what the tracer reaches a region.
#[derive(Debug)]
enum Behind {
    /// An open file of its own.
    File {
        file: File,
        /// Device and inode.
        key: (u64, u64),
    },
    /// The fork server, which has it too.
    Segment(Segment),
}

/// Where a process has a region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapped {
    start: u64,
    end: u64,
    /// What the program may do there: `PROT_READ`, `PROT_WRITE`.
    protection: i32,
    region: usize,
    /// Where in the file it begins.
    offset: u64,
}

impl Mapped {
    fn has(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// What of it lies between two addresses.
    fn part(&self, start: u64, end: u64) -> Option<Self> {
        let (start, end) = (self.start.max(start), self.end.min(end));
        let offset = self.offset + start.saturating_sub(self.start);
        (start < end).then_some(Self { start, end, offset, ..*self })
    }
}

/// What a process shares with others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    mapped: Vec<Mapped>,
    /// Whether its pages are taken away.
    trapped: bool,
    /// Whether there are some among them that were not taken away with the others.
    has_more: bool,
    /// Where in its code a `syscall` instruction stands.
    syscall: Option<u64>,
}

impl Shared {
    fn at(&self, address: u64) -> Option<&Mapped> {
        self.mapped.iter().find(|mapped| mapped.has(address))
    }

    /// What was mapped there is gone.
    fn forget(&mut self, start: u64, end: u64) {
        let known = std::mem::take(&mut self.mapped);
        let around = |mapped: Mapped| [mapped.part(0, start), mapped.part(end, u64::MAX)];
        self.mapped = known.into_iter().flat_map(around).flatten().collect();
    }
}

/// Whether others may see what is written to the memory that a call maps. Source: `mmap(2)`.
pub(crate) fn is_shared(call: &Call) -> bool {
    call.number == libc::SYS_mmap && call.int(3) & libc::MAP_SHARED != 0
}

/// Whether an `mmap` has no file behind it. Source: `mmap(2)`.
fn is_anonymous(call: &Call) -> bool {
    call.int(3) & libc::MAP_ANONYMOUS != 0
}

impl Run<'_> {
    /// Whether a call maps memory that can be followed and has no file behind it yet.
    pub(crate) fn wants_file(&self, call: &Call) -> bool {
        is_shared(call)
            && is_anonymous(call)
            && call.int(3) & libc::MAP_HUGETLB == 0
            && (1..=LARGEST).contains(&call.args[1])
    }

    /// A task has mapped memory that is shared.
    pub(crate) fn mapped(&mut self, t: usize, call: &Call, result: i64) {
        let Ok(start) = u64::try_from(result) else { return };
        let end = start + round_up(call.args[1]);
        self.process_mut(t).shared.forget(start, end);
        let can_follow = !is_anonymous(call) && end - start <= LARGEST;
        let region = if can_follow { self.region_of(t, call.int(4)) } else { None };
        let protection = call.int(2);
        let written = protection & libc::PROT_WRITE != 0 || self.may_write(t, call.int(4));
        let Some(region) = region else {
            self.unwatched_memory = true;
            self.unseen_memory |= written;
            return;
        };
        if written {
            self.is_written(region);
        }
        self.has_mapped(t, call, Mapped { start, end, protection, region, offset: call.args[5] });
    }

    /// A call has given a task's process a region.
    fn has_mapped(&mut self, t: usize, call: &Call, mapped: Mapped) {
        let syscall = call.again().rip;
        self.for_memory_of(t, |shared| {
            shared.mapped.push(mapped);
            shared.has_more = true;
            shared.syscall = Some(syscall);
        });
    }

    /// Changes what is known of the memory of a task's process, for all who use it.
    fn for_memory_of(&mut self, t: usize, mut change: impl FnMut(&mut Shared)) {
        let memory = self.process(t).memory_of;
        let uses = |process: &&mut Process| process.memory_of == memory;
        self.processes.iter_mut().filter(uses).for_each(|process| change(&mut process.shared));
    }

    /// Two processes have all their memory in common, and not only for the time of a `vfork`. What one
    /// tells the other there is seen by nobody: from now on no accesses are followed.
    pub(crate) fn has_one_memory(&mut self) {
        self.unwatched_memory = true;
        self.accesses = FOLLOWED;
    }

    /// A task has moved or resized a mapping.
    pub(crate) fn remapped(&mut self, t: usize, call: &Call, result: i64) {
        let (Ok(start), old) = (u64::try_from(result), call.args[0]) else { return };
        let end = start + round_up(call.args[2]);
        let shared = &mut self.process_mut(t).shared;
        let moved = shared.at(old).copied();
        shared.forget(old, old + round_up(call.args[1]));
        shared.forget(start, end);
        let Some(mapped) = moved else { return };
        let offset = mapped.offset + old - mapped.start;
        shared.mapped.push(Mapped { start, end, offset, ..mapped });
    }

    /// Forgets what a task's process has unmapped, or mapped something else over: nobody is told of
    /// that when it happens.
    fn forget_unmapped(&mut self, t: usize) {
        let known = std::mem::take(&mut self.process_mut(t).shared.mapped);
        let maps = maps::of(self.tasks[t].tid);
        let now: Vec<_> = maps::read(&maps).filter(|mapping| mapping.shared).collect();
        let mut left = Vec::with_capacity(known.len());
        for mapped in known {
            let region = &self.regions[mapped.region];
            // The same place in the file, too: it may be there once more.
            let is_it = |there: &&Mapping<'_>| {
                region.is_in(there)
                    && there.offset.wrapping_sub(there.start)
                        == mapped.offset.wrapping_sub(mapped.start)
            };
            let parts = now.iter().filter(is_it).map(|there| mapped.part(there.start, there.end));
            left.extend(parts.flatten());
        }
        self.process_mut(t).shared.mapped = left;
    }

    /// The region behind a descriptor; `None` where the file cannot be opened here as well.
    fn region_of(&mut self, t: usize, fd: i32) -> Option<usize> {
        let copy = descriptor::copy_from(&self.process(t).handle, fd).ok()?;
        let metadata = copy.metadata().ok()?;
        let key = (metadata.dev(), metadata.ino());
        let is_it =
            |region: &Region| matches!(&region.behind, Behind::File { key: of, .. } if *of == key);
        if let Some(known) = self.regions.iter().position(is_it) {
            return Some(known);
        }
        if !metadata.is_file() {
            return None;
        }
        // An open file of its own: locks and offsets of the program's are not touched.
        let path = format!("/proc/self/fd/{}", copy.as_raw_fd());
        let open = |write| OpenOptions::new().read(true).write(write).open(&path).ok();
        let file = open(true).or_else(|| open(false))?;
        let made_at = self.tasks[t].site;
        let object = self.objects.add(ObjectKind::Other("mmap".to_owned()), made_at);
        self.regions.push(Region { object, behind: Behind::File { file, key }, written: false });
        Some(self.regions.len() - 1)
    }

    /// Whether a descriptor is open for writing.
    fn may_write(&self, t: usize, fd: i32) -> bool {
        let copy = descriptor::copy_from(&self.process(t).handle, fd);
        let flags = copy.and_then(|copy| descriptor::status_flags(copy.as_raw_fd()));
        flags.is_ok_and(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
    }

    /// From now on a region may be written: it is taken away from those, too, who have it already.
    fn is_written(&mut self, region: usize) {
        if std::mem::replace(&mut self.regions[region].written, true) {
            return;
        }
        for process in &mut self.processes {
            process.shared.has_more |= process.shared.mapped.iter().any(|m| m.region == region);
        }
    }

    /// Whether several living processes have a region, and one of them may write there.
    fn is_contended(&self, region: usize) -> bool {
        if !self.regions[region].written {
            return false;
        }
        let has = |p: &&Process| {
            p.is_alive() && p.shared.mapped.iter().any(|mapped| mapped.region == region)
        };
        let mut memories = self.processes.iter().filter(has).map(|p| p.memory_of);
        let first = memories.next();
        memories.any(|memory| Some(memory) != first)
    }

    /// Where an address lies in memory that is followed.
    pub(crate) fn shared_word(&self, t: usize, address: u64) -> Option<(ObjectId, u64)> {
        let mapped = self.process(t).shared.at(address)?;
        Some((self.regions[mapped.region].object, address - mapped.start + mapped.offset))
    }

    /// Whether accesses of a task to these bytes are followed, and it may write there.
    pub(crate) fn is_followed(&self, t: usize, address: u64, bytes: u64) -> bool {
        let shared = &self.process(t).shared;
        let fits = |mapped: &Mapped| {
            address + bytes <= mapped.end && mapped.protection & libc::PROT_WRITE != 0
        };
        shared.trapped && self.accesses < FOLLOWED && shared.at(address).is_some_and(fits)
    }

    /// Four bytes of a task's memory, also where its pages are taken away.
    pub(crate) fn word_at(&self, t: usize, address: u64) -> forklings_sys::Result<u32> {
        let mut bytes = [0; 4];
        self.bytes_at(t, address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// As [`Run::word_at`], for any number of bytes in one mapping.
    pub(crate) fn bytes_at(
        &self,
        t: usize,
        address: u64,
        bytes: &mut [u8],
    ) -> forklings_sys::Result<()> {
        let taken = self.taken_away(t, address);
        match taken.and_then(|(region, offset)| region.read(offset, bytes)) {
            Some(()) => Ok(()),
            None => memory::exact(self.tasks[t].tid, address, bytes),
        }
    }

    /// As [`Run::bytes_at`], to change them.
    pub(crate) fn set_bytes_at(
        &self,
        t: usize,
        address: u64,
        bytes: &[u8],
    ) -> forklings_sys::Result<()> {
        let taken = self.taken_away(t, address);
        match taken.and_then(|(region, offset)| region.write(offset, bytes)) {
            Some(()) => Ok(()),
            None => memory::write(self.tasks[t].tid, address, bytes),
        }
    }

    /// The region behind an address, and where in it that is, if a task has no pages there now.
    fn taken_away(&self, t: usize, address: u64) -> Option<(&Region, u64)> {
        let shared = &self.process(t).shared;
        let mapped = shared.at(address).filter(|_| shared.trapped)?;
        Some((&self.regions[mapped.region], address - mapped.start + mapped.offset))
    }
}
