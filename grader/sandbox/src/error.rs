//! What can go wrong between a program and its sandbox. Never the program's own fault.

use forklings_sys::SysError;
use std::path::PathBuf;

/// Why a sandbox could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A system call of the parent failed.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// A step of a new process failed.
    #[error("{step}: {}", std::io::Error::from_raw_os_error(*.errno))]
    Step {
        /// The step, as the list names it.
        step: String,
        /// Why.
        errno: i32,
    },
    /// The program is not there or cannot be executed.
    #[error("cannot execute {}: {}", .program.display(), std::io::Error::from_raw_os_error(*.errno))]
    Program {
        /// Its path.
        program: PathBuf,
        /// Why.
        errno: i32,
    },
    /// A file of the machine could not be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A path or argument holds a zero byte.
    #[error("`{0}` holds a zero byte")]
    ZeroByte(String),
}

/// Result of making or using a sandbox.
pub type Result<T> = std::result::Result<T, SandboxError>;
