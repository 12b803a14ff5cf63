//! Runs a program, such as a compiler, to its end: untraced, without network, over a minimal view,
//! with limits on time, memory and output.

use crate::calls;
use crate::error::Result;
use crate::launch::Launch;
use crate::probe::{Wanted, probe};
use crate::view::View;
use forklings_model::{Isolation, Limits};
use forklings_sys::descriptor::{self, pipe};
use forklings_sys::spawn::Role;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Most bytes of input: what a pipe takes at once, so that nobody has to wait for a reader.
pub const INPUT: usize = 4096;

/// A program to run to its end.
#[derive(Debug)]
pub struct Job<'a> {
    /// The executable.
    pub program: &'a Path,
    /// Arguments, without the program's name.
    pub args: &'a [String],
    /// The whole environment.
    pub env: &'a [(String, String)],
    /// Working directory, as seen inside.
    pub folder: &'a Path,
    /// What it reads on standard input, through a pipe: at most [`INPUT`] bytes, and nobody who
    /// reads them later finds them again.
    pub input: &'a [u8],
    /// Folders and files that it sees at their own paths, read-only.
    pub read_only: &'a [PathBuf],
    /// Folders that it sees at their own paths and may write.
    pub writable: &'a [PathBuf],
    /// What it may use: wall-clock seconds, processes, memory, kept output of each stream.
    pub limits: Limits,
    /// How much isolation to use.
    pub wanted: Wanted,
    /// Set from elsewhere to stop early.
    pub cancel: Option<&'a AtomicBool>,
}

/// What became of a job.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Exit status; 128 and the signal's number if one killed it; `None` if it was stopped.
    pub status: Option<i32>,
    /// What it printed, cut at the limit.
    pub stdout: Vec<u8>,
    /// What it printed on standard error, cut at the limit.
    pub stderr: Vec<u8>,
    /// Whether more was printed than is kept.
    pub truncated: bool,
    /// Whether it was stopped because its time was up.
    pub timed_out: bool,
    /// Whether it was stopped from elsewhere.
    pub cancelled: bool,
    /// Whether the kernel killed a process of it because memory was used up.
    pub out_of_memory: bool,
    /// What stood between it and the machine.
    pub isolation: Isolation,
}

impl Job<'_> {
    /// Runs the program.
    ///
    /// # Errors
    /// What the machine refuses; never the program's own failure, which is in [`Finished`].
    pub fn run(&self) -> Result<Finished> {
        let (in_read, in_write) = pipe()?;
        File::from(in_write)
            .write_all(&self.input[..self.input.len().min(INPUT)])
            .map_err(|error| crate::SandboxError::File { path: "standard input".into(), error })?;
        let (out_read, out_write) = pipe()?;
        let (err_read, err_write) = pipe()?;
        let mut view = View::new();
        view.scratch_mib = 256;
        for path in self.read_only {
            view = view.read_only(path, path);
        }
        for path in self.writable {
            view = view.writable(path, path);
        }
        // The address space is the limit here: a compiler maps a lot more than it dirties.
        let mut limits = self.limits;
        limits.output_kib = limits.output_kib.max(1024 * 1024);
        let prepared = Launch {
            program: self.program,
            args: self.args,
            env: self.env,
            folder: self.folder,
            stdio: [in_read.as_fd(), out_write.as_fd(), err_write.as_fd()],
            limits,
            wanted: self.wanted,
            view,
            filter: probe().seccomp.then(calls::without_tracer),
        }
        .prepare(Role::Relay)?;
        let mut held = prepared.start_init()?;
        drop((in_read, out_write, err_write));

        let began = Instant::now();
        let end = descriptor::of_process(held.init.pid())?;
        let keep = usize::try_from(self.limits.output_kib).unwrap_or(64) * 1024;
        let mut streams = [Stream::new(out_read, keep), Stream::new(err_read, keep)];
        let mut finished = Finished {
            status: None,
            stdout: Vec::new(),
            stderr: Vec::new(),
            truncated: false,
            timed_out: false,
            cancelled: false,
            out_of_memory: false,
            isolation: held.isolation,
        };
        loop {
            let mut watched = vec![(end.as_raw_fd(), libc::POLLIN)];
            watched.extend(streams.iter().filter(|s| s.open).map(|s| (s.fd(), libc::POLLIN)));
            let ended = descriptor::poll(&watched, 50)?[0] != 0;
            for stream in &mut streams {
                stream.drain();
            }
            if ended {
                break;
            }
            let limit = Duration::from_secs(u64::from(self.limits.seconds));
            finished.timed_out = began.elapsed() > limit;
            finished.cancelled = self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed));
            if finished.timed_out || finished.cancelled {
                break;
            }
        }
        finished.out_of_memory = held.out_of_memory_kills() > 0;
        if !finished.timed_out && !finished.cancelled {
            let word = held.init.wait()?;
            if let Some(failure) =
                (libc::WEXITSTATUS(word) == 127).then(|| held.init.failure()).flatten()
            {
                return Err(held.explain(failure));
            }
            finished.status = Some(libc::WEXITSTATUS(word));
        }
        for stream in &mut streams {
            stream.drain();
            finished.truncated |= stream.cut;
        }
        let [stdout, stderr] = streams;
        finished.stdout = stdout.kept;
        finished.stderr = stderr.kept;
        Ok(finished)
    }
}

/// One captured stream.
struct Stream {
    source: File,
    kept: Vec<u8>,
    limit: usize,
    open: bool,
    cut: bool,
}

impl Stream {
    fn new(source: OwnedFd, limit: usize) -> Self {
        Self { source: File::from(source), kept: Vec::new(), limit, open: true, cut: false }
    }

    fn fd(&self) -> i32 {
        self.source.as_raw_fd()
    }

    /// Takes what is there, without waiting.
    fn drain(&mut self) {
        let mut buffer = [0; 16 * 1024];
        while self.open
            && descriptor::poll_now(&[(self.fd(), libc::POLLIN)]).is_ok_and(|e| e[0] != 0)
        {
            match self.source.read(&mut buffer) {
                Ok(0) => self.open = false,
                Ok(count) => {
                    let room = self.limit - self.kept.len();
                    self.cut |= count > room;
                    self.kept.extend_from_slice(&buffer[..count.min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.open = false,
            }
        }
    }
}
