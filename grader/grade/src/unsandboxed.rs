//! A runner without any isolation, for tests and for machines where the instructor insists.

use crate::child::{self, Bounds, Streams};
use crate::runner::{Ending, Finished, Job, Runner};
use forklings_model::Isolation;
use std::io;
use std::process::Command;
use std::sync::atomic::AtomicBool;

/// Runs jobs as plain child processes with the grader's own rights. Time and output are limited;
/// memory, files and network are not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsandboxed;

impl Runner for Unsandboxed {
    fn run(&self, job: &Job, cancel: &AtomicBool) -> io::Result<Finished> {
        let folder = tempfile::tempdir()?;
        let (output, errors) = (folder.path().join("output"), folder.path().join("errors"));
        let limit = u64::from(job.output_kib) * 1024;
        let mut command = Command::new(&job.program);
        command.args(&job.args).env_clear().envs(job.env.iter().cloned()).current_dir(&job.cwd);
        let bounds = Bounds { time: job.time, output: limit, cancel };
        let streams = Streams { input: &job.input, output: &output, errors: Some(&errors) };
        let ending = child::run(&mut command, &streams, &bounds, || false)?;
        let cut = ending == Ending::TooMuchOutput;
        let isolation = Isolation::default();
        let stdout = child::head(&output, limit)?;
        Ok(Finished { ending, stdout, stderr: child::head(&errors, limit)?, cut, isolation })
    }
}
