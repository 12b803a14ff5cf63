//! What instructions do to memory that processes share, each compared with the processor.

use crate::kernel::*;
use crate::memory::beside_a_child;
use std::arch::asm;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("computes-in-shared-memory", computes),
    ("computes-between-accesses", computes_between),
    ("copies-through-shared-memory", copies),
    ("fills-shared-memory", fills),
];

/// One instruction on memory and a register, once with each pair of these values: what memory and
/// the register hold then, and the flags.
macro_rules! table {
    ($out:ident, $memory:ident, $($name:literal: $code:literal;)*) => {$(
        for (there, own) in PAIRS {
            unsafe { $memory.cast::<u64>().write_volatile(there) };
            let (mut register, mut accumulator, mut flags) = (own, there ^ 1, 0u64);
            unsafe {
                asm!(
                    "clc",
                    $code,
                    "pushfq",
                    "pop {flags}",
                    memory = in(reg) $memory,
                    own = inout(reg) register,
                    flags = out(reg) flags,
                    inout("rax") accumulator,
                );
            }
            let there = unsafe { $memory.cast::<u64>().read_volatile() };
            // Carry, parity, zero, sign and overflow.
            let flags = flags & 0x8c5;
            let line = format!("{} {there:x} {register:x} {accumulator:x} {flags:x}\n", $name);
            $out.push_str(&line);
        }
    )*};
}

const PAIRS: [(u64, u64); 6] = [
    (0, 0),
    (1, u64::MAX),
    (0x7fff_ffff_ffff_ffff, 1),
    (0x80, 0x80),
    (0xffff_ffff, 1),
    (0x8000_0000_8000_8080, 0x7f7f_7f7f_8000_8000),
];

fn computes() {
    beside_a_child(|memory| {
        let mut out = String::new();
        table! { out, memory,
            "add64": "add [{memory}], {own}";
            "add32": "add dword ptr [{memory}], {own:e}";
            "add16": "add word ptr [{memory}], {own:x}";
            "add8": "add byte ptr [{memory}], {own:l}";
            "adc32": "adc {own:e}, dword ptr [{memory}]";
            "sub64": "sub [{memory}], {own}";
            "sub32": "sub {own:e}, dword ptr [{memory}]";
            "sbb16": "sbb word ptr [{memory}], {own:x}";
            "cmp8": "cmp byte ptr [{memory}], {own:l}";
            "cmp64": "cmp {own}, [{memory}]";
            "and32": "and dword ptr [{memory}], {own:e}";
            "or64": "or {own}, [{memory}]";
            "xor8": "xor byte ptr [{memory}], {own:l}";
            "test16": "test word ptr [{memory}], {own:x}";
            "inc32": "inc dword ptr [{memory}] /* {own} */";
            "dec8": "dec byte ptr [{memory}] /* {own} */";
            "neg64": "neg qword ptr [{memory}] /* {own} */";
            "not16": "not word ptr [{memory}] /* {own} */";
            "mov32": "mov {own:e}, dword ptr [{memory}]";
            "mov8": "mov {own:l}, byte ptr [{memory}]";
            "movi": "mov qword ptr [{memory}], -2 /* {own} */";
            "movzx": "movzx {own:e}, byte ptr [{memory}]";
            "movsx": "movsx {own}, word ptr [{memory}]";
            "movsxd": "movsxd {own}, dword ptr [{memory}]";
            "xchg": "xchg [{memory}], {own}";
            "xadd": "lock xadd dword ptr [{memory}], {own:e}";
            "cmpxchg": "lock cmpxchg qword ptr [{memory}], {own}";
            "cmpxchg8": "lock cmpxchg byte ptr [{memory}], {own:l}";
            "lock-or": "lock or dword ptr [{memory}], {own:e}";
            "bts": "lock bts dword ptr [{memory}], 3 /* {own} */";
            "shl": "shl dword ptr [{memory}], 3 /* {own} */";
            "push": "push qword ptr [{memory}]\npop {own}";
        }
        say(&out);
    });
}

