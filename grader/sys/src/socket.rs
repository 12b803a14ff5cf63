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

/// Takes from a TCP socket what makes it depend on speed: its buffers keep the size they have, and
/// what is written is sent at once instead of being held back until the other side has answered.
/// Source: `tcp(7)`, "tcp_moderate_rcvbuf" and TCP_NODELAY.
///
/// # Errors
/// ENOTSOCK, EOPNOTSUPP when it is no TCP socket.
pub fn settle(fd: RawFd) -> Result<()> {
    for name in [libc::SO_RCVBUF, libc::SO_SNDBUF] {
        // The kernel doubles what it is given. Source: socket(7), SO_RCVBUF.
        let half = option::<i32>(fd, name)? / 2;
        set(fd, libc::SOL_SOCKET, name, half)?;
    }
    set(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)
}

fn set(fd: RawFd, level: i32, name: i32, value: i32) -> Result<()> {
    let length = libc::socklen_t::try_from(size_of::<i32>()).unwrap_or(0);
    // SAFETY: `value` is an int of `length` bytes.
    let result = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), length) };
    check(result, "setsockopt", None).map(|_| ())
}

/// Bytes that were sent and not acknowledged yet. Source: `tcp(7)`, SIOCOUTQ.
///
/// # Errors
/// EINVAL for a socket that listens, ENOTTY for what is no socket.
pub fn unacknowledged(fd: RawFd) -> Result<i32> {
    let mut count: libc::c_int = 0;
    // SAFETY: SIOCOUTQ, which is TIOCOUTQ, writes an int to `count`.
    let result = unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &raw mut count) };
    check(result, "ioctl(SIOCOUTQ)", None)?;
    Ok(count)
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
