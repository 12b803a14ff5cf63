//! Memory that processes share: what instructions do there, and what the kernel does.

use crate::kernel::*;
use std::arch::asm;
use std::sync::atomic::AtomicU32;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("computes-in-shared-memory", computes),
    ("computes-between-accesses", computes_between),
    ("copies-through-shared-memory", copies),
    ("fills-shared-memory", fills),
    ("shared-memory-in-calls", in_calls),
    ("shared-memory-moves", moves),
    ("uses-what-is-unmapped", uses_unmapped),
    ("reuses-what-is-unmapped", reuses_unmapped),
    ("writes-where-it-may-read", writes_read_only),
    ("counts-in-turn", counts_in_turn),
    ("threads-count-in-turn", threads_count_in_turn),
    ("reads-between-accesses", reads_between_accesses),
    ("dies-with-a-robust-mutex", dies_with_robust_mutex),
    ("shares-a-file-after-exec", shares_file),
    ("maps-a-file-over-itself", maps_over_itself),
    ("maps-more-when-it-is-alone", maps_more_alone),
    ("executes-beside-shared-memory", executes_beside),
    ("vforks-with-shared-memory", vforks),
    ("has-one-memory-with-another", has_one_memory),
    ("waits-in-one-memory", waits_in_one_memory),
    ("handles-in-one-memory", handles_in_one_memory),
    ("shares-too-much-to-be-followed", shares_too_much),
    ("shares-a-device", shares_device),
];

/// Runs `work` while a child is there who has the memory too.
fn beside_a_child(work: impl FnOnce(*mut u8)) {
    let memory = shared().cast::<u8>();
    let (read, write) = pipe();
    child(|| {
        close(write);
        i32::from(!get(read).is_empty())
    });
    close(read);
    work(memory);
    close(write);
    say(&format!("reaped {}", reap_all()));
}

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

/// The kernel reads and writes there on the program's behalf.
fn in_calls() {
    beside_a_child(|memory| {
        let (read, write) = pipe();
        unsafe {
            memory.copy_from(c"hello".as_ptr().cast(), 5);
            let wrote = libc::write(write, memory.cast(), 5);
            let got = libc::read(read, memory.add(64).cast(), 5);
            let place = libc::iovec { iov_base: memory.add(128).cast(), iov_len: 3 };
            let again = libc::write(write, memory.cast(), 3);
            let vector = libc::readv(read, &raw const place, 1);
            let mut stat = memory.add(256).cast::<libc::timespec>();
            let clock = libc::clock_getres(libc::CLOCK_MONOTONIC, stat);
            stat = memory.add(512).cast();
            let seconds = (*stat).tv_sec;
            let text = std::slice::from_raw_parts(memory.add(64), 5);
            let text = String::from_utf8_lossy(text);
            say(&format!("{wrote} {got} {text} {again} {vector} {clock} {seconds}"));
        }
    });
}

fn moves() {
    beside_a_child(|memory| unsafe {
        *memory = 7;
        let to = libc::mremap(memory.cast(), 4096, 8192, libc::MREMAP_MAYMOVE).cast::<u8>();
        say(&format!("{} {}", to.is_null(), *to));
    });
}

