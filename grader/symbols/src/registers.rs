//! The registers of a frame, and the memory that the outer frames' registers were saved in.

/// The general registers of a stopped thread that its stack can depend on: those that a called
/// function must preserve, and `di`, in which `vfork` keeps its return address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// `rip`; in a system call, the instruction behind `syscall`.
    pub ip: u64,
    /// `rsp`.
    pub sp: u64,
    /// `rbp`.
    pub bp: u64,
    /// `rbx`.
    pub bx: u64,
    /// `rdi`.
    pub di: u64,
    /// `r12`.
    pub r12: u64,
    /// `r13`.
    pub r13: u64,
    /// `r14`.
    pub r14: u64,
    /// `r15`.
    pub r15: u64,
}

/// The memory of a stopped process.
pub trait Memory {
    /// The eight bytes at `address`, which need not be aligned; `None` where nothing is mapped.
    fn read_u64(&mut self, address: u64) -> Option<u64>;
}

/// Memory read in blocks, for a reader to whom every read is a system call. A stack lies close
/// together: one block serves most of a walk. For one stop only: it forgets nothing.
pub struct Buffered<R> {
    read: R,
    block: Vec<u8>,
    start: u64,
}

/// How much is read at once, beginning at the address asked for: stacks are walked upwards.
const BLOCK: usize = 2048;

impl<R: FnMut(u64, &mut [u8]) -> usize> Buffered<R> {
    /// `read` fills the buffer with the memory from an address on, and returns how many bytes it
    /// got: fewer where what is mapped ends.
    pub fn new(read: R) -> Self {
        Self { read, block: Vec::new(), start: 0 }
    }

    fn word(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let bytes = self.block.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }
}

impl<R: FnMut(u64, &mut [u8]) -> usize> Memory for Buffered<R> {
    fn read_u64(&mut self, address: u64) -> Option<u64> {
        if let Some(word) = self.word(address) {
            return Some(word);
        }
        self.block.resize(BLOCK, 0);
        let got = (self.read)(address, &mut self.block);
        self.block.truncate(got);
        self.start = address;
        self.word(address)
    }
}

/// Numbers that DWARF gives to the registers. Source: System V ABI for AMD64, figure 3.36.
pub(crate) mod dwarf {
    pub(crate) const BX: usize = 3;
    pub(crate) const DI: usize = 5;
    pub(crate) const BP: usize = 6;
    pub(crate) const SP: usize = 7;
    pub(crate) const RETURN_ADDRESS: usize = 16;
    /// How many there are, the return address included.
    pub(crate) const COUNT: usize = 17;
}

/// What is known of a register in some frame. A saved one is read only when it is asked for: of
/// seven registers a step restores, the next step needs one or two.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Unknown,
    Known(u64),
    SavedAt(u64),
}

/// The registers of one frame, by their DWARF numbers.
#[derive(Clone, Debug)]
pub(crate) struct FrameRegisters([Value; dwarf::COUNT]);

impl FrameRegisters {
    pub(crate) fn unknown() -> Self {
        Self([Value::Unknown; dwarf::COUNT])
    }

    pub(crate) fn set(&mut self, number: usize, value: Value) {
        if let Some(slot) = self.0.get_mut(number) {
            *slot = value;
        }
    }

    /// As it stands, without reading memory.
    pub(crate) fn value(&self, number: usize) -> Value {
        self.0.get(number).copied().unwrap_or(Value::Unknown)
    }

    pub(crate) fn read(&mut self, number: usize, memory: &mut dyn Memory) -> Option<u64> {
        match self.value(number) {
            Value::Unknown => None,
            Value::Known(value) => Some(value),
            Value::SavedAt(address) => {
                let value = memory.read_u64(address)?;
                self.set(number, Value::Known(value));
                Some(value)
            }
        }
    }
}

impl From<Registers> for FrameRegisters {
    fn from(registers: Registers) -> Self {
        let Registers { ip, sp, bp, bx, di, r12, r13, r14, r15 } = registers;
        let mut frame = Self::unknown();
        for (number, value) in [
            (dwarf::BX, bx),
            (dwarf::DI, di),
            (dwarf::BP, bp),
            (dwarf::SP, sp),
            (12, r12),
            (13, r13),
            (14, r14),
            (15, r15),
            (dwarf::RETURN_ADDRESS, ip),
        ] {
            frame.set(number, Value::Known(value));
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_serves_many_words_and_ends_where_memory_does() {
        let mut calls = 0;
        let end = 0x2_000;
        let mut memory = Buffered::new(|address: u64, bytes: &mut [u8]| {
            calls += 1;
            bytes.fill(1);
            usize::try_from(u64::saturating_sub(end, address)).unwrap_or(0).min(bytes.len())
        });
        let word = Some(0x0101_0101_0101_0101);
        assert_eq!(memory.read_u64(0x1f00), word);
        assert_eq!(memory.read_u64(0x1ff8), word);
        assert_eq!(memory.read_u64(0x1f01), word);
        assert_eq!(memory.read_u64(0x1ffc), None);
        assert_eq!(memory.read_u64(u64::MAX), None);
        assert_eq!(calls, 3);
    }
}
