//! Instructions that move the stack pointer, or jump to where a register or memory says.

use super::{address_of, read, write};
use forklings_sys::ptrace::Registers;
use iced_x86::{Code, Instruction, Mnemonic, OpKind};

/// What such an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shared_memory) enum Transfer {
    Push,
    Pop,
    Call,
    Return,
    /// To where a register or memory says.
    Jump,
    /// The end of a function: `mov rsp, rbp; pop rbp`.
    Leave,
}

/// Where the value comes from that is pushed, popped or jumped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shared_memory) enum Source {
    Value(u64),
    /// Eight bytes of memory.
    At(u64),
}

impl Transfer {
    /// `None` for all other instructions, and for what moves other than eight bytes.
    pub(in crate::shared_memory) fn of(instruction: &Instruction) -> Option<Self> {
        let moved = instruction.stack_pointer_increment();
        let is_register = instruction.op0_kind() == OpKind::Register;
        match instruction.mnemonic() {
            Mnemonic::Push if moved == -8 => Some(Self::Push),
            Mnemonic::Pop if moved == 8 && is_register => Some(Self::Pop),
            Mnemonic::Call if moved == -8 => Some(Self::Call),
            Mnemonic::Ret if moved >= 8 => Some(Self::Return),
            Mnemonic::Leave if instruction.code() == Code::Leaveq => Some(Self::Leave),
            Mnemonic::Jmp if instruction.is_jmp_near_indirect() => Some(Self::Jump),
            _ => None,
        }
    }

    /// The value that it moves, with these registers.
    pub(in crate::shared_memory) fn source(
        self,
        instruction: &Instruction,
        registers: &Registers,
    ) -> Option<Source> {
        match self {
            Self::Pop | Self::Return => Some(Source::At(registers.rsp)),
            Self::Leave => Some(Source::At(registers.rbp)),
            Self::Push | Self::Call | Self::Jump => Some(match instruction.op0_kind() {
                OpKind::NearBranch64 => Source::Value(instruction.near_branch_target()),
                OpKind::Register => Source::Value(read(registers, instruction.op0_register())?),
                OpKind::Memory if instruction.memory_size().size() == 8 => {
                    Source::At(address_of(instruction, 0, registers)?)
                }
                _ => Source::Value(instruction.try_immediate(0).ok()?),
            }),
        }
    }

    /// What it writes below the stack pointer.
    pub(in crate::shared_memory) fn pushes(
        self,
        instruction: &Instruction,
        value: u64,
    ) -> Option<u64> {
        match self {
            Self::Push => Some(value),
            Self::Call => Some(instruction.next_ip()),
            Self::Pop | Self::Return | Self::Jump | Self::Leave => None,
        }
    }

    /// What becomes of the registers. `None`, and nothing is changed, where that is not known.
    pub(in crate::shared_memory) fn finish(
        self,
        instruction: &Instruction,
        value: u64,
        registers: &mut Registers,
    ) -> Option<()> {
        let moved = i64::from(instruction.stack_pointer_increment());
        let stack = if self == Self::Leave {
            registers.rbp.wrapping_add(8)
        } else {
            registers.rsp.wrapping_add_signed(moved)
        };
        let mut changed = *registers;
        (changed.rsp, changed.rip) = (stack, instruction.next_ip());
        match self {
            Self::Push => {}
            // Also where it pops the stack pointer itself.
            Self::Pop => write(&mut changed, instruction.op0_register(), value)?,
            Self::Leave => changed.rbp = value,
            Self::Call | Self::Return | Self::Jump => changed.rip = value,
        }
        *registers = changed;
        Some(())
    }
}
