//! The fork server: the subject's program, held before its first call that matters, from which
//! every run is cloned. Dynamic linking and the runtime's preparations happen once; a run starts
//! from a fresh copy of the same image.
//!
//! Calls are injected at a `syscall` instruction: the one of the call that the program stands
//! before. A program that does not come so far by itself (it computes for long, or dies) is held at
//! its entry point, where two bytes of code are replaced by such an instruction; the server keeps
//! them, and each copy gets its own bytes back.

mod arrival;
mod root;

pub(crate) use root::ROOT_PID;

use crate::breakpoints::Breakpoints;
use crate::callers::{Caller, Callers};
use crate::calls::memory::is_about_memory;
use crate::error::{Result, TracerError};
use crate::filter;
use crate::mutexes::{self, MutexFunction};
use crate::prelude::{self, Prelude};
use crate::process::Dispositions;
use crate::shared_memory::{Origin, Origins};
use crate::stacks::maps_of;
use crate::subject::Subject;
use crate::task::Call;
use crate::watch::{Functions, watched_name};
use crate::watchdog::Watchdog;
use arrival::{Arrival, to_entry};
use forklings_model::Isolation;
use forklings_sandbox::{CpuLease, Held, Launch, Wanted, probe};
use forklings_symbols::entry_points;
use forklings_sys::ptrace::{self, Halt, Reason, Registers, Resume, Running, Stopped};
use forklings_sys::{descriptor, memory};
use std::cell::{OnceCell, RefCell};
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::rc::Rc;

/// The `syscall` instruction.
const SYSCALL: [u8; 2] = [0x0f, 0x05];

/// A program held where runs begin.
#[derive(Debug)]
pub(crate) struct Server {
    // The order of the fields is the order of their end: tracees before init.
    place: Place,
    pub(crate) held: Held,
    /// Address of the `syscall` instruction at which calls are injected.
    syscall: u64,
    /// With which a run begins.
    registers: Registers,
    /// The code that a `syscall` instruction was put in place of, as one word.
    replaced: Option<u64>,
    /// What the program does with signals when a run begins.
    pub(crate) dispositions: Dispositions,
    /// Where glibc keeps the thread's id, if it told the kernel.
    tid_address: u64,
    stdin: File,
    pub(crate) stdout: File,
    pub(crate) stderr: File,
    /// The program as it can be read here.
    program: PathBuf,
    /// What handlers must not call in this program, once that was looked up.
    watched: OnceCell<Functions>,
    mutexes: OnceCell<Rc<[MutexFunction]>>,
    /// What instructions of this program are part of, as far as that was asked.
    origins: RefCell<Origins>,
    /// Who makes calls about memory.
    callers: RefCell<Callers>,
    follows_memory: bool,
}

/// The server's own process.
#[derive(Debug)]
struct Place {
    stopped: RefCell<Option<Stopped>>,
}

impl Server {
    /// Launches the subject's program and brings it to where runs begin.
    pub(crate) fn launch(subject: &Subject, lease: &CpuLease, watchdog: &Watchdog) -> Result<Self> {
        if !probe().seccomp {
            return Err(TracerError::NoSeccomp);
        }
        let server = Self::start(subject, lease)?;
        // Only in a namespace of its own every copy has the same id as its first thread, and only
        // then a lock that was taken before the copy can be given back after it.
        if !server.held.isolation.namespaces {
            return server.at_entry();
        }
        if let Some(server) = server.past_prelude(watchdog)? {
            return Ok(server);
        }
        Self::start(subject, lease)?.at_entry()
    }

    /// Launches the program and brings it to its entry point.
    fn start(subject: &Subject, lease: &CpuLease) -> Result<Self> {
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
            filter: Some(filter::traced(subject.wanted != Wanted::All, subject.follows_memory)),
        }
        .start()?;
        let running = ptrace::seize(held.pid).map_err(TracerError::NotPermitted)?;
        lease.rank(held.pid);
        held.init.release()?;