/// As `table`, with what comes after an access: registers, and memory of its own.
macro_rules! table_between {
    ($out:ident, $memory:ident, $($name:literal: $code:literal;)*) => {$(
        for (there, own) in PAIRS {
            unsafe { $memory.cast::<u64>().write_volatile(there) };
            let (mut register, mut place, mut flags) = (own, own.rotate_left(8), 0u64);
            let seen: u64;
            unsafe {
                asm!(
                    "clc",
                    "mov {seen}, [{memory}]",
                    $code,
                    "pushfq",
                    "pop {flags}",
                    memory = in(reg) $memory,
                    place = in(reg) &raw mut place,
                    own = inout(reg) register,
                    seen = out(reg) seen,
                    flags = out(reg) flags,
                );
            }
            let flags = flags & 0x8c5;
            let line = format!("{} {seen:x} {register:x} {place:x} {flags:x}\n", $name);
            $out.push_str(&line);
        }
    )*};
}

fn computes_between() {
    beside_a_child(|memory| {
        let mut out = String::new();
        table_between! { out, memory,
            "add64": "add {own}, {seen} /* {place} */";
            "add32": "add {own:e}, {seen:e} /* {place} */";
            "add16": "add {own:x}, {seen:x} /* {place} */";
            "add8": "add {own:l}, {seen:l} /* {place} */";
            "adc64": "cmp {own}, {seen}\nadc {own}, {seen} /* {place} */";
            "sbb32": "cmp {own}, {seen}\nsbb {own:e}, 5 /* {place} */";
            "addi": "add {own:e}, -1 /* {seen} {place} */";
            "sub16": "sub {own:x}, 0x7fff /* {seen} {place} */";
            "and": "and {own}, {seen} /* {place} */";
            "or8": "or {own:l}, {seen:l} /* {place} */";
            "xor32": "xor {own:e}, {seen:e} /* {place} */";
            "xor-self": "xor {own:e}, {own:e} /* {seen} {place} */";
            "test": "test {own}, {seen} /* {place} */";
            "inc64": "inc {own} /* {seen} {place} */";
            "dec16": "dec {own:x} /* {seen} {place} */";
            "neg32": "neg {own:e} /* {seen} {place} */";
            "not8": "not {own:l} /* {seen} {place} */";
            "mov64": "mov {own}, {seen} /* {place} */";
            "mov32": "mov {own:e}, {seen:e} /* {place} */";
            "mov16": "mov {own:x}, {seen:x} /* {place} */";
            "mov8": "mov {own:l}, {seen:l} /* {place} */";
            "movi32": "mov {own:e}, -2 /* {seen} {place} */";
            "movzx": "movzx {own:e}, {seen:l} /* {place} */";
            "movsx": "movsx {own}, {seen:x} /* {place} */";
            "movsxd": "movsxd {own}, {seen:e} /* {place} */";
            "lea": "lea {own}, [{own} + 4*{seen} + 7] /* {place} */";
            "lea32": "lea {own:e}, [{own} + {seen} - 7] /* {place} */";
            "jmp": "jmp 2f\nadd {own}, {seen}\n2: nop dword ptr [{place}]";
            "loop": "mov {own:e}, 9\n2: add {seen}, {own}\ndec {own:e}\njne 2b /* {place} */";
            "round": "2: add {own}, {seen}\nnop\nsub byte ptr [{place}], 1\njne 2b";
            "store": "mov [{place}], {seen}\nadd dword ptr [{place}], {own:e}\nmov {own}, [{place}]";
            "store8": "mov byte ptr [{place} + 1], {seen:l}\ninc word ptr [{place}]\nor {own}, [{place}]";
            "locked": "lock xadd [{place}], {own} /* {seen} */";
            "edge": "sub rsp, 256\nlea {seen}, [rsp + 64]\nand {seen}, -64\nmov qword ptr [{seen} + 56], 1\nmov qword ptr [{seen} + 64], 2\nadd {own}, [{seen} + 56]\nadd {own}, [{seen} + 64]\nmov [{seen} + 60], {own}\nadd {own}, [{seen} + 56]\nadd {own}, [{seen} + 64]\nlea rsp, [rsp + 256]\nmov {seen}, [{place}]";
            "push": "push {own}\npush {seen}\npop {own}\npop {seen} /* {place} */";
            "push-memory": "push qword ptr [{place}]\npush -2\npop {own}\npop {seen}";
            "push-stack": "push rsp\npop {own}\nsub {own}, rsp\nmov {seen}, [{place}]";
            "call": "call 2f\njmp 3f\n2: add {own}, {seen}\nret\n3: nop dword ptr [{place}]";
            "call-register": "lea {seen}, [rip + 2f]\ncall {seen}\njmp 3f\n2: add {own}, 5\nret\n3: mov {seen}, [{place}]";
            "call-memory": "lea {seen}, [rip + 2f]\nmov [{place}], {seen}\ncall qword ptr [{place}]\njmp 3f\n2: inc {own}\nret\n3: mov {seen}, 7\nmov [{place}], {seen}";
            "return-more": "push {own}\ncall 2f\njmp 3f\n2: add {own}, {seen}\nret 8\n3: nop dword ptr [{place}]";
            "jmp-register": "lea {seen}, [rip + 2f]\njmp {seen}\ninc {own}\n2: dec {own}\nmov {seen}, [{place}]";
            "jmp-memory": "lea {seen}, [rip + 2f]\nmov [{place}], {seen}\njmp qword ptr [{place}]\ninc {own}\n2: dec {own}\nmov {seen}, 7\nmov [{place}], {seen}";
            "leave": "push rbp\nmov rbp, rsp\nsub rsp, 32\nmov [rbp - 8], {own}\nadd {seen}, [rbp - 8]\nleave\nmov [{place}], {own}";
            "shl": "shl {own}, 1 /* {seen} {place} */";
            "shr": "shr {own:e}, 1 /* {seen} {place} */";
            "sar": "sar {own:x}, 1 /* {seen} {place} */";
            "shl8": "shl {own:l}, 3\nsetc {seen:l}\ntest {own}, {own} /* {place} */";
            "shr64": "shr {own}, 35\nsetc {seen:l}\ntest {own}, {own} /* {place} */";
            "sar32": "sar {own:e}, 31\nsetc {seen:l}\ntest {own}, {own} /* {place} */";
            "shl16": "shl {own:x}, 9\nsetc {seen:l}\ntest {own}, {own} /* {place} */";
            "imul": "imul {own}, {seen}\nseto {seen:l}\ntest {own}, {own} /* {place} */";
            "imul32": "imul {own:e}, {seen:e}, -3\nsetc {seen:l}\ntest {own}, {own} /* {place} */";
            "imul16": "imul {own:x}, {seen:x}\nseto {seen:l}\ntest {own}, {own} /* {place} */";
            "cdq": "push rax\npush rdx\nmov rax, {own}\ncdq\nmov {own}, rdx\npop rdx\npop rax /* {seen} {place} */";
            "cqo": "push rax\npush rdx\nmov rax, {own}\ncqo\nmov {own}, rdx\npop rdx\npop rax /* {seen} {place} */";
            "cdqe": "push rax\nmov rax, {own}\ncdqe\nmov {own}, rax\npop rax /* {seen} {place} */";
            "exchange": "xchg {own}, {seen} /* {place} */";
            "exchange32": "xchg {own:e}, {seen:e} /* {place} */";
            "cmovb": "cmp {own}, {seen}\ncmovb {own}, {seen} /* {place} */";
            "cmovge32": "cmp {own}, {seen}\ncmovge {own:e}, {seen:e} /* {place} */";
            "cmovs16": "cmp {own}, {seen}\ncmovs {own:x}, {seen:x} /* {place} */";
            "cmp-memory": "cmp [{place}], {seen}\nsetb {own:l}";
            "seto": "cmp {own}, {seen}\nseto {own:l}\nmov qword ptr [{place}], 0";
            "setno": "cmp {own}, {seen}\nsetno {own:l}\nmov qword ptr [{place}], 0";
            "setb": "cmp {own}, {seen}\nsetb {own:l}\nmov qword ptr [{place}], 0";
            "setae": "cmp {own}, {seen}\nsetae {own:l}\nmov qword ptr [{place}], 0";
            "sete": "cmp {own}, {seen}\nsete {own:l}\nmov qword ptr [{place}], 0";
            "setne": "cmp {own}, {seen}\nsetne {own:l}\nmov qword ptr [{place}], 0";
            "setbe": "cmp {own}, {seen}\nsetbe {own:l}\nmov qword ptr [{place}], 0";
            "seta": "cmp {own}, {seen}\nseta {own:l}\nmov qword ptr [{place}], 0";
            "sets": "cmp {own}, {seen}\nsets {own:l}\nmov qword ptr [{place}], 0";
            "setns": "cmp {own}, {seen}\nsetns {own:l}\nmov qword ptr [{place}], 0";
            "setp": "cmp {own}, {seen}\nsetp {own:l}\nmov qword ptr [{place}], 0";
            "setnp": "cmp {own}, {seen}\nsetnp {own:l}\nmov qword ptr [{place}], 0";
            "setl": "cmp {own}, {seen}\nsetl {own:l}\nmov qword ptr [{place}], 0";
            "setge": "cmp {own}, {seen}\nsetge {own:l}\nmov qword ptr [{place}], 0";
            "setle": "cmp {own}, {seen}\nsetle {own:l}\nmov qword ptr [{place}], 0";
            "setg": "cmp {own}, {seen}\nsetg {own:l}\nmov qword ptr [{place}], 0";
            "jo": "sub {own:e}, {seen:e}\njo 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jno": "sub {own:e}, {seen:e}\njno 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jb": "sub {own:e}, {seen:e}\njb 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jae": "sub {own:e}, {seen:e}\njae 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "je": "sub {own:e}, {seen:e}\nje 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jne": "sub {own:e}, {seen:e}\njne 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jbe": "sub {own:e}, {seen:e}\njbe 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "ja": "sub {own:e}, {seen:e}\nja 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "js": "sub {own:e}, {seen:e}\njs 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jns": "sub {own:e}, {seen:e}\njns 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jp": "sub {own:e}, {seen:e}\njp 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jnp": "sub {own:e}, {seen:e}\njnp 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jl": "sub {own:e}, {seen:e}\njl 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jge": "sub {own:e}, {seen:e}\njge 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jle": "sub {own:e}, {seen:e}\njle 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
            "jg": "sub {own:e}, {seen:e}\njg 2f\nadd {own}, 3\n2:\nmov [{place}], {own}";
        }
        say(&out);
    });
}

