//! The breakpoints that stand in one memory, and the code that is there without them.
//!
//! They stay where they are until somebody who has that memory is let go with others, so that most
//! stops cost no write. A child of `fork` gets them with its copy of the memory.

use forklings_sys::Result;
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;
use std::collections::BTreeMap;

/// `int3`.
const TRAP: u8 = 0xcc;

/// Breakpoints that are set: their addresses, with the words of code that belong there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakpoints(BTreeMap<u64, u64>);

impl Breakpoints {
    /// No breakpoints.
    pub(crate) const NONE: &Self = &Self(BTreeMap::new());

    /// Whether none is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one is set at an address.
    pub(crate) fn has(&self, address: u64) -> bool {
        self.0.contains_key(&address)
    }

    /// Sets breakpoints at `wanted`, in ascending order, and nowhere else. What cannot be written is
    /// left as it is: nothing is mapped there, or the task is dead.
    pub(crate) fn set(&mut self, stopped: &Stopped, wanted: &[u64]) {
        if self.0.keys().eq(wanted) {
            return;
        }
        let gone: Vec<u64> =
            self.0.keys().filter(|known| wanted.binary_search(known).is_err()).copied().collect();
        for address in gone {
            self.take_out(stopped, address);
        }
        for &address in wanted {
            if !self.has(address)
                && let Some(word) = self.word(stopped.tid(), address)
            {
                self.0.insert(address, word);
                if stopped.poke(address, self.covered(address, word)).is_err() {
                    self.0.remove(&address);
                }
            }
        }
    }

    /// Takes out the one at an address.
    pub(crate) fn take_out(&mut self, stopped: &Stopped, address: u64) {
        if let Some(word) = self.0.remove(&address) {
            // Who is dead already has no memory to put right.
            drop(stopped.poke(address, self.covered(address, word)));
        }
    }

    /// Reads code of a process as it is without breakpoints. Gives the number of bytes that are mapped.
    ///
    /// # Errors
    /// Those of `process_vm_readv(2)`.
    pub(crate) fn read(&self, tid: i32, address: u64, code: &mut [u8]) -> Result<usize> {
        let length = memory::read(tid, address, code)?;
        self.uncover(address, &mut code[..length]);
        Ok(length)
    }

    fn word(&self, tid: i32, address: u64) -> Option<u64> {
        let mut bytes = memory::read_u64(tid, address).ok()?.to_le_bytes();
        self.uncover(address, &mut bytes);
        Some(u64::from_le_bytes(bytes))
    }

    /// Puts what belongs there in place of breakpoints.
    fn uncover(&self, address: u64, code: &mut [u8]) {
        for (byte, word) in self.within(address, code.len()) {
            code[byte] = word.to_le_bytes()[0];
        }
    }

    /// A word of code with the breakpoints in it.
    fn covered(&self, address: u64, word: u64) -> u64 {
        let mut bytes = word.to_le_bytes();
        for (byte, _) in self.within(address, bytes.len()) {
            bytes[byte] = TRAP;
        }
        u64::from_le_bytes(bytes)
    }

    /// The breakpoints in so many bytes: how far from their beginning, and the words that belong there.
    fn within(&self, address: u64, length: usize) -> impl Iterator<Item = (usize, u64)> {
        let inside = self.0.range(address..address.saturating_add(length as u64));
        inside.filter_map(move |(at, word)| Some((usize::try_from(at - address).ok()?, *word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: u64 = 0x8877_6655_4433_2211;

    #[test]
    fn a_word_is_covered_by_all_breakpoints_in_it_and_no_other() {
        let set = Breakpoints([(0x0f, 1), (0x10, CODE), (0x13, 4), (0x18, 5)].into());
        assert_eq!(set.covered(0x10, CODE), 0x8877_6655_cc33_22cc);
        assert_eq!(Breakpoints::NONE.covered(0x10, CODE), CODE);
    }

    #[test]
    fn code_is_read_as_it_is_without_them() {
        let set = Breakpoints([(0x12, 0x33), (0x17, 0x88), (0x18, 0x99)].into());
        let mut code = 0xcc77_6655_44cc_2211_u64.to_le_bytes();
        set.uncover(0x10, &mut code);
        assert_eq!(u64::from_le_bytes(code), CODE);
    }
}
