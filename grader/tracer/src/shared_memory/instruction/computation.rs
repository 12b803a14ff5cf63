//! Instructions that touch registers alone.

use super::{
    ALL, CARRY, OVERFLOW, PARITY, SIGN, Sum, ZERO, address_of, arithmetic, difference, low, mask,
    read, set_flags, write,
};
use forklings_sys::ptrace::Registers;
use iced_x86::{ConditionCode, Instruction, Mnemonic, OpKind, Register};

/// Does an instruction. `None`, and nothing is changed, where it does more than compute, or is none of
/// the common ones.
pub(in crate::shared_memory) fn compute(
    instruction: &Instruction,
    registers: &mut Registers,
) -> Option<()> {
    let target = first_register(instruction);
    let bits = u32::try_from(target.size()).ok()? * 8;
    let mut next = instruction.next_ip();
    let mut changed = *registers;
    match instruction.mnemonic() {
        Mnemonic::Nop | Mnemonic::Endbr64 => {}
        Mnemonic::Jmp if instruction.op0_kind() == OpKind::NearBranch64 => {
            next = instruction.near_branch_target();
        }
        Mnemonic::Lea => {
            let plain = instruction.segment_prefix() == Register::None;
            let address = address_of(instruction, 1, registers).filter(|_| plain)?;
            write(&mut changed, target, address)?;
        }
        _ if instruction.is_jcc_short_or_near() => {
            if holds(instruction.condition_code(), registers.eflags)? {
                next = instruction.near_branch_target();
            }
        }
        _ if has_memory(instruction) => return None,
        Mnemonic::Mov => write(&mut changed, target, second(instruction, registers)?)?,
        Mnemonic::Movzx => {
            write(&mut changed, target, read(registers, instruction.op1_register())?)?
        }
        Mnemonic::Movsx | Mnemonic::Movsxd => {
            let source = instruction.op1_register();
            let extended = signed(read(registers, source)?, u32::try_from(source.size()).ok()? * 8);
            write(&mut changed, target, extended.cast_unsigned())?;
        }
        Mnemonic::Inc | Mnemonic::Dec => {
            let value = read(registers, target)?;
            let done = match instruction.mnemonic() {
                Mnemonic::Inc => Sum::of(value, 1, 0, bits),
                _ => difference(value, 1, 0, bits),
            };
            set_flags(&mut changed, ALL & !CARRY, done.flags);
            write(&mut changed, target, done.value)?;
        }
        Mnemonic::Neg => {
            let done = difference(0, read(registers, target)?, 0, bits);
            set_flags(&mut changed, ALL, done.flags);
            write(&mut changed, target, done.value)?;
        }
        Mnemonic::Not => write(&mut changed, target, !read(registers, target)? & mask(bits))?,
        Mnemonic::Xchg => {
            let other = instruction.op1_register();
            let values = (read(registers, target)?, read(registers, other)?);
            write(&mut changed, target, values.1)?;
            write(&mut changed, other, values.0)?;
        }
        Mnemonic::Cdqe => changed.rax = signed(registers.rax, 32).cast_unsigned(),
        Mnemonic::Cdq => {
            write(&mut changed, Register::EDX, (signed(registers.rax, 32) >> 32).cast_unsigned())?;
        }
        Mnemonic::Cqo => changed.rdx = (registers.rax.cast_signed() >> 63).cast_unsigned(),
        Mnemonic::Shl | Mnemonic::Shr | Mnemonic::Sar => {
            let most = if bits == 64 { 63 } else { 31 };
            let count = u32::try_from(second(instruction, registers)?).ok()? & most;
            // Rare, and with flags of its own where more is shifted than there is.
            if count == 0 || count >= bits {
                return None;
            }
            let done = shift(instruction.mnemonic(), read(registers, target)?, count, bits);
            set_flags(&mut changed, ALL, done.flags);
            write(&mut changed, target, done.value)?;
        }
        Mnemonic::Imul if instruction.op_count() > 1 => {
            let last = instruction.op_count() - 1;
            let factor = match instruction.op_kind(last) {
                OpKind::Register => read(registers, instruction.op_register(last))?,
                _ => instruction.try_immediate(last).ok()?,
            };
            let other = if last == 1 { target } else { instruction.op1_register() };
            let done = product(read(registers, other)?, factor, bits);
            set_flags(&mut changed, ALL, done.flags);
            write(&mut changed, target, done.value)?;
        }
        _ if moves_if(instruction) => {
            let taken = holds(instruction.condition_code(), registers.eflags)?;
            let from = if taken { instruction.op1_register() } else { target };
            // Also where nothing is moved, the upper half is cleared.
            write(&mut changed, target, read(registers, from)?)?;
        }
        _ if sets(instruction) => {
            let value = holds(instruction.condition_code(), registers.eflags)?;
            write(&mut changed, target, value.into())?;
        }
        mnemonic => {
            let (one, other) = (read(registers, target)?, second(instruction, registers)?);
            let done = arithmetic(mnemonic, one, other, registers.eflags & CARRY, bits)?;
            set_flags(&mut changed, ALL, done.flags);
            if !matches!(mnemonic, Mnemonic::Cmp | Mnemonic::Test) {
                write(&mut changed, target, done.value)?;
            }
        }
    }
    changed.rip = next;
    *registers = changed;
    Some(())
}

