//! Instructions that touch registers alone.

use super::{
    ALL, CARRY, OVERFLOW, PARITY, SIGN, Sum, ZERO, address_of, arithmetic, difference, mask, read,
    set_flags, write,
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
            let shift = 64 - u32::try_from(source.size()).ok()? * 8;
            let signed = (read(registers, source)? << shift).cast_signed() >> shift;
            write(&mut changed, target, signed.cast_unsigned())?;
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
