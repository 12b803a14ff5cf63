//! The error numbers that rules ask about. Source: `errno(3)`, Linux x86-64.

use forklings_model::Errno;

/// A signal interrupted the call.
pub(crate) const EINTR: Errno = 4;
/// There is no such child.
pub(crate) const ECHILD: Errno = 10;
/// Not now.
pub(crate) const EAGAIN: Errno = 11;
/// Nobody can read what is written.
pub(crate) const EPIPE: Errno = 32;
