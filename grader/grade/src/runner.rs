//! Where strangers' code is compiled: the one seam between the grader and the sandbox. Everything
//! else in this crate starts only the grader's own programs.

use forklings_model::Isolation;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A program to run apart from the machine.
#[derive(Clone, Debug)]
pub struct Job {
    /// Absolute path.
    pub program: PathBuf,
    /// Its arguments, without its name.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// Where it starts; one of `read_only` or `writable`, or below.
    pub cwd: PathBuf,
    /// What it reads on standard input, a few words at most; who reads them later finds nothing.
    pub input: Vec<u8>,
    /// What it sees and cannot change. Paths that do not exist are left out.
    pub read_only: Vec<PathBuf>,
    /// What it may change.
    pub writable: Vec<PathBuf>,
    /// Wall time.
    pub time: Duration,
    /// Address space of each process, in MiB.
    pub memory_mib: u32,
    /// Each output stream, in KiB.
    pub output_kib: u32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Why it ended.
    pub ending: Ending,
    /// What it wrote on standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// What it wrote on standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// Whether it wrote more than that.
    pub cut: bool,
    /// What stood between it and the machine.
    pub isolation: Isolation,
}

/// Why a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// The runner killed it: too much time.
    TimedOut,
    /// The runner killed it: too much output.
    TooMuchOutput,
    /// The kernel killed it: too much memory.
    OutOfMemory,
    /// The runner killed it, because the whole run was cancelled.
    Cancelled,
}

/// Runs jobs. Implementations leave no process behind, also when cancelled.
pub trait Runner: Sync {
    /// Runs a job to its end.
    ///
    /// # Errors
    /// The machine's fault: the program could not be started or watched.
    fn run(&self, job: &Job, cancel: &AtomicBool) -> io::Result<Finished>;
}
