//! One error type: which operation, on which process, with which errno.

use std::fmt;

/// A system call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SysError {
    /// The operation, in the words of its manual page.
    pub operation: &'static str,
    /// The process or thread it was meant for, as the host numbers it.
    pub pid: Option<i32>,
    /// The error number.
    pub errno: i32,
}

/// Result of a system call.
pub type Result<T> = std::result::Result<T, SysError>;

impl SysError {
    /// The calling thread's `errno`, after `operation` failed.
    #[must_use]
    pub fn last(operation: &'static str, pid: Option<i32>) -> Self {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        Self { operation, pid, errno }
    }

    /// Whether the process is dead, or not stopped, or not ours. Source: `ptrace(2)`, ESRCH.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.errno == libc::ESRCH
    }
}

impl fmt::Display for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(pid) = self.pid {
            write!(f, " of process {pid}")?;
        }
        write!(f, ": {}", std::io::Error::from_raw_os_error(self.errno))
    }
}

/// Turns a call's -1 into the error that `errno` holds.
pub(crate) fn check<T: Copy + PartialEq + From<i8>>(
    result: T,
    operation: &'static str,
    pid: Option<i32>,
) -> Result<T> {
    if result == T::from(-1) { Err(SysError::last(operation, pid)) } else { Ok(result) }
}
