//! What an instruction that touches memory does, and doing it without the memory: the bytes are
//! given, and what would be written comes back. The common ones only; a task performs the others
//! itself, for as long as it has its pages back.
//!
//! Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the processor has more instructions and registers than anybody wants to name"
)]

mod computation;
mod transfer;

pub(super) use computation::compute;
pub(super) use transfer::{Source, Transfer};

use forklings_sys::ptrace::Registers;
use iced_x86::{Decoder, DecoderOptions, Mnemonic, OpKind, Register};

pub(crate) use iced_x86::Instruction;

/// Longest instruction.
pub(super) const LONGEST: usize = 15;

/// How an instruction uses its operand in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Loads,
    Stores,
    /// Reads and writes in one step.
    Updates,
    /// Reads and writes, and others may come between: not locked.
    Splits,
}

/// An instruction with one operand in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    instruction: Instruction,
    pub(super) used: Use,
    pub(super) address: u64,
    pub(super) size: u8,
    /// Whether it can be done from here.
    pub(super) is_known: bool,
}

/// Bits of the flags.
const CARRY: u64 = 1;
const PARITY: u64 = 1 << 2;
const ADJUST: u64 = 1 << 4;
const ZERO: u64 = 1 << 6;
const SIGN: u64 = 1 << 7;
const OVERFLOW: u64 = 1 << 11;
const ALL: u64 = CARRY | PARITY | ADJUST | ZERO | SIGN | OVERFLOW;

impl Operation {
    /// What an instruction does with these registers, which was stopped for using `stopped_at`; `None`
    /// where it has no operand in memory that can be told.
    pub(super) fn of(
        instruction: Instruction,
        registers: &Registers,
        stopped_at: u64,
    ) -> Option<Self> {
        if instruction.is_string_instruction() {
            // Two operands may lie in memory: where it comes from, and where it goes.
            let size = instruction.memory_size().size();
            let goes = registers.rdi.abs_diff(stopped_at) < size as u64;
            let used = if goes { Use::Stores } else { Use::Loads };
            let size = u8::try_from(size).ok()?;
            return Some(Self { instruction, used, address: stopped_at, size, is_known: false });
        }
        let number =
            (0..instruction.op_count()).find(|&n| instruction.op_kind(n) == OpKind::Memory)?;
        let address = address_of(&instruction, number, registers)?;
        let size = u8::try_from(instruction.memory_size().size()).ok()?;
        let (used, is_known) = use_of(&instruction, number);
        let is_known = is_known && matches!(size, 1 | 2 | 4 | 8);
        Some(Self { instruction, used, address, size, is_known })
    }

    /// Whether it is atomic by itself.
    pub(super) fn is_locked(&self) -> bool {
        self.used == Use::Updates
    }

    /// Where the next instruction stands, if this one repeats itself.
    pub(super) fn repeats_until(&self) -> Option<u64> {
        let repeats = self.instruction.has_rep_prefix() || self.instruction.has_repne_prefix();
        let repeats = repeats && self.instruction.is_string_instruction();
        repeats.then(|| self.instruction.next_ip())
    }

    /// Whether it writes whatever it has read.
    pub(super) fn is_exchange(&self) -> bool {
        self.instruction.mnemonic() == Mnemonic::Xchg
    }

    pub(super) fn writes(&self) -> bool {
        self.used != Use::Loads
    }

