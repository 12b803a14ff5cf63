//! From a command to what the tracer runs.

use anyhow::{Context, Result};
use forklings_model::{Command, Demand, Place};
use forklings_tracer::Subject;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the tracer runs. `cancel` stops a run before its end.
pub(crate) fn of(command: &Command, cancel: Arc<AtomicBool>) -> Result<Subject> {
    let (program, args) = (&command.program, command.args.clone());
    let gone = "the current folder is gone";
    let mut subject = match &command.place {
        Place::Exercise(folder) => {
            let mut subject = Subject::new(program, args, command.limits);
            subject.sources = vec![folder.clone()];
            subject
        }
        Place::Machine(folder) => {
            Subject::repeated(program, args, folder, command.random).context(gone)?
        }
        Place::Bare(folder) => {
            let mut subject = Subject::command(program, args).context(gone)?;
            subject.folder.clone_from(folder);
            subject.sources = vec![folder.clone()];
            subject.random = Some(command.random);
            subject
        }
    };
    if !matches!(command.place, Place::Exercise(_)) {
        subject.start = Some(command.start.saturating_mul(1_000_000_000));
    }
    subject.limits = command.limits;
    subject.cpu_seconds = Some(command.cpu_seconds);
    subject.stdin.clone_from(&command.stdin);
    subject.cancel = Some(cancel);
    if command.demands.iter().any(Demand::is_about_memory) {
        subject.follow_memory();
    }
    Ok(subject)
}
