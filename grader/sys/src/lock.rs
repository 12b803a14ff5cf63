//! Locks on files: who is in the way. Source: `fcntl(2)`, "Advisory record locking".

use crate::error::{Result, check};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

/// A lock that is in the way of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InTheWay {
    /// Who holds it, as this process numbers processes; -1 where it belongs to an open file.
    pub pid: i32,
}

/// Bytes of a `struct flock`.
pub const SIZE: usize = size_of::<libc::flock>();

/// The first lock on the file behind `fd` that is in the way of the one that `wanted` describes: a
/// `struct flock` as the kernel lays it out. With `of_open_file` the lock would belong to the open
/// file behind `fd`, otherwise to this process; both leave what is locked as it is.
///
/// # Errors
/// EBADF, and EINVAL for a description that means nothing.
pub fn in_the_way(fd: RawFd, wanted: [u8; SIZE], of_open_file: bool) -> Result<Option<InTheWay>> {
    let mut lock = MaybeUninit::<libc::flock>::zeroed();
    // SAFETY: both sides are SIZE bytes long and do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(wanted.as_ptr(), lock.as_mut_ptr().cast(), SIZE) };
    // SAFETY: every bit pattern is a `struct flock`, and all its bytes are set.
    let mut lock = unsafe { lock.assume_init() };
    lock.l_pid = 0;
    let command = if of_open_file { libc::F_OFD_GETLK } else { libc::F_GETLK };
    // SAFETY: `lock` is a valid place for a `struct flock`.
    let result = unsafe { libc::fcntl(fd, command, &raw mut lock) };
    check(result, "fcntl(F_GETLK)", None)?;
    let free = i32::from(lock.l_type) == libc::F_UNLCK;
    Ok((!free).then_some(InTheWay { pid: lock.l_pid }))
}