/// Vectors, strings, and a place that does not begin at a word.
fn copies() {
    beside_a_child(|memory| {
        let text: Vec<u8> = (0..200).collect();
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), memory.add(3), text.len()) };
        let mut back = vec![0u8; 200];
        unsafe {
            asm!("rep movsb", inout("rsi") memory.add(3) => _, inout("rdi") back.as_mut_ptr() => _,
                inout("rcx") 200usize => _);
        }
        let same = back == text;
        let sum: u64 = (0..200).map(|n| u64::from(unsafe { memory.add(3 + n).read() })).sum();
        say(&format!("{same} {sum}"));
    });
}

/// Much of it, by one instruction that repeats itself, and by many.
fn fills() {
    const BYTES: usize = 256 << 10;
    let all = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let large = unsafe { libc::mmap(ptr::null_mut(), BYTES, access, all, -1, 0).cast::<u8>() };
    let from: Vec<u8> = (0..=250).cycle().take(BYTES).collect();
    beside_a_child(|_| unsafe {
        asm!("rep movsb", inout("rcx") BYTES => _, inout("rdi") large => _, inout("rsi") from.as_ptr() => _);
        let first = from.iter().enumerate().all(|(n, byte)| n % 4096 > 7 || *large.add(n) == *byte);
        ptr::copy_nonoverlapping(from.as_ptr(), large.add(1), BYTES - 1);
        say(&format!("{first} {}", *large.add(BYTES - 1) == from[BYTES - 2]));
    });
}
