//! What stops a whole grading run. What is wrong with one submission is a verdict or a refusal,
//! never an error.

use crate::exit_codes;
use forklings_course::CourseError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why grading could not begin or go on.
#[derive(Debug, Error)]
pub enum GradeError {
    /// The folder of submissions cannot be read.
    #[error(
        "the submissions in {} cannot be read: {source}; give a folder that holds a folder, a .zip \
         or a .tar.gz for each",
        folder.display()
    )]
    Submissions {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder is empty.
    #[error(
        "there are no submissions in {}; each is a folder, a .zip or a .tar.gz in it",
        folder.display()
    )]
    NoSubmissions {
        /// The folder.
        folder: PathBuf,
    },
    /// The output folder would be taken for a submission.
    #[error("the output folder {} lies among the submissions; give another one", folder.display())]
    OutAmongSubmissions {
        /// The output folder.
        folder: PathBuf,
    },
    /// The course cannot be used.
    #[error(transparent)]
    Course(#[from] CourseError),
    /// No usable compiler.
    #[error("no compiler: {reason}; install Rust from https://rustup.rs and a C linker")]
    Toolchain {
        /// What was tried and what came of it.
        reason: String,
    },
    /// The suites, drivers or dependencies do not compile.
    #[error("the course itself does not build: {reason}")]
    Prebuild {
        /// What cargo said, shortened.
        reason: String,
    },
    /// Something in the output folder, or a temporary file, cannot be written.
    #[error("cannot write {}: {source}; what was graded before is kept", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why: no room, no permission, ….
        source: io::Error,
    },
    /// Something that was there cannot be read back.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another grader works on the same output folder.
    #[error("another grader is at work in {}; wait for it, or give another folder", folder.display())]
    Busy {
        /// The output folder.
        folder: PathBuf,
    },
    /// The machine offers too little isolation for strangers' code.
    #[error(
        "this machine allows no namespaces, so submissions could read and change whatever you can; \
         `forklings doctor` says what to do, `--isolation any` grades nevertheless"
    )]
    NoIsolation,
    /// A program of the grader's own could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A rendered page could not be made.
    #[error("cannot render the report: {reason}")]
    Render {
        /// Why.
        reason: String,
    },
    /// Stopped before there was anything to report.
    #[error("interrupted before the first submission was graded")]
    Interrupted,
}

impl GradeError {
    /// The exit code that says this to whoever started the program.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Submissions { .. }
            | Self::NoSubmissions { .. }
            | Self::OutAmongSubmissions { .. }
            | Self::Course(_) => exit_codes::BAD_INPUT,
            Self::Interrupted => exit_codes::INTERRUPTED,
            Self::Toolchain { .. }
            | Self::Prebuild { .. }
            | Self::Write { .. }
            | Self::Read { .. }
            | Self::Busy { .. }
            | Self::NoIsolation
            | Self::Start { .. }
            | Self::Render { .. } => exit_codes::GRADER_ERROR,
        }
    }

    /// For `map_err`: a file that cannot be written.
    pub(crate) fn write<P: Into<PathBuf>>(path: P) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }

    /// For `map_err`: a file that cannot be read.
    pub(crate) fn read<P: Into<PathBuf>>(path: P) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}
