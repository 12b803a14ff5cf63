//! Why a run could not be made or followed. Never the subject's fault.

use forklings_model::Decision;
use forklings_sandbox::SandboxError;
use forklings_sys::SysError;
use std::path::PathBuf;

/// Why a run could not be made or followed.
#[derive(Debug, thiserror::Error)]
pub enum TracerError {
    /// The sandbox could not be made.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A system call of the tracer failed.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// The machine offers no seccomp filters, and the tracer needs them.
    #[error(
        "this machine does not allow seccomp filters, which tracing needs; see `forklings doctor`"
    )]
    NoSeccomp,
    /// Tracing is not permitted.
    #[error("tracing is not permitted here ({0}); see `forklings doctor`")]
    NotPermitted(SysError),
    /// The program ended before it reached its entry point: it is damaged, or a library is missing.
    #[error("{} ended before its first instruction: {how}{said}", .program.display())]
    DiedEarly {
        /// The program.
        program: PathBuf,
        /// How it ended.
        how: String,
        /// What it, or the dynamic linker, said on standard error.
        said: String,
    },
    /// The schedule's decisions are those of another program or another tracer.
    #[error("the schedule does not fit: {0}")]
    Misfit(#[from] Misfit),
    /// Something happened that the tracer does not understand.
    #[error("the tracer lost track: {0}")]
    LostTrack(String),
}

/// How a schedule's decisions do not fit a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A decision cannot be taken.
    #[error("decision {number} is {decision}, and this run has {choices} choices there")]
    Choice {
        /// Its number, from 0.
        number: usize,
        /// What the schedule says.
        decision: Decision,
        /// How many choices there are.
        choices: usize,
    },
    /// The run ended before all decisions were taken.
    #[error("it has {given} decisions, and this run ended after {taken}")]
    Left {
        /// Decisions that the schedule has.
        given: usize,
        /// Decisions that the run made.
        taken: usize,
    },
    /// The run went on after all decisions were taken.
    #[error("it has {given} decisions, and this run made {taken}")]
    Beyond {
        /// Decisions that the schedule has.
        given: usize,
        /// Decisions that the run made.
        taken: usize,
    },
}

/// Result of tracing.
pub type Result<T, E = TracerError> = std::result::Result<T, E>;
