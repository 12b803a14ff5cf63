//! A runner that keeps the job in the sandbox of this machine: no network, a minimal view, limits.

use crate::runner::{Ending, Finished, Job, Runner};
use forklings_model::Limits;
use forklings_sandbox::Wanted;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Processes and threads of a compiler and its linker.
const PROCESSES: u32 = 128;

/// Runs jobs with all the isolation that the machine offers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sandboxed;

impl Runner for Sandboxed {
    fn run(&self, job: &Job, cancel: &AtomicBool) -> io::Result<Finished> {
        for folder in &job.writable {
            open_to_subject(folder)?;
        }
        let read_only: Vec<_> = job.read_only.iter().filter(|p| p.exists()).cloned().collect();
        let finished = forklings_sandbox::Job {
            program: &job.program,
            args: &job.args,
            env: &job.env,
            folder: &job.cwd,
            input: &job.input,
            read_only: &read_only,
            writable: &job.writable,
            limits: Limits {
                seconds: u32::try_from(job.time.as_secs().max(1)).unwrap_or(u32::MAX),
                processes: PROCESSES,
                memory_mib: job.memory_mib,
                output_kib: job.output_kib,
            },
            wanted: Wanted::All,
            cancel: Some(cancel),
        }
        .run()
        .map_err(io::Error::other)?;
        let ending = if finished.cancelled {
            Ending::Cancelled
        } else if finished.timed_out {
            Ending::TimedOut
        } else if finished.out_of_memory {
            Ending::OutOfMemory
        } else {
            match finished.status {
                Some(status @ 129..=192) => Ending::Killed(status - 128),
                Some(status) => Ending::Exited(status),
                None => return Err(io::Error::other("the sandbox lost its program")),
            }
        };
        Ok(Finished {
            ending,
            stdout: finished.stdout,
            stderr: finished.stderr,
            cut: finished.truncated,
            isolation: finished.isolation,
        })
    }
}

/// When the grader is root, the job runs as nobody, who must be able to write its folder. The
/// folder above it lets no other user of the machine through.
fn open_to_subject(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777))
}