fn uses_unmapped() {
    beside_a_child(|memory| {
        let dead = child(|| unsafe {
            *memory = 1;
            libc::munmap(memory.cast(), 4096);
            i32::from(memory.read_volatile())
        });
        say(&format!("{}", wait(dead, 0).1));
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

/// Private memory comes to stand where shared memory stood, and stays when the pages of other shared
/// memory are given back and taken away.
fn reuses_unmapped() {
    beside_a_child(|memory| {
        let other = shared().cast::<u8>();
        let user = child(|| unsafe {
            memory.write_volatile(1);
            other.write_volatile(2);
            libc::munmap(memory.cast(), 4096);
            let own = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
            let access = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(memory.cast(), 4096, access, own, -1, 0);
            memory.write_volatile(7);
            let (read, write) = pipe();
            libc::write(write, other.cast(), 1);
            libc::read(read, other.add(1).cast(), 1);
            let copied = other.add(1).read_volatile();
            i32::from(memory.read_volatile() * 10 + copied)
        });
        say(&format!("{} {}", wait(user, 0).1 >> 8, unsafe { memory.read_volatile() }));
    });
}

fn writes_read_only() {
    beside_a_child(|memory| {
        let dead = child(|| unsafe {
            let all = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
            let there =
                libc::mmap(memory.cast(), 4096, libc::PROT_READ, all | libc::MAP_FIXED, -1, 0);
            let there = there.cast::<u8>();
            there.write_volatile(there.read_volatile() + 1);
            0
        });
        say(&format!("{}", wait(dead, 0).1));
    });
}

/// Two processes take turns at a counter that both of them write.
fn counts_in_turn() {
    let turn = unsafe { AtomicU32::from_ptr(shared()) };
    let counter = unsafe { shared().add(8) };
    let count = |mine: u32| {
        for _ in 0..10 {
            while turn.load(Ordering::Acquire) % 2 != mine {
                std::hint::spin_loop();
            }
            unsafe { *counter += 1 };
            turn.fetch_add(1, Ordering::Release);
        }
        0
    };
    for mine in 0..2 {
        child(|| count(mine));
    }
    reap_all();
    say(&format!("{}", unsafe { *counter }));
}

/// Two threads take turns, by a word that another process has too, at a counter that only they have.
fn threads_count_in_turn() {
    beside_a_child(|memory| {
        let turn = unsafe { AtomicU32::from_ptr(memory.cast()) };
        let counter = std::cell::UnsafeCell::new(0_u64);
        let place = counter.get() as usize;
        std::thread::scope(|scope| {
            for mine in 0..2 {
                scope.spawn(move || {
                    for _ in 0..10 {
                        while turn.load(Ordering::Acquire) % 2 != mine {
                            std::hint::spin_loop();
                        }
                        let counter = place as *mut u64;
                        unsafe { counter.write_volatile(counter.read_volatile() + 1) };
                        turn.fetch_add(1, Ordering::Release);
                    }
                });
            }
        });
        say(&format!("{}", counter.into_inner()));
    });
}

/// The kernel, and a handler, write to memory of the process's own between its accesses.
fn reads_between_accesses() {
    static HANDLED: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(_: i32) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }
    unsafe { libc::signal(libc::SIGUSR1, handler as *const () as usize) };
    beside_a_child(|memory| {
        let word = unsafe { AtomicU32::from_ptr(memory.cast()) };
        let (read, write) = pipe();
        let (mut byte, mut sum) = (0_u8, 0);
        let place = &raw mut byte;
        for n in 1..=10_u8 {
            unsafe {
                libc::write(write, (&raw const n).cast(), 1);
                word.fetch_add(1, Ordering::Relaxed);
                sum += u32::from(place.read_volatile());
                libc::read(read, place.cast(), 1);
                word.fetch_add(1, Ordering::Relaxed);
                sum += u32::from(place.read_volatile());
                libc::raise(libc::SIGUSR1);
            }
            word.fetch_add(HANDLED.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        say(&format!("{sum} {}", word.load(Ordering::Relaxed)));
    });
}

/// The kernel hands the mutex of who is killed to the next one.
fn dies_with_robust_mutex() {
    let mutex = shared().cast::<libc::pthread_mutex_t>();
    unsafe {
        let mut kind = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut kind);
        libc::pthread_mutexattr_setpshared(&raw mut kind, libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_mutexattr_setrobust(&raw mut kind, libc::PTHREAD_MUTEX_ROBUST);
        libc::pthread_mutex_init(mutex, &raw const kind);
    }
    let (read, write) = pipe();
    let holder = child(|| unsafe {
        libc::pthread_mutex_lock(mutex);
        put(write, "x");
        libc::pause()
    });
    close(write);
    get(read);
    let taken = unsafe { libc::pthread_mutex_trylock(mutex) };
    unsafe { libc::kill(holder, libc::SIGKILL) };
    let ended = wait(holder, 0).1;
    let locked = unsafe { libc::pthread_mutex_lock(mutex) };
    say(&format!("{} {ended} {}", taken == libc::EBUSY, locked == libc::EOWNERDEAD));
}

/// A file that each of two processes maps for itself.
fn shares_file() {
    let path = path("mapped");
    let fd = file(&path);
    let map = |fd: c_int| unsafe {
        libc::ftruncate(fd, 4096);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let at = libc::mmap(ptr::null_mut(), 4096, access, libc::MAP_SHARED, fd, 0);
        AtomicU32::from_ptr(at.cast())
    };
    child(|| {
        let word = map(open(&path, libc::O_RDWR));
        word.fetch_add(5, Ordering::SeqCst);
        0
    });
    let word = map(fd);
    word.fetch_add(7, Ordering::SeqCst);
    let reaped = reap_all();
    say(&format!("{} {reaped}", word.load(Ordering::SeqCst)));
    unsafe { libc::unlink(path.as_ptr()) };
}

/// A file is mapped over a part of its own mapping, and then moved over another, from another place
/// in the file each time.
fn maps_over_itself() {
    const PAGE: usize = 4096;
    let path = path("over");
    let fd = file(&path);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let map = |at: *mut u8, pages, how, from: i64| unsafe {
        libc::mmap(at.cast(), pages * PAGE, access, libc::MAP_SHARED | how, fd, from * 4096)
            .cast::<u8>()
    };
    unsafe { libc::ftruncate(fd, 4 * 4096) };
    let all = map(ptr::null_mut(), 4, 0, 0);
    let again = map(ptr::null_mut(), 1, 0, 2);
    for page in 0..4 {
        unsafe { all.add(page * PAGE).write_volatile(b"abcd"[page]) };
    }
    beside_a_child(|_| unsafe {
        let first = |pages: std::ops::Range<usize>| -> String {
            pages.map(|page| char::from(all.add(page * PAGE).read_volatile())).collect()
        };
        let mut said = first(0..4);
        map(all.add(PAGE), 1, libc::MAP_FIXED, 3);
        said = format!("{said} {}", first(0..4));
        all.add(PAGE).write_volatile(b'x');
        said = format!("{said} {}", first(0..4));
        let how = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        libc::mremap(again.cast(), PAGE, PAGE, how, all.cast::<c_void>());
        all.write_volatile(b'y');
        say(&format!("{said} {}", first(0..4)));
        let mut bytes = [0; 4 * PAGE];
        libc::pread(fd, bytes.as_mut_ptr().cast(), bytes.len(), 0);
        let firsts = [0, 1, 2, 3].map(|page| bytes[page * PAGE]);
        say(&String::from_utf8_lossy(&firsts));
    });
    unsafe { libc::unlink(path.as_ptr()) };
}

/// Who has shared memory with somebody gets more of it when nobody else is left.
fn maps_more_alone() {
    let first = shared();
    child(|| {
        unsafe { AtomicU32::from_ptr(first) }.fetch_add(1, Ordering::SeqCst);
        0
    });
    unsafe { AtomicU32::from_ptr(first) }.fetch_add(1, Ordering::SeqCst);
    reap_all();
    let more = shared();
    unsafe { *more = *first + 1 };
    say(&format!("{} {}", unsafe { *first }, unsafe { *more }));
}

/// While a program is executed nobody but its maker has the memory.
fn executes_beside() {
    let memory = shared();
    for _ in 0..2 {
        let ended = process::Command::new("true").status();
        unsafe { memory.write_volatile(memory.read_volatile() + 1) };
        say(&format!("{} {}", ended.is_ok(), unsafe { memory.read_volatile() }));
    }
}

/// The child of a `vfork` writes to memory that a third process has too, and so does its parent then.
#[expect(deprecated, reason = "it is what this is about")]
fn vforks() {
    beside_a_child(|memory| unsafe {
        memory.write_volatile(1);
        for _ in 0..2 {
            if libc::vfork() == 0 {
                memory.write_volatile(memory.read_volatile() + 1);
                libc::_exit(0);
            }
            memory.write_volatile(memory.read_volatile() + 1);
        }
        say(&format!("{}", memory.read_volatile()));
    });
}

/// Runs `work` in a process that has all its memory in common with this one, and goes on beside it.
fn with_one_memory(work: extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) -> i32 {
    const STACK: usize = 64 << 10;
    let stack = Box::leak(vec![0u8; STACK].into_boxed_slice());
    let how = libc::CLONE_VM | libc::SIGCHLD;
    unsafe { libc::clone(work, stack.as_mut_ptr().add(STACK).cast(), how, argument) }
}

static LOCK: AtomicU32 = AtomicU32::new(0);
static TOLD: AtomicU32 = AtomicU32::new(0);

/// Two processes count in memory of their own that both have, and one of them tells the other what it
/// did to memory that a third one has too. Then each gets more memory, of which the other has nothing
/// to know.
fn has_one_memory() {
    extern "C" fn other(memory: *mut c_void) -> c_int {
        counts();
        unsafe { memory.cast::<u8>().write_volatile(5) };
        TOLD.store(1, Ordering::Release);
        let more = shared();
        child(|| unsafe { more.read_volatile() }.cast_signed());
        unsafe { more.write_volatile(0) };
        reap_all();
        leave(0)
    }
    beside_a_child(|memory| {
        unsafe { memory.write_volatile(1) };
        with_one_memory(other, memory.cast());
        counts();
        while TOLD.load(Ordering::Acquire) == 0 {
            std::hint::spin_loop();
        }
        let seen = unsafe { memory.read_volatile() };
        let more = shared();
        child(|| unsafe { more.read_volatile() }.cast_signed());
        unsafe { more.write_volatile(0) };
        say(&format!("{seen}"));
    });
    say(&format!("{}", SEEN.load(Ordering::SeqCst)));
}

fn counts() {
    for _ in 0..3 {
        while LOCK.swap(1, Ordering::Acquire) == 1 {
            std::hint::spin_loop();
        }
        count(0);
        LOCK.store(0, Ordering::Release);
    }
}

/// A private futex is one for all who have the memory.
fn waits_in_one_memory() {
    extern "C" fn other(_: *mut c_void) -> c_int {
        nap(1);
        TOLD.store(1, Ordering::Release);
        let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        unsafe { libc::syscall(libc::SYS_futex, TOLD.as_ptr(), wake, 1) };
        leave(3)
    }
    with_one_memory(other, ptr::null_mut());
    let wait = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    while TOLD.load(Ordering::Acquire) == 0 {
        unsafe { libc::syscall(libc::SYS_futex, TOLD.as_ptr(), wait, 0, ptr::null::<u8>()) };
    }
    say(&format!("{}", reap_all()));
}

/// While a handler of one runs, the other calls what handlers must not.
fn handles_in_one_memory() {
    extern "C" fn handler(_: c_int) {
        say("handled");
        TOLD.store(1, Ordering::Release);
        while LOCK.load(Ordering::Acquire) == 0 {
            std::hint::spin_loop();
        }
    }
    extern "C" fn other(_: *mut c_void) -> c_int {
        while TOLD.load(Ordering::Acquire) == 0 {
            std::hint::spin_loop();
        }
        unsafe {
            let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
            libc::pthread_mutex_lock(&raw mut mutex);
            libc::free(libc::malloc(100));
            libc::pthread_mutex_unlock(&raw mut mutex);
        }
        LOCK.store(1, Ordering::Release);
        leave(3)
    }
    handle_by(handler, SIGUSR1, 0);
    with_one_memory(other, ptr::null_mut());
    unsafe { libc::raise(SIGUSR1) };
    say(&format!("{}", reap_all()));
}

/// One tells the other in memory that nobody follows.
fn tells_in(memory: *mut u32) {
    let flag = unsafe { AtomicU32::from_ptr(memory) };
    child(|| {
        unsafe { memory.add(1).write_volatile(7) };
        flag.store(1, Ordering::Release);
        0
    });
    while flag.load(Ordering::Acquire) == 0 {
        std::hint::spin_loop();
    }
    say(&format!("{} {}", unsafe { memory.add(1).read_volatile() }, reap_all()));
}

fn shares_too_much() {
    let (access, all) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    let how = all | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    tells_in(unsafe { libc::mmap(ptr::null_mut(), 300 << 20, access, how, -1, 0).cast() });
}

fn shares_device() {
    let zero = open(&c"/dev/zero".to_owned(), libc::O_RDWR);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let at = unsafe { libc::mmap(ptr::null_mut(), 4096, access, libc::MAP_SHARED, zero, 0) };
    tells_in(at.cast());
}
