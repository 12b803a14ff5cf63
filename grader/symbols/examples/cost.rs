//! Prints what unwinding and looking up lines cost, on the stack of a child of this program:
//! `cargo run --example cost`. Memory is read by a system call a block,
//! as a tracer would.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for developers")]

use forklings_symbols::{Buffered, Memory, Registers, Symbols, Unwinder, parse_maps};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use std::cell::Cell;
use std::io::IoSliceMut;
use std::path::PathBuf;
use std::time::Instant;

const ROUNDS: u32 = 2_000;

fn memory(pid: Pid, reads: &Cell<u32>) -> impl Memory {
    Buffered::new(move |address, bytes| {
        reads.set(reads.get() + 1);
        let remote = [RemoteIoVec { base: usize::try_from(address).unwrap(), len: bytes.len() }];
        process_vm_readv(pid, &mut [IoSliceMut::new(bytes)], &remote).unwrap_or(0)
    })
}

fn child(depth: u32) {
    if depth > 0 {
        child(depth - 1);
    } else {
        ptrace::traceme().unwrap();
        raise(Signal::SIGSTOP).unwrap();
    }
    std::hint::black_box(depth);
}

fn main() {
    #[expect(unsafe_code, reason = "a child to look at; this program has one thread")]
    // SAFETY: no other thread can hold a lock.
    let pid = match unsafe { fork() }.unwrap() {
        ForkResult::Child => return child(5),
        ForkResult::Parent { child } => child,
    };
    waitpid(pid, None).unwrap();
    let r = ptrace::getregs(pid).unwrap();
    let registers = Registers {
        ip: r.rip,
        sp: r.rsp,
        bp: r.rbp,
        bx: r.rbx,
        di: r.rdi,
        r12: r.r12,
        r13: r.r13,
        r14: r.r14,
        r15: r.r15,
    };
    let reads = Cell::new(0);
    let mut unwinder = Unwinder::new();
    let mut unwind = |maps: &[_]| unwinder.unwind(maps, registers, &mut memory(pid, &reads), 64);
    let start = Instant::now();
    let maps = parse_maps(&std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap());
    println!("maps, read and parsed   {:>9.1?}", start.elapsed());

    let start = Instant::now();
    let frames = unwind(&maps);
    println!("first unwind            {:>9.1?}  {} frames", start.elapsed(), frames.len());
    reads.set(0);
    let start = Instant::now();
    for _ in 0..ROUNDS {
        unwind(&maps);
    }
    let (each, reads) = (start.elapsed() / ROUNDS, reads.get() / ROUNDS);
    println!("each further unwind     {each:>9.1?}  {reads} reads of memory");
    let mut symbols = Symbols::new(vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))]);
    for name in ["first lines", "lines, known already"] {
        let start = Instant::now();
        let lines: usize = frames.iter().map(|frame| symbols.resolve(frame).len()).sum();
        println!("{name:<23} {:>9.1?}  {lines} lines", start.elapsed());
    }
    ptrace::kill(pid).unwrap();
    waitpid(pid, None).unwrap();
}
