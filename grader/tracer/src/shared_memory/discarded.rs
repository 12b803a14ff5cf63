//! Whether anybody asks what an exchange has found. C's and Rust's compilers write an atomic store as an
//! exchange with a register that is written anew before it is read; then it is no more than a store.

use super::instruction::decode;
use crate::breakpoints::Breakpoints;
use iced_x86::{
    Code, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

/// Bytes before and behind an exchange that are looked at: a branch may lead back. Not before its page,
/// where nothing may be.
const NEAR: u64 = 128;
const PAGE: u64 = 4096;
/// Instructions that are followed, on all ways together.
const FOLLOWED: u32 = 24;

/// Whether the instruction at an address of a process is an exchange with memory whose result nobody
/// reads. Where that is not known from the instructions that follow, it is read.
pub(super) fn discards((tid, set): (i32, &Breakpoints), address: u64) -> bool {
    let start = address.saturating_sub(NEAR).max(address / PAGE * PAGE);
    let mut code = vec![0; usize::try_from(address + NEAR - start).unwrap_or_default()];
    match set.read(tid, start, &mut code) {
        Ok(length) => result_is_lost(&code[..length], start, address),
        Err(_) => false,
    }
}

/// Whether the result of the instruction at an address is lost, by the code that begins at `start`.
fn result_is_lost(code: &[u8], start: u64, address: u64) -> bool {
    let Some(exchange) = instruction_at(code, start, address) else { return false };
    if exchange.mnemonic() != Mnemonic::Xchg {
        return false;
    }
    let register = match (exchange.op0_kind(), exchange.op1_kind()) {
        (OpKind::Memory, OpKind::Register) => exchange.op1_register(),
        (OpKind::Register, OpKind::Memory) => exchange.op0_register(),
        _ => return false,
    };
    let mut search = Search {
        code,
        start,
        register: register.full_register(),
        factory: InstructionInfoFactory::new(),
        left: FOLLOWED,
    };
    search.is_lost_from(exchange.next_ip())
}

struct Search<'a> {
    code: &'a [u8],
    start: u64,
    register: Register,
    factory: InstructionInfoFactory,
    left: u32,
}

impl Search<'_> {
    /// Whether the register is written on every way from here before it is read.
    fn is_lost_from(&mut self, mut at: u64) -> bool {
        loop {
            let Some(instruction) = self.next(at) else { return false };
            match self.use_by(&instruction) {
                Use::Reads => return false,
                Use::Replaces => return true,
                Use::None => {}
            }
            at = match instruction.flow_control() {
                FlowControl::Next => instruction.next_ip(),
                FlowControl::UnconditionalBranch => instruction.near_branch_target(),
                FlowControl::ConditionalBranch
                    if !self.is_lost_from(instruction.near_branch_target()) =>
                {
                    return false;
                }
                FlowControl::ConditionalBranch => instruction.next_ip(),
                // What a function leaves in other registers, nobody reads. Source: System V ABI for
                // x86-64, "Register Usage".
                FlowControl::Return => {
                    return !matches!(self.register, Register::RAX | Register::RDX);
                }
                FlowControl::Call if instruction.mnemonic() == Mnemonic::Call => {
                    return matches!(self.register, Register::RAX | Register::R10 | Register::R11);
                }
                FlowControl::Call
                | FlowControl::IndirectBranch
                | FlowControl::IndirectCall
                | FlowControl::Interrupt
                | FlowControl::XbeginXabortXend
                | FlowControl::Exception => return false,
            };
        }
    }

    /// The next instruction, if it is among the bytes that are known.
    fn next(&mut self, at: u64) -> Option<Instruction> {
        self.left = self.left.checked_sub(1)?;
        instruction_at(self.code, self.start, at)
    }

    fn use_by(&mut self, instruction: &Instruction) -> Use {
        let mut replaces = false;
        for used in self.factory.info(instruction).used_registers() {
            if used.register().full_register() != self.register {
                continue;
            }
            match used.access() {
                OpAccess::Write if used.register().size() >= 4 => replaces = true,
                // A part of it, or perhaps.
                OpAccess::Write | OpAccess::CondWrite | OpAccess::None | OpAccess::NoMemAccess => {}
                OpAccess::Read
                | OpAccess::CondRead
                | OpAccess::ReadWrite
                | OpAccess::ReadCondWrite => return Use::Reads,
            }
        }
        if replaces { Use::Replaces } else { Use::None }
    }
}

