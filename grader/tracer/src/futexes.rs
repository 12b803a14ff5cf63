//! What a futex is: not its address, but the memory behind it. Source: `futex(2)`.

use crate::error::Result;
use crate::run::Run;
use forklings_model::ProcId;
use std::collections::BTreeMap;
use std::fs;

/// The memory that a futex word stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Memory of one process, and of those that share all its memory.
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

impl Run<'_> {
    /// The key of a futex at an address of a task.
    pub(crate) fn key_of(&mut self, t: usize, address: u64, may_be_shared: bool) -> Result<Key> {
        let proc = self.tasks[t].id.proc;
        if !may_be_shared {
            return Ok(Key::Private(proc, address));
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
        Ok(key(known, proc, address))
    }

    /// The key of a futex as far as it is known without looking: where nobody has asked yet, one
    /// that is the same for all processes that have it at this address, as after `fork`.
    pub(crate) fn known_key(&self, proc: ProcId, address: u64, may_be_shared: bool) -> Key {
        match self.pages.get(&(proc, address / PAGE)) {
            _ if !may_be_shared => Key::Private(proc, address),
            Some(&known) => key(known, proc, address),
            None => Key::Shared(0, 0, address),
        }
    }

    /// A process has other memory now.
    pub(crate) fn forget_pages(&mut self, proc: ProcId) {
        self.pages.retain(|&(owner, _), _| owner != proc);
    }
}

fn key(page: Page, proc: ProcId, address: u64) -> Key {
    match page {
        Page::Own => Key::Private(proc, address),
        Page::Shared(device, inode, offset) => Key::Shared(device, inode, offset + address % PAGE),
    }
}

/// Where the page at an address comes from. Source: `proc_pid_maps(5)`.
fn page_of(tid: i32, address: u64) -> Page {
    let maps = fs::read_to_string(format!("/proc/{tid}/maps")).unwrap_or_default();
    maps.lines().find_map(|line| shared_page(line, address)).unwrap_or(Page::Own)
}

/// The page at an address, if this line of the maps is about it and it is shared.
fn shared_page(line: &str, address: u64) -> Option<Page> {
    let SharedMapping { start, end, offset, device, inode } = SharedMapping::read(line)?;
    if !(start..end).contains(&address) {
        return None;
    }
    Some(Page::Shared(device, inode, offset + (address - start) / PAGE * PAGE))
}

/// A shared mapping of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedMapping {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Where in the file it begins.
    pub(crate) offset: u64,
    device: u32,
    pub(crate) inode: u64,
}

impl SharedMapping {
    /// Those of a process, in ascending order.
    pub(crate) fn all(tid: i32) -> Vec<Self> {
        let maps = fs::read_to_string(format!("/proc/{tid}/maps")).unwrap_or_default();
        maps.lines().filter_map(Self::read).collect()
    }

    /// A line of the maps; `None` where it is about private memory.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let (start, end) = (hexadecimal(start)?, hexadecimal(end)?);
        let shared = words.next()?.ends_with('s');
        let offset = hexadecimal(words.next()?)?;
        let (major, minor) = words.next()?.split_once(':')?;
        let inode = words.next()?.parse().ok()?;
        let device = u32::try_from(hexadecimal(major)? << 20 | hexadecimal(minor)?).ok()?;
        shared.then_some(Self { start, end, offset, device, inode })
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_page_is_its_place_in_the_file() {
        let line = "7f0000001000-7f0000004000 rw-s 00002000 00:01 4711    /dev/shm/x (deleted)";
        let Some(Page::Shared(device, inode, offset)) = shared_page(line, 0x7f00_0000_2040) else {
            panic!("not found");
        };
        assert_eq!((device, inode, offset), (1, 4711, 0x3000));
        assert!(shared_page(line, 0x7f00_0000_4000).is_none());
        assert!(shared_page(&line.replace("rw-s", "rw-p"), 0x7f00_0000_2040).is_none());
    }
}
