//! The fork server: the subject's program, held at its entry point, from which every run is
//! cloned. Dynamic linking happens once; a run starts from a fresh copy of the same image.
//!
//! At the entry point three bytes of code are replaced: a `syscall` instruction to inject calls
//! with, and a breakpoint behind it. The server keeps them; each copy gets its own bytes back.

use crate::error::{Result, TracerError};
use crate::filter;
use crate::image;
use crate::subject::Subject;
use forklings_model::Isolation;
use forklings_sandbox::{CpuLease, Held, Launch, probe};
use forklings_sys::ptrace::{self, Halt, Reason, Registers, Resume, Running, Stopped};
use forklings_sys::{descriptor, memory};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

/// Pid of every root, where the namespace allows to choose.
const ROOT_PID: i32 = 100;
/// `syscall`, then `int3`.
const INJECTION: [u8; 3] = [0x0f, 0x05, 0xcc];

/// A program held at its entry point.
#[derive(Debug)]
pub(crate) struct Server {
    // The order of the fields is the order of their end: tracees before init.
    place: Place,
    pub(crate) held: Held,
    entry: u64,
    registers: Registers,
    /// The code that stood at the entry, as one word.
    code: u64,
    /// Where glibc keeps the thread's id, if it told the kernel.
    tid_address: u64,
    stdin: File,
    pub(crate) stdout: File,
    pub(crate) stderr: File,
}

/// The server's own process.
#[derive(Debug)]
struct Place {
    stopped: Option<Stopped>,
}

/// A process that was just cloned from the server, stopped at the entry point.
pub(crate) struct Root {
    pub(crate) stopped: Stopped,
    pub(crate) pid: i32,
}

impl Server {
    /// Launches the subject's program and brings it to its entry point.
    pub(crate) fn launch(subject: &Subject, lease: &CpuLease) -> Result<Self> {
        if !probe().seccomp {
            return Err(TracerError::NoSeccomp);
        }
        let mut stdin = descriptor::memory_file(c"stdin")?;
        let stdout = descriptor::memory_file(c"stdout")?;
        let stderr = descriptor::memory_file(c"stderr")?;
        stdin.write_all(&subject.stdin).map_err(|e| lost(format!("standard input: {e}")))?;

        let terminal = std::io::stdin();
        let mut held = Launch {
            program: &subject.program,
            args: &subject.args,
            env: &subject.env,
            folder: &subject.folder,
            stdio: [
                if subject.terminal { terminal.as_fd() } else { stdin.as_fd() },
                stdout.as_fd(),
                stderr.as_fd(),
            ],
            limits: subject.limits,
            wanted: subject.wanted,
            view: subject.view.clone(),
            filter: Some(filter::traced()),
        }
        .start()?;
        let running = ptrace::seize(held.pid).map_err(TracerError::NotPermitted)?;
        lease.rank(held.pid);
        held.init.release()?;

        match to_entry(running)? {
            Arrival::AtEntry { stopped, entry, tid_address } => {
                let registers = stopped.registers()?;
                let code = memory::read_u64(held.pid, entry)?;
                let mut bytes = code.to_le_bytes();
                bytes[..3].copy_from_slice(&INJECTION);
                stopped.poke(entry, u64::from_le_bytes(bytes))?;
                Ok(Self {
                    place: Place { stopped: Some(stopped) },
                    held,
                    entry,
                    registers,
                    code,
                    tid_address,
                    stdin,
                    stdout,
                    stderr,
                })
            }
            Arrival::NeverExecuted => Err(held.failure().into()),
            Arrival::Died(status) => {
                let said = read_all(&stderr);
                Err(TracerError::DiedEarly {
                    program: subject.program.clone(),
                    how: forklings_model::Ending::from_status_word(status)
                        .map_or_else(String::new, |ending| ending.to_string()),
                    said: if said.is_empty() {
                        String::new()
                    } else {
                        format!(": {}", String::from_utf8_lossy(&said).trim())
                    },
                })
            }
        }
    }

    /// Clones a root, in its own session, with empty output files and input at its beginning.
    pub(crate) fn root(&mut self) -> Result<Root> {
        self.rewind().map_err(|error| lost(format!("standard streams: {error}")))?;
        if self.held.isolation.namespaces {
            self.held.init.set_next_pid(ROOT_PID)?;
        }
        let mut flags = libc::CLONE_PARENT | libc::SIGCHLD;
        if self.tid_address != 0 {
            flags |= libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID;
        }
        let server = self.place.stopped.take().ok_or_else(|| lost("the fork server is gone"))?;
        server.set_registers(
            &self.call(libc::SYS_clone, [u64::from(flags.unsigned_abs()), 0, 0, self.tid_address]),
        )?;
        let mut child = None;
        let mut halt = self.go(server)?;
        let (server, pid) = loop {
            let (stopped, reason) = halt;
            match reason {
                Reason::Fork | Reason::Clone => {
                    let tid = i32::try_from(stopped.event_message()?).unwrap_or(0);
                    child = Some(ptrace::born(tid));
                }
                Reason::Signal(libc::SIGTRAP) => {
                    let pid = i32::try_from(stopped.registers()?.rax.cast_signed()).unwrap_or(-1);
                    break (stopped, pid);
                }
                Reason::Seccomp
                | Reason::SyscallExit
                | Reason::Signal(_)
                | Reason::Vfork
                | Reason::VforkDone
                | Reason::Exec
                | Reason::Exit
                | Reason::Group(_) => {}
            }
            halt = self.go(stopped)?;
        };
        self.place.stopped = Some(server);
        let Some(child) = child else {
            return Err(lost(format!("the fork server could not clone: {pid}")));
        };
        let Halt::Stopped(root, _) = child.wait()? else {
            return Err(lost("the root died at birth"));
        };

        // A session of its own: `kill(0, …)` shall not reach the server.
        root.set_registers(&self.call(libc::SYS_setsid, [0; 4]))?;
        let (mut root, mut reason) = self.go(root)?;
        while reason != Reason::Signal(libc::SIGTRAP) {
            (root, reason) = self.go(root)?;
        }
        root.poke(self.entry, self.code)?;
        root.set_registers(&self.registers)?;
        Ok(Root { stopped: root, pid })
    }

