//! Runs a guest under ptrace and unwinds it at every system call that it enters, and where a
//! signal such as SIGSEGV stops it.

#![expect(unsafe_code, reason = "`pre_exec` is the only way to trace a program from its start")]

use crate::guest::{Guest, RECORDED, sources};
use forklings_model::Frame;
use forklings_symbols::{Mapping, Memory, Registers, Symbols, Unwinder, parse_maps};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io::IoSliceMut;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where a guest stopped.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Number of the system call, or minus the signal's number.
    pub(crate) call: i64,
    pub(crate) frames: Vec<Frame>,
}

pub(crate) struct Tracee(Pid);

impl Memory for Tracee {
    fn read_u64(&mut self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let remote = [RemoteIoVec { base: usize::try_from(address).ok()?, len: 8 }];
        let read = process_vm_readv(self.0, &mut [IoSliceMut::new(&mut bytes)], &remote).ok()?;
        (read == 8).then(|| u64::from_ne_bytes(bytes))
    }
}

impl Tracee {
    pub(crate) fn registers(&self) -> (Registers, i64, bool) {
        let r = ptrace::getregs(self.0).unwrap();
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
        let entering = r.rax.cast_signed() == -i64::from(nix::libc::ENOSYS);
        (registers, r.orig_rax.cast_signed(), entering)
    }

    pub(crate) fn maps(&self) -> Vec<Mapping> {
        parse_maps(&std::fs::read_to_string(format!("/proc/{}/maps", self.0)).unwrap())
    }
}

/// Every stop of the guest's `scenario`, in order, with lines.
pub(crate) fn stops(guest: &Guest, scenario: &str) -> Vec<Stop> {
    let mut unwinder = Unwinder::new();
    let mut symbols = Symbols::new(vec![sources()]).recorded_as(RECORDED.into(), &sources());
    let mut stops = Vec::new();
    trace(&guest.program, scenario, |tracee, call| {
        let (registers, ..) = tracee.registers();
        let maps = tracee.maps();
        let frames = unwinder.unwind(&maps, registers, tracee, 64);
        stops.push(Stop { call, frames });
    });
    let mut sites: Vec<_> = stops.iter().map(|stop| stop.frames.clone()).collect();
    symbols.resolve_all(&mut sites);
    for (stop, frames) in stops.iter_mut().zip(sites) {
        stop.frames = frames;
    }
    stops
}

/// Runs the guest to its end, waiting for it with the others it makes; `at` is called at each entry and each fatal signal.
#[expect(clippy::zombie_processes, reason = "the loop waits for every tracee")]
pub(crate) fn trace(program: &Path, scenario: &str, mut at: impl FnMut(&mut Tracee, i64)) {
    let mut command = Command::new(program);
    command.arg(scenario).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: ptrace(PTRACE_TRACEME) is one system call and touches no memory of the parent.
    let root = unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) }.spawn().unwrap();
    let root = Pid::from_raw(root.id().cast_signed());
    // Other tests have children too: `__WNOTHREAD` keeps to those of this thread.
    let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
    waitpid(root, Some(flags)).unwrap();
    let options = Options::PTRACE_O_EXITKILL
        | Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC;
    ptrace::setoptions(root, options).unwrap();
    ptrace::syscall(root, None).unwrap();
    while let Ok(status) = waitpid(None::<Pid>, Some(flags)) {
        let (pid, signal) = match status {
            WaitStatus::PtraceSyscall(pid) => {
                let mut tracee = Tracee(pid);
                let (_, call, entering) = tracee.registers();
                if entering {
                    at(&mut tracee, call);
                }
                (pid, None)
            }
            // New children and threads start with this one.
            WaitStatus::Stopped(pid, Signal::SIGSTOP) => (pid, None),
            WaitStatus::Stopped(pid, signal) => {
                at(&mut Tracee(pid), -i64::from(signal as i32));
                (pid, Some(signal))
            }
            WaitStatus::PtraceEvent(pid, ..) => (pid, None),
            WaitStatus::Exited(..)
            | WaitStatus::Signaled(..)
            | WaitStatus::Continued(_)
            | WaitStatus::StillAlive => continue,
        };
        // A thread can be gone already when its process exits.
        ptrace::syscall(pid, signal).ok();
    }
}