fn first_register(instruction: &Instruction) -> Register {
    match instruction.op0_kind() {
        OpKind::Register => instruction.op0_register(),
        _ => Register::None,
    }
}

fn has_memory(instruction: &Instruction) -> bool {
    (0..instruction.op_count()).any(|n| instruction.op_kind(n) == OpKind::Memory)
}

/// The second operand.
fn second(instruction: &Instruction, registers: &Registers) -> Option<u64> {
    match instruction.op1_kind() {
        OpKind::Register => read(registers, instruction.op1_register()),
        _ => instruction.try_immediate(1).ok(),
    }
}

/// The number that the lowest bits of a value stand for.
fn signed(value: u64, bits: u32) -> i64 {
    let shift = 64 - bits;
    (value << shift).cast_signed() >> shift
}

/// A value shifted by 1 or more places, but by less than it has. Of the flags, the overflow is defined
/// for one place only; for more it is as for one.
fn shift(how: Mnemonic, value: u64, count: u32, bits: u32) -> Sum {
    let top = |value: u64| value >> (bits - 1) & 1;
    let (shifted, out, overflow) = match how {
        Mnemonic::Shl => {
            let shifted = value << count & mask(bits);
            let out = value >> (bits - count) & 1;
            (shifted, out, top(shifted) ^ out)
        }
        Mnemonic::Shr => (value >> count, value >> (count - 1) & 1, top(value)),
        _ => {
            let shifted = (signed(value, bits) >> count).cast_unsigned() & mask(bits);
            (shifted, value >> (count - 1) & 1, 0)
        }
    };
    let mut done = Sum::logical(shifted, bits);
    done.flags |= if out == 1 { CARRY } else { 0 };
    done.flags |= if overflow == 1 { OVERFLOW } else { 0 };
    done
}

/// A signed product, cut to the bits of its factors. Only the carry and the overflow are defined.
fn product(one: u64, other: u64, bits: u32) -> Sum {
    let whole = i128::from(signed(one, bits)) * i128::from(signed(other, bits));
    let value = low(whole.cast_unsigned()) & mask(bits);
    let is_cut = i128::from(signed(value, bits)) != whole;
    let mut done = Sum::logical(value, bits);
    done.flags |= if is_cut { CARRY | OVERFLOW } else { 0 };
    done
}

/// Whether it moves a register if a condition is met.
fn moves_if(instruction: &Instruction) -> bool {
    instruction.op_count() == 2 && instruction.condition_code() != ConditionCode::None
}

/// Whether it writes a condition into a byte.
fn sets(instruction: &Instruction) -> bool {
    instruction.op_count() == 1 && instruction.condition_code() != ConditionCode::None
}

/// Whether the flags meet a condition. Source: volume 1, appendix B, "EFLAGS Condition Codes".
fn holds(condition: ConditionCode, flags: u64) -> Option<bool> {
    let has = |flag| flags & flag != 0;
    let less = has(SIGN) != has(OVERFLOW);
    Some(match condition {
        ConditionCode::o => has(OVERFLOW),
        ConditionCode::no => !has(OVERFLOW),
        ConditionCode::b => has(CARRY),
        ConditionCode::ae => !has(CARRY),
        ConditionCode::e => has(ZERO),
        ConditionCode::ne => !has(ZERO),
        ConditionCode::be => has(CARRY) || has(ZERO),
        ConditionCode::a => !has(CARRY) && !has(ZERO),
        ConditionCode::s => has(SIGN),
        ConditionCode::ns => !has(SIGN),
        ConditionCode::p => has(PARITY),
        ConditionCode::np => !has(PARITY),
        ConditionCode::l => less,
        ConditionCode::ge => !less,
        ConditionCode::le => has(ZERO) || less,
        ConditionCode::g => !has(ZERO) && !less,
        ConditionCode::None => return None,
    })
}