/// The instruction at an address of the code that begins at `start`.
fn instruction_at(code: &[u8], start: u64, at: u64) -> Option<Instruction> {
    let from = usize::try_from(at.checked_sub(start)?).ok()?;
    let instruction = decode(code.get(from..)?, at);
    (instruction.code() != Code::INVALID).then_some(instruction)
}

/// What an instruction does with the register.
enum Use {
    Reads,
    Replaces,
    None,
}

#[cfg(test)]
mod tests {
    use super::result_is_lost;

    /// `xchg eax, [rdx]`, and then this.
    fn lost(then: &[u8]) -> bool {
        result_is_lost(&[&[0x87, 0x02], then].concat(), START, START)
    }

    const START: u64 = 0x1000;
    const RET: &[u8] = &[0xc3];

    #[test]
    fn a_result_that_is_written_over_is_lost() {
        assert!(lost(&[0xb8, 1, 0, 0, 0]), "mov eax, 1");
        assert!(lost(&[0x31, 0xc0]), "xor eax, eax");
        assert!(lost(&[0x89, 0xcb, 0x8b, 0x07]), "mov ebx, ecx; mov eax, [rdi]");
        assert!(lost(&[0xe8, 0, 0, 0, 0]), "call: eax is no argument");
        assert!(lost(&[0x75, 2, 0x31, 0xc0, 0x31, 0xc0]), "jne over one of two xor eax, eax");
    }

    #[test]
    fn a_result_that_somebody_reads_or_may_read_is_not() {
        assert!(!lost(&[0x85, 0xc0]), "test eax, eax");
        assert!(!lost(&[0x89, 0xc3, 0x31, 0xc0]), "mov ebx, eax; xor eax, eax");
        assert!(!lost(RET), "ret: it is the function's result");
        assert!(!lost(&[0xb0, 1, 0xc3]), "mov al, 1: the rest is still there");
        assert!(!lost(&[0x75, 2, 0x31, 0xc0, 0xc3]), "jne to a ret");
        assert!(!lost(&[0xeb, 0xfe]), "jmp to itself");
        assert!(!lost(&[]), "nothing is known");
    }

    #[test]
    fn a_branch_may_lead_back_to_where_it_is_written_over() {
        let code = [0x31, 0xc0, 0x87, 0x02, 0xeb, 0xfa];
        assert!(
            result_is_lost(&code, START, START + 2),
            "xor eax, eax; xchg [rdx], eax; jmp to it"
        );
        assert!(
            !result_is_lost(&code[2..], START + 2, START + 2),
            "what stands there is not known"
        );
    }

    #[test]
    fn only_an_exchange_with_memory_has_such_a_result() {
        assert!(!result_is_lost(&[0x89, 0x02, 0x31, 0xc0], START, START), "mov [rdx], eax");
        assert!(
            !result_is_lost(&[0x87, 0xca, 0x31, 0xd2, 0x31, 0xc9], START, START),
            "xchg edx, ecx"
        );
        assert!(
            !result_is_lost(&[0xf0, 0x0f, 0xc1, 0x02, 0x31, 0xc0], START, START),
            "lock xadd [rdx], eax"
        );
        assert!(
            result_is_lost(&[&[0x87, 0x0a], RET].concat(), START, START),
            "xchg [rdx], ecx; ret"
        );
    }
}
