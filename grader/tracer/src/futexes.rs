//! What a futex is: not its address, but the memory behind it. Source: `futex(2)`.

use crate::error::Result;
use crate::maps::{self, Mapping};
use crate::run::Run;
use forklings_model::ProcId;
use std::collections::BTreeMap;

/// The memory that a futex word stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Memory of one process, and of those that have all of it in common with it.
    Private(ProcId, u64),
    /// A place in a file or in shared memory: device, inode, offset.
    Shared(u32, u64, u64),
}

/// What is known about pages that shared futexes were found in, by process and page.
pub(crate) type Pages = BTreeMap<(ProcId, u64), Page>;

/// Where a page comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    /// The process's own.
    Own,
    /// Device, inode, and offset of the page.
    Shared(u32, u64, u64),
}

const PAGE: u64 = 4096;
/// Stands for the device of System V's segments, whose numbers are not those of files.
const SEGMENTS: u32 = u32::MAX;

impl Run<'_> {
    /// The key of a futex at an address of a task.
    pub(crate) fn key_of(&mut self, t: usize, address: u64, may_be_shared: bool) -> Result<Key> {
        let (proc, memory) = (self.tasks[t].id.proc, self.process(t).memory_of);
        if !may_be_shared {
            return Ok(Key::Private(memory, address));
        }
        let page = address / PAGE;
        let known = match self.pages.get(&(proc, page)) {
            Some(&known) => known,
            None => {
                let found = page_of(self.tasks[t].tid, address);
                self.pages.insert((proc, page), found);
                found
            }
        };
        Ok(key(known, memory, address))
    }

    /// The key of a futex as far as it is known without looking: where nobody has asked yet, one
    /// that is the same for all processes that have it at this address, as after `fork`.
    pub(crate) fn known_key(&self, proc: ProcId, address: u64, may_be_shared: bool) -> Key {
        let process = self.processes.iter().find(|process| process.id == proc);
        let memory = process.map_or(proc, |process| process.memory_of);
        match self.pages.get(&(proc, address / PAGE)) {
            _ if !may_be_shared => Key::Private(memory, address),
            Some(&known) => key(known, memory, address),
            None => Key::Shared(0, 0, address),
        }
    }

    /// A process has other memory now.
    pub(crate) fn forget_pages(&mut self, proc: ProcId) {
        self.pages.retain(|&(owner, _), _| owner != proc);
    }
}

fn key(page: Page, memory: ProcId, address: u64) -> Key {
    match page {
        Page::Own => Key::Private(memory, address),
        Page::Shared(device, inode, offset) => Key::Shared(device, inode, offset + address % PAGE),
    }
}

/// Where the page at an address comes from.
fn page_of(tid: i32, address: u64) -> Page {
    page_in(&maps::of(tid), address)
}

fn page_in(maps: &str, address: u64) -> Page {
    let has = |mapping: &Mapping<'_>| (mapping.start..mapping.end).contains(&address);
    match maps::read(maps).find(has) {
        Some(mapping @ Mapping { shared: true, start, offset, inode, .. }) => {
            let device = if mapping.is_segment() { SEGMENTS } else { mapping.device };
            Page::Shared(device, inode, offset + (address - start) / PAGE * PAGE)
        }
        Some(_) | None => Page::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_page_is_its_place_in_the_file() {
        let line = "7f0000001000-7f0000004000 rw-s 00002000 00:01 4711    /dev/shm/x (deleted)";
        let Page::Shared(device, inode, offset) = page_in(line, 0x7f00_0000_2040) else {
            panic!("not found");
        };
        assert_eq!((device, inode, offset), (1, 4711, 0x3000));
        assert!(matches!(page_in(line, 0x7f00_0000_4000), Page::Own));
        let segment = line.replace("/dev/shm/x", "/SYSV00000000");
        let of = page_in(&segment, 0x7f00_0000_2040);
        assert!(matches!(of, Page::Shared(SEGMENTS, 4711, 0x3000)), "{of:?}");
        let private = line.replace("rw-s", "rw-p");
        assert!(matches!(page_in(&private, 0x7f00_0000_2040), Page::Own));
    }
}
