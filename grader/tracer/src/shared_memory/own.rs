//! Memory of a process's own, as it was last seen: to ask the kernel for a few bytes costs more than
//! to work out the instruction that uses them.
//!
//! What is known here holds for as long as nobody is let go. Whoever lets a task go, or has it do
//! anything but an access, forgets it all.

use forklings_model::ProcId;
use forklings_sys::memory;

/// Bytes that are read at once, and lie in one page.
const LINE: usize = 64;
/// Lines that are kept.
const MOST: usize = 32;
/// Bytes below and above the stack pointer that only the thread itself uses.
const BELOW: u64 = 128;
const ABOVE: u64 = 16_384;

/// Lines of the memory of those that were stopped, read since somebody was last let go.
#[derive(Debug, Default)]
pub(crate) struct OwnMemory {
    lines: Vec<Line>,
    /// Which one makes room for the next.
    oldest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    memory: ProcId,
    address: u64,
    bytes: [u8; LINE],
}

/// A stopped task: its number at the host, the process whose memory it has, and its stack pointer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose {
    pub(super) tid: i32,
    pub(super) memory: ProcId,
    pub(super) stack: u64,
}

impl OwnMemory {
    /// What is known may have changed.
    pub(crate) fn forget(&mut self) {
        self.lines.clear();
        self.oldest = 0;
    }

    /// Fills `bytes` from `address`; `None` where nothing is mapped.
    pub(super) fn read(&mut self, whose: Whose, address: u64, bytes: &mut [u8]) -> Option<()> {
        let line = address & !(LINE as u64 - 1);
        let within = usize::try_from(address - line).ok()?;
        if within + bytes.len() > LINE {
            return memory::exact(whose.tid, address, bytes).ok();
        }
        let known = self.lines.iter().find(|known| known.is_at(whose.memory, line)).copied();
        let known = match known {
            Some(known) => known,
            None => {
                let mut read = Line { memory: whose.memory, address: line, bytes: [0; _] };
                memory::exact(whose.tid, line, &mut read.bytes).ok()?;
                self.keep(read);
                read
            }
        };
        bytes.copy_from_slice(&known.bytes[within..within + bytes.len()]);
        Some(())
    }

    /// Writes `bytes` at `address`; `None` where it must not be written.
    pub(super) fn write(&mut self, whose: Whose, address: u64, bytes: &[u8]) -> Option<()> {
        memory::write(whose.tid, address, bytes).ok()?;
        // Anywhere but on its stack others may have the same memory, where that is not followed.
        let stack = whose.stack.wrapping_sub(BELOW)..whose.stack.wrapping_add(ABOVE);
        let alone = stack.contains(&address);
        self.lines.retain_mut(|line| {
            if line.memory == whose.memory { line.takes(address, bytes) } else { alone }
        });
        Some(())
    }

    fn keep(&mut self, line: Line) {
        if self.lines.len() < MOST {
            self.lines.push(line);
        } else {
            self.lines[self.oldest] = line;
            self.oldest = (self.oldest + 1) % MOST;
        }
    }
}

impl Line {
    fn is_at(&self, memory: ProcId, address: u64) -> bool {
        self.memory == memory && self.address == address
    }

    /// Learns of bytes that were written. Whether it still knows what it says.
    fn takes(&mut self, address: u64, bytes: &[u8]) -> bool {
        let place = |at: u64| {
            let place = usize::try_from(at.wrapping_sub(self.address)).ok()?;
            (place < LINE).then_some(place)
        };
        let last = address.wrapping_add(bytes.len() as u64).wrapping_sub(1);
        match (place(address), place(last)) {
            (Some(first), Some(last)) => {
                self.bytes[first..=last].copy_from_slice(bytes);
                true
            }
            (None, None) => true,
            // It lies across its edge.
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}