    /// Does it, with this in memory. Gives what memory holds then, and changes the registers, the
    /// instruction pointer included. `None` where it cannot be done from here after all.
    pub(super) fn perform(&self, memory: u64, registers: &mut Registers) -> Option<u64> {
        let instruction = &self.instruction;
        let bits = u32::from(self.size) * 8;
        let memory = memory & mask(bits);
        let in_memory = |n| instruction.op_kind(n) == OpKind::Memory;
        // The other operand, if there is one.
        let other = u32::from(in_memory(0));
        let operand = |registers: &Registers| -> Option<u64> {
            match instruction.op_kind(other) {
                OpKind::Register => read(registers, instruction.op_register(other)),
                _ => instruction.try_immediate(other).ok(),
            }
        };
        let mut result = memory;
        match instruction.mnemonic() {
            Mnemonic::Mov if in_memory(0) => result = operand(registers)? & mask(bits),
            Mnemonic::Mov | Mnemonic::Movzx => {
                write(registers, instruction.op0_register(), memory)?
            }
            Mnemonic::Movsx | Mnemonic::Movsxd => {
                let shift = 64 - bits;
                let signed = (memory << shift).cast_signed() >> shift;
                write(registers, instruction.op0_register(), signed.cast_unsigned())?;
            }
            Mnemonic::Xchg => {
                let register = instruction.op_register(other);
                result = read(registers, register)? & mask(bits);
                write(registers, register, memory)?;
            }
            Mnemonic::Xadd => {
                let register = instruction.op_register(other);
                let added = read(registers, register)?;
                let sum = Sum::of(memory, added, 0, bits);
                write(registers, register, memory)?;
                set_flags(registers, ALL, sum.flags);
                result = sum.value;
            }
            Mnemonic::Cmpxchg => {
                let accumulator = accumulator(self.size)?;
                let expected = read(registers, accumulator)?;
                let replacement = read(registers, instruction.op_register(other))?;
                set_flags(registers, ALL, difference(expected, memory, 0, bits).flags);
                if expected & mask(bits) == memory {
                    result = replacement & mask(bits);
                } else {
                    write(registers, accumulator, memory)?;
                }
            }
            Mnemonic::Inc | Mnemonic::Dec => {
                let done = match instruction.mnemonic() {
                    Mnemonic::Inc => Sum::of(memory, 1, 0, bits),
                    _ => difference(memory, 1, 0, bits),
                };
                set_flags(registers, ALL & !CARRY, done.flags);
                result = done.value;
            }
            Mnemonic::Neg => {
                let done = difference(0, memory, 0, bits);
                set_flags(registers, ALL, done.flags);
                result = done.value;
            }
            Mnemonic::Not => result = !memory & mask(bits),
            mnemonic => {
                let own = operand(registers)?;
                let (first, second) = if in_memory(0) { (memory, own) } else { (own, memory) };
                let carry = registers.eflags & CARRY;
                let done = arithmetic(mnemonic, first, second, carry, bits)?;
                set_flags(registers, ALL, done.flags);
                if !matches!(mnemonic, Mnemonic::Cmp | Mnemonic::Test) {
                    if in_memory(0) {
                        result = done.value;
                    } else {
                        write(registers, instruction.op0_register(), done.value)?;
                    }
                }
            }
        }
        registers.rip = instruction.next_ip();
        Some(result)
    }
}

/// The instruction in the bytes at an address.
pub(super) fn decode(bytes: &[u8], address: u64) -> Instruction {
    Decoder::with_ip(64, bytes, address, DecoderOptions::NONE).decode()
}

/// The address that an operand stands for.
fn address_of(instruction: &Instruction, number: u32, registers: &Registers) -> Option<u64> {
    instruction.virtual_address(number, 0, |register, _, _| match register {
        Register::FS => Some(registers.fs_base),
        Register::GS => Some(registers.gs_base),
        register if register.is_segment_register() => Some(0),
        register => read(registers, register),
    })
}

/// How an instruction uses its operand in memory, and whether it is one of those that are known.
fn use_of(instruction: &Instruction, number: u32) -> (Use, bool) {
    let written = number == 0;
    let changes = if instruction.has_lock_prefix() { Use::Updates } else { Use::Splits };
    let other_is_plain = (0..instruction.op_count()).all(|n| {
        n == number
            || match instruction.op_kind(n) {
                OpKind::Register => instruction.op_register(n).is_gpr(),
                _ => instruction.try_immediate(n).is_ok(),
            }
    });
    match instruction.mnemonic() {
        Mnemonic::Mov if written => (Use::Stores, other_is_plain),
        Mnemonic::Cmp | Mnemonic::Test => (Use::Loads, other_is_plain),
        Mnemonic::Mov | Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd => {
            (Use::Loads, other_is_plain)
        }
        // Locked even without a prefix.
        Mnemonic::Xchg => (Use::Updates, true),
        Mnemonic::Xadd | Mnemonic::Cmpxchg => (changes, true),
        Mnemonic::Inc | Mnemonic::Dec | Mnemonic::Neg | Mnemonic::Not => (changes, true),
        Mnemonic::Add
        | Mnemonic::Adc
        | Mnemonic::Sub
        | Mnemonic::Sbb
        | Mnemonic::And
        | Mnemonic::Or
        | Mnemonic::Xor => (if written { changes } else { Use::Loads }, other_is_plain),
        // Set and shift instructions with one operand write it; the first operand of most others is
        // what they write.
        _ if instruction.has_lock_prefix() => (Use::Updates, false),
        _ if written && instruction.op_count() > 1 => (Use::Stores, false),
        _ if written => (Use::Splits, false),
        _ => (Use::Loads, false),
    }
}

/// A result with its flags.
struct Sum {
    value: u64,
    flags: u64,
}

