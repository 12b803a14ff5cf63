//! Descriptors: ours, and those of other processes.

use crate::copies::Copied;
use crate::error::{Result, SysError, check};
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::{mem, ptr};

/// A pipe, both ends close-on-exec: (read, write).
///
/// # Errors
/// EMFILE and ENFILE, when there are no descriptors left.
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for two descriptors.
    let result = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) };
    check(result, "pipe2", None)?;
    Ok((own(ends[0]), own(ends[1])))
}

/// A connected pair of sockets that keep the edges of messages, close-on-exec.
///
/// # Errors
/// EMFILE and ENFILE, when there are no descriptors left.
pub fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: `ends` has room for two descriptors.
    let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
    check(result, "socketpair", None)?;
    Ok((own(ends[0]), own(ends[1])))
}

/// A file that lives in memory only, open for appending.
///
/// # Errors
/// EMFILE, ENFILE and ENOMEM.
pub fn memory_file(name: &CStr) -> Result<File> {
    // SAFETY: `name` ends with a zero byte.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    let file = File::from(own(check(fd, "memfd_create", None)?));
    // SAFETY: F_SETFL takes a number.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, libc::O_APPEND) };
    check(result, "fcntl(F_SETFL)", None)?;
    Ok(file)
}

/// A descriptor that refers to the process `pid`.
///
/// # Errors
/// ESRCH when it is gone.
pub fn of_process(pid: i32) -> Result<OwnedFd> {
    // SAFETY: pidfd_open takes numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    to_fd(check(fd, "pidfd_open", Some(pid))?)
}

/// Whether the kernel still keeps the process that a descriptor refers to: it runs, or it is dead
/// and was not reaped. Source: `pidfd_send_signal(2)`, ESRCH.
#[must_use]
pub fn is_kept(process: &OwnedFd) -> bool {
    // SAFETY: pidfd_send_signal takes numbers, and no information here.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), 0, ptr::null::<u8>(), 0)
    };
    result == 0
}

/// A copy of descriptor `fd` of the process that `process` refers to. Close it before anybody
/// runs: a copy of a pipe's write end holds back its end of file.
///
/// # Errors
/// EBADF when that process has no such descriptor, EPERM when it may not be traced.
pub fn copy_from(process: &OwnedFd, fd: RawFd) -> Result<Copied> {
    Copied::of(|| {
        // SAFETY: pidfd_getfd takes numbers.
        let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) };
        to_fd(check(copy, "pidfd_getfd", None)?)
    })
}

/// What `poll` says about each descriptor right now, without waiting: (descriptor, events asked
/// for) in, events that are there out.
///
/// # Errors
/// ENOMEM.
pub fn poll_now(fds: &[(RawFd, i16)]) -> Result<Vec<i16>> {
    poll(fds, 0)
}

/// What `poll` says about each descriptor, after at most `milliseconds` (-1: for ever).
///
/// # Errors
/// ENOMEM; EINTR when a signal came.
pub fn poll(fds: &[(RawFd, i16)], milliseconds: i32) -> Result<Vec<i16>> {
    let mut list: Vec<libc::pollfd> =
        fds.iter().map(|&(fd, events)| libc::pollfd { fd, events, revents: 0 }).collect();
    // SAFETY: `list` is valid for its length.
    let result = unsafe { libc::poll(list.as_mut_ptr(), list.len() as libc::nfds_t, milliseconds) };
    check(result, "poll", None)?;
    Ok(list.iter().map(|entry| entry.revents).collect())
}

/// Number of bytes waiting in a pipe.
///
/// # Errors
/// ENOTTY when it is no pipe, socket or terminal.
pub fn bytes_waiting(fd: &impl AsRawFd) -> Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes an int to `count`.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    check(result, "ioctl(FIONREAD)", None)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Capacity of a pipe in bytes.
///
/// # Errors
/// EBADF when it is no pipe.
pub fn pipe_capacity(fd: &impl AsRawFd) -> Result<usize> {
    // SAFETY: F_GETPIPE_SZ takes nothing.
    let size = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETPIPE_SZ) };
    check(size, "fcntl(F_GETPIPE_SZ)", None)?;
    Ok(usize::try_from(size).unwrap_or(0))
}

/// Status flags of an open file: `O_NONBLOCK`, `O_APPEND`, access mode.
///
/// # Errors
/// EBADF.
pub fn status_flags(fd: RawFd) -> Result<i32> {
    // SAFETY: F_GETFL takes nothing.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    check(flags, "fcntl(F_GETFL)", None)
}

/// Changes the status flags of an open file, for everybody who shares it.
///
/// # Errors
/// EBADF.
pub fn set_status_flags(fd: RawFd, flags: i32) -> Result<()> {
    // SAFETY: F_SETFL takes a number.
    let result = unsafe { libc::fcntl(fd, libc::F_SETFL, flags) };
    check(result, "fcntl(F_SETFL)", None).map(|_| ())
}

/// Asks the kernel to say who sends on this socket. Source: `unix(7)`, `SO_PASSCRED`.
///
/// # Errors
/// None is expected.
pub fn pass_credentials(socket: &OwnedFd) -> Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: `on` is an int, as SO_PASSCRED wants.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PASSCRED,
            (&raw const on).cast(),
            4, // the size of an int
        )
    };
    check(result, "setsockopt(SO_PASSCRED)", None).map(|_| ())
}

/// Receives one message of at most 16 bytes and the sender's pid as this process sees it. An
/// empty message means that all senders are gone.
///
/// # Errors
/// ECONNRESET and the like; EINTR is retried.
pub fn receive_with_sender(socket: &OwnedFd) -> Result<(Vec<u8>, i32)> {
    let mut bytes = [0u8; 16];
    let mut control = [0u64; 8];
    let mut io = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: an all-zero msghdr is valid.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut io;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = mem::size_of_val(&control);
    let count = loop {
        // SAFETY: `message` describes live buffers.
        let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, 0) };
        match check(count, "recvmsg", None) {
            Err(error) if error.errno == libc::EINTR => {}
            other => break other?,
        }
    };
    let mut sender = 0;
    // SAFETY: the kernel filled in the control length.
    let header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: CMSG_FIRSTHDR gives null or a pointer into `control`.
    if let Some(first) = unsafe { header.as_ref() }
        && first.cmsg_type == libc::SCM_CREDENTIALS
    {
        // SAFETY: the header is followed by its data.
        let data = unsafe { libc::CMSG_DATA(header) };
        // SAFETY: data of this type is a ucred; it need not be aligned.
        let credentials = unsafe { ptr::read_unaligned(data.cast::<libc::ucred>()) };
        sender = credentials.pid;
    }
    Ok((bytes[..usize::try_from(count).unwrap_or(0)].to_vec(), sender))
}

fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: the caller just got `fd` from the kernel, and nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn to_fd(number: libc::c_long) -> Result<OwnedFd> {
    let fd = RawFd::try_from(number).map_err(|_| SysError {
        operation: "descriptor",
        pid: None,
        errno: libc::EBADF,
    })?;
    Ok(own(fd))
}
