//! What a socket says of itself. Source: `socket(7)`.

use crate::error::{Result, check};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

/// Its type: `SOCK_STREAM`, `SOCK_DGRAM`, `SOCK_SEQPACKET`.
///
/// # Errors
/// ENOTSOCK.
pub fn kind(fd: RawFd) -> Result<i32> {
    option::<i32>(fd, libc::SO_TYPE)
}

/// Its family: `AF_UNIX`, `AF_INET`.
///
/// # Errors
/// ENOTSOCK.
pub fn family(fd: RawFd) -> Result<i32> {
    option::<i32>(fd, libc::SO_DOMAIN)
}

/// How long a blocking call on it waits at most, in nanoseconds; `None` for ever. `sends` asks for
/// `SO_SNDTIMEO` instead of `SO_RCVTIMEO`.
///
/// # Errors
/// ENOTSOCK.
pub fn patience(fd: RawFd, sends: bool) -> Result<Option<u64>> {
    let option_name = if sends { libc::SO_SNDTIMEO } else { libc::SO_RCVTIMEO };
    let [seconds, microseconds] = option::<[i64; 2]>(fd, option_name)?;
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    let length = part(seconds).saturating_mul(1_000_000_000) + part(microseconds) * 1000;
    Ok((length > 0).then_some(length))
}

/// An option of `SOL_SOCKET`; `T` must be plain numbers of its exact size.
fn option<T: Copy>(fd: RawFd, name: i32) -> Result<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    // SAFETY: `value` has room for `length` bytes.
    let result = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, name, value.as_mut_ptr().cast(), &raw mut length)
    };
    check(result, "getsockopt", None)?;
    // SAFETY: zeroed first, then filled in; both callers' types are plain integers.
    Ok(unsafe { value.assume_init() })
}