    /// What stands between the subject and the machine.
    pub(crate) fn isolation(&self) -> Isolation {
        self.held.isolation
    }

    /// Removes what a run left in its scratch folders, so that the next one starts clean.
    pub(crate) fn clean(&self) {
        if !self.held.isolation.namespaces {
            return;
        }
        for folder in ["tmp", "dev/shm"] {
            let folder = PathBuf::from(format!("/proc/{}/root/{folder}", self.held.pid));
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let removed = if is_folder {
                    fs::remove_dir_all(entry.path())
                } else {
                    fs::remove_file(entry.path())
                };
                // What cannot be removed is in a memory file system that ends with the sandbox.
                drop(removed);
            }
        }
    }

    fn rewind(&mut self) -> std::io::Result<()> {
        self.stdin.seek(SeekFrom::Start(0))?;
        self.stdout.set_len(0)?;
        self.stderr.set_len(0)
    }

    /// Registers that make a thread at the entry point perform a call.
    fn call(&self, number: i64, [a, b, c, d]: [u64; 4]) -> Registers {
        let mut registers = self.registers;
        registers.rip = self.entry;
        registers.rax = number.cast_unsigned();
        // No call is being restarted.
        registers.orig_rax = u64::MAX;
        (registers.rdi, registers.rsi, registers.rdx, registers.r10) = (a, b, c, d);
        registers.r8 = 0;
        registers
    }

    fn go(&self, stopped: Stopped) -> Result<(Stopped, Reason)> {
        match stopped.resume(Resume::Free, 0)?.wait()? {
            Halt::Stopped(stopped, reason) => Ok((stopped, reason)),
            Halt::Died(_) => Err(lost("the fork server was killed")),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(stopped) = self.stopped.take() {
            let tid = stopped.tid();
            // Killed and reaped here: a pid namespace does not end before its last tracee.
            drop(ptrace::kill(tid, libc::SIGKILL));
            reap(ptrace::born(tid));
        }
    }
}

/// Waits for a killed tracee's death, past its exit stop.
pub(crate) fn reap(running: Running) {
    let mut halt = running.wait();
    while let Ok(Halt::Stopped(stopped, _)) = halt {
        let tid = stopped.tid();
        halt = match stopped.resume(Resume::Free, 0) {
            Ok(running) => running.wait(),
            Err(_) => ptrace::born(tid).wait(),
        };
    }
}

/// All bytes of a memory file, whatever its position.
pub(crate) fn read_all(file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A second handle has its own position through /proc; the shared one is the subject's.
    if let Ok(mut again) =
        File::open(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file)))
    {
        drop(again.read_to_end(&mut bytes));
    }
    bytes
}

enum Arrival {
    AtEntry { stopped: Stopped, entry: u64, tid_address: u64 },
    NeverExecuted,
    Died(i32),
}

/// Runs a fresh tracee through its `execve` and the dynamic linker to its entry point.
fn to_entry(mut running: Running) -> Result<Arrival> {
    let mut executed = false;
    let mut entry = 0;
    let mut saved = 0;
    let mut tid_address = 0;
    loop {
        let (stopped, reason) = match running.wait()? {
            Halt::Stopped(stopped, reason) => (stopped, reason),
            Halt::Died(status) if executed => return Ok(Arrival::Died(status)),
            Halt::Died(_) => return Ok(Arrival::NeverExecuted),
        };
        let mut signal = 0;
        match reason {
            Reason::Exec => {
                executed = true;
                tid_address = 0;
                entry = image::prepare(&stopped)?.ok_or_else(|| lost("no entry point"))?;
                saved = memory::read_u64(stopped.tid(), entry)?;
                stopped.poke(entry, (saved & !0xff) | 0xcc)?;
            }
            Reason::Seccomp => {
                let registers = stopped.registers()?;
                if registers.orig_rax.cast_signed() == libc::SYS_set_tid_address {
                    tid_address = registers.rdi;
                }
            }
            Reason::Signal(libc::SIGTRAP) if executed => {
                let mut registers = stopped.registers()?;
                if registers.rip == entry + 1 {
                    stopped.poke(entry, saved)?;
                    registers.rip = entry;
                    registers.orig_rax = u64::MAX;
                    stopped.set_registers(&registers)?;
                    return Ok(Arrival::AtEntry { stopped, entry, tid_address });
                }
            }
            Reason::Signal(number) => signal = number,
            Reason::SyscallExit
            | Reason::Fork
            | Reason::Vfork
            | Reason::Clone
            | Reason::VforkDone
            | Reason::Exit
            | Reason::Group(_) => {}
        }
        running = stopped.resume(Resume::Free, signal)?;
    }
}

pub(crate) fn lost(what: impl Into<String>) -> TracerError {
    TracerError::LostTrack(what.into())
}