impl Sum {
    fn of(first: u64, second: u64, carry: u64, bits: u32) -> Self {
        let (first, second) = (first & mask(bits), second & mask(bits));
        let wide = u128::from(first) + u128::from(second) + u128::from(carry);
        let value = low(wide) & mask(bits);
        let sign = 1 << (bits - 1);
        let mut flags = common(value, bits);
        flags |= if wide >> bits != 0 { CARRY } else { 0 };
        flags |= if (first ^ value) & (second ^ value) & sign != 0 { OVERFLOW } else { 0 };
        flags |= (first ^ second ^ value) & ADJUST;
        Self { value, flags }
    }

    fn logical(value: u64, bits: u32) -> Self {
        let value = value & mask(bits);
        Self { value, flags: common(value, bits) }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is asked for")]
fn low(wide: u128) -> u64 {
    wide as u64
}

fn difference(first: u64, second: u64, borrow: u64, bits: u32) -> Sum {
    let (first, second) = (first & mask(bits), second & mask(bits));
    let value = first.wrapping_sub(second).wrapping_sub(borrow) & mask(bits);
    let sign = 1 << (bits - 1);
    let mut flags = common(value, bits);
    flags |= if u128::from(first) < u128::from(second) + u128::from(borrow) { CARRY } else { 0 };
    flags |= if (first ^ second) & (first ^ value) & sign != 0 { OVERFLOW } else { 0 };
    flags |= (first ^ second ^ value) & ADJUST;
    Sum { value, flags }
}

fn arithmetic(mnemonic: Mnemonic, first: u64, second: u64, carry: u64, bits: u32) -> Option<Sum> {
    Some(match mnemonic {
        Mnemonic::Add => Sum::of(first, second, 0, bits),
        Mnemonic::Adc => Sum::of(first, second, carry, bits),
        Mnemonic::Sub | Mnemonic::Cmp => difference(first, second, 0, bits),
        Mnemonic::Sbb => difference(first, second, carry, bits),
        Mnemonic::And | Mnemonic::Test => Sum::logical(first & second, bits),
        Mnemonic::Or => Sum::logical(first | second, bits),
        Mnemonic::Xor => Sum::logical(first ^ second, bits),
        _ => return None,
    })
}

/// Flags that depend on the result alone.
fn common(value: u64, bits: u32) -> u64 {
    let mut flags = 0;
    flags |= if value == 0 { ZERO } else { 0 };
    flags |= if value >> (bits - 1) & 1 == 1 { SIGN } else { 0 };
    flags |= if (value & 0xff).count_ones().is_multiple_of(2) { PARITY } else { 0 };
    flags
}

fn set_flags(registers: &mut Registers, which: u64, flags: u64) {
    registers.eflags = registers.eflags & !which | flags & which;
}

fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

fn accumulator(size: u8) -> Option<Register> {
    Some(match size {
        1 => Register::AL,
        2 => Register::AX,
        4 => Register::EAX,
        8 => Register::RAX,
        _ => return None,
    })
}

/// The register of 64 bits that one belongs to, as a place.
fn full(registers: &mut Registers, register: Register) -> Option<&mut u64> {
    Some(match register.full_register() {
        Register::RAX => &mut registers.rax,
        Register::RBX => &mut registers.rbx,
        Register::RCX => &mut registers.rcx,
        Register::RDX => &mut registers.rdx,
        Register::RSI => &mut registers.rsi,
        Register::RDI => &mut registers.rdi,
        Register::RBP => &mut registers.rbp,
        Register::RSP => &mut registers.rsp,
        Register::R8 => &mut registers.r8,
        Register::R9 => &mut registers.r9,
        Register::R10 => &mut registers.r10,
        Register::R11 => &mut registers.r11,
        Register::R12 => &mut registers.r12,
        Register::R13 => &mut registers.r13,
        Register::R14 => &mut registers.r14,
        Register::R15 => &mut registers.r15,
        _ => return None,
    })
}

fn is_high(register: Register) -> bool {
    matches!(register, Register::AH | Register::BH | Register::CH | Register::DH)
}

fn read(registers: &Registers, register: Register) -> Option<u64> {
    let mut copy = *registers;
    let value = *full(&mut copy, register)?;
    let bits = u32::try_from(register.size()).ok()? * 8;
    Some(if is_high(register) { value >> 8 & 0xff } else { value & mask(bits) })
}

fn write(registers: &mut Registers, register: Register, value: u64) -> Option<()> {
    let size = register.size();
    let place = full(registers, register)?;
    *place = match size {
        8 => value,
        // The upper half is cleared.
        4 => value & mask(32),
        2 => *place & !0xffff | value & 0xffff,
        1 if is_high(register) => *place & !0xff00 | (value & 0xff) << 8,
        1 => *place & !0xff | value & 0xff,
        _ => return None,
    };
    Some(())
}

#[cfg(test)]
mod tests;