        match to_entry(running)? {
            Arrival::AtEntry { stopped, entry, tid_address, dispositions } => Ok(Self {
                registers: stopped.registers()?,
                place: Place { stopped: RefCell::new(Some(stopped)) },
                held,
                syscall: entry,
                replaced: None,
                dispositions: *dispositions,
                tid_address,
                stdin,
                stdout,
                stderr,
                program: subject.program.clone(),
                watched: OnceCell::new(),
                mutexes: OnceCell::new(),
                origins: RefCell::default(),
                callers: RefCell::default(),
                follows_memory: subject.follows_memory,
            }),
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

    /// Lets the program go on to its first call that matters; `None` when it does not get there.
    fn past_prelude(mut self, watchdog: &Watchdog) -> Result<Option<Self>> {
        let pid = ROOT_PID;
        if self.tid_address != 0 {
            // Locks note by this number who holds them, and a call that matters may come while one is
            // held: setlocale(3) opens files under a lock of its own.
            memory::write(self.held.pid, self.tid_address, &pid.to_le_bytes())?;
        }
        let stopped = self.take()?;
        let dispositions = self.dispositions.clone();
        // What the program's own code gets belongs into the trace.
        let is_own = |tid: i32, call: &Call| {
            self.follows_memory
                && is_about_memory(call.number)
                && self.caller(tid, &call.registers).begun
        };
        let (stopped, next, dispositions) =
            match prelude::run(stopped, watchdog, pid, dispositions, &is_own)? {
                Prelude::Over { stopped, next, dispositions } => (stopped, next, dispositions),
                Prelude::Lost(left) => {
                    self.place.stopped.replace(left);
                    return Ok(None);
                }
            };
        self.put_back(stopped);
        self.dispositions = dispositions;
        self.registers = next.registers;
        // Before the call, and no call is being restarted.
        self.registers.rip -= SYSCALL.len() as u64;
        self.registers.rax = next.number.cast_unsigned();
        self.registers.orig_rax = u64::MAX;
        self.syscall = self.registers.rip;
        Ok(Some(self))
    }

    /// Makes the entry point a place where calls can be injected.
    fn at_entry(mut self) -> Result<Self> {
        let stopped = self.take()?;
        let code = memory::read_u64(self.held.pid, self.syscall)?;
        let mut bytes = code.to_le_bytes();
        bytes[..SYSCALL.len()].copy_from_slice(&SYSCALL);
        stopped.poke(self.syscall, u64::from_le_bytes(bytes))?;
        self.replaced = Some(code);
        self.put_back(stopped);
        Ok(self)
    }

    fn take(&self) -> Result<Stopped> {
        self.place.stopped.take().ok_or_else(|| lost("the fork server is gone"))
    }

    fn put_back(&self, stopped: Stopped) {
        self.place.stopped.replace(Some(stopped));
    }

    /// Where the functions stand that handlers must not call, in every copy of this program.
    pub(crate) fn watched(&self, tid: i32) -> Functions {
        Rc::clone(self.watched.get_or_init(|| self.functions_of(tid)))
    }

    /// Where the functions stand that handlers must not call, in this process.
    pub(crate) fn functions_of(&self, tid: i32) -> Functions {
        let maps = maps_of(tid, (&self.held.program_inside(), &self.program));
        entry_points(&maps, watched_name).into()
    }

    /// The functions that use mutexes and the like, in every copy of this program; none where the
    /// program calls none.
    pub(crate) fn mutexes(&self, tid: i32) -> Rc<[MutexFunction]> {
        let find = || {
            let maps = maps_of(tid, (&self.held.program_inside(), &self.program));
            mutexes::functions(&maps).into()
        };
        Rc::clone(self.mutexes.get_or_init(find))
    }

    /// What is known of an instruction of this program.
    pub(crate) fn origin_of(&self, tid: i32, address: u64, set: &Breakpoints) -> Origin {
        let program = (self.held.program_inside(), self.program.as_path());
        self.origins.borrow_mut().of((tid, set), address, (&program.0, program.1))
    }

    /// Who makes the call in which a thread of this program stands with these registers.
    pub(crate) fn caller(&self, tid: i32, registers: &Registers) -> Caller {
        let maps = maps_of(tid, (&self.held.program_inside(), &self.program));
        self.callers.borrow_mut().look(tid, &maps, registers)
    }

    /// Makes the server itself perform a call; gives its result.
    pub(crate) fn order(&self, number: i64, args: [u64; 4]) -> Result<i64> {
        let server = self.take()?;
        let (server, _) = self.perform(server, number, args)?;
        let result = server.registers()?.rax.cast_signed();
        self.put_back(server);
        Ok(result)
    }

    /// As [`Server::order`], with one argument: the address of these bytes and a zero byte. They
    /// stand below the server's stack for as long as the call lasts.
    pub(crate) fn order_on(&self, number: i64, bytes: &[u8]) -> Result<()> {
        let tid = self.held.pid;
        let bytes = [bytes, &[0]].concat();
        let place = (self.registers.rsp - 1024 - bytes.len() as u64) & !15;
        let mut before = vec![0; bytes.len()];
        memory::exact(tid, place, &mut before)?;
        memory::write(tid, place, &bytes)?;
        self.order(number, [place, 0, 0, 0])?;
        Ok(memory::write(tid, place, &before)?)
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

    /// Makes a thread that stands where runs begin perform a call, to its return; gives the process
    /// that it made, if it made one.
    fn perform(
        &self,
        thread: Stopped,
        number: i64,
        [a, b, c, d]: [u64; 4],
    ) -> Result<(Stopped, Option<Running>)> {
        let mut registers = self.registers;
        registers.rip = self.syscall;
        registers.rax = number.cast_unsigned();
        // No call is being restarted.
        registers.orig_rax = u64::MAX;
        (registers.rdi, registers.rsi, registers.rdx, registers.r10) = (a, b, c, d);
        registers.r8 = 0;
        thread.set_registers(&registers)?;
        let (mut thread, mut child, mut entered) = (thread, None, false);
        loop {
            let Halt::Stopped(stopped, reason) = thread.resume(Resume::ToExit, 0)?.wait()? else {
                return Err(lost("the fork server was killed"));
            };
            match reason {
                Reason::SyscallExit if entered => return Ok((stopped, child)),
                Reason::SyscallExit => entered = true,
                Reason::Fork | Reason::Clone => {
                    let tid = i32::try_from(stopped.event_message()?).unwrap_or(0);
                    child = Some(ptrace::born(tid));
                }
                Reason::Seccomp
                | Reason::Signal(_)
                | Reason::Vfork
                | Reason::VforkDone
                | Reason::Exec
                | Reason::Exit
                | Reason::Group(_) => {}
            }
            thread = stopped;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(stopped) = self.stopped.take() {
            let tid = stopped.tid();
            // Killed and reaped here: a pid namespace does not end before its last tracee.
            drop(ptrace::kill(tid, libc::SIGKILL));
            // Who was dying already stands on its way out, and no signal moves it on.
            reap(stopped.resume(Resume::Free, 0).unwrap_or_else(|_| ptrace::born(tid)));
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
    // Not from where the position is: that is the subject's.
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let mut filled = 0;
    while let Ok(read @ 1..) = file.read_at(&mut bytes[filled..], filled as u64) {
        filled += read;
    }
    bytes.truncate(filled);
    bytes
}

pub(crate) fn lost(what: impl Into<String>) -> TracerError {
    TracerError::LostTrack(what.into())
}
