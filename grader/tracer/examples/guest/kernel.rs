//! The few calls that most guests are made of.

pub(crate) use libc::{
    SIGALRM, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1, WNOHANG, WUNTRACED, c_int,
    c_void,
};
pub(crate) use std::io::{Read, Write};
pub(crate) use std::os::fd::FromRawFd;
pub(crate) use std::sync::atomic::{AtomicI32, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex};
pub(crate) use std::time::{Duration, Instant};
pub(crate) use std::{mem, process, ptr, thread};

/// A guest: its name and what it does.
pub(crate) type Guest = (&'static str, fn());

/// The error of the last call.
pub(crate) fn errno() -> Option<i32> {
    std::io::Error::last_os_error().raw_os_error()
}

pub(crate) static SEEN: AtomicI32 = AtomicI32::new(0);

pub(crate) extern "C" fn count(_: c_int) {
    SEEN.fetch_add(1, Ordering::SeqCst);
}

pub(crate) fn fork() -> i32 {
    unsafe { libc::fork() }
}

pub(crate) fn leave(code: i32) -> ! {
    unsafe { libc::_exit(code) }
}

/// One write, so that lines of several processes never mix.
pub(crate) fn say(line: &str) {
    let line = format!("{line}\n");
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

pub(crate) fn wait(pid: i32, options: i32) -> (i32, i32) {
    let mut status = 0;
    (unsafe { libc::waitpid(pid, &raw mut status, options) }, status)
}

pub(crate) fn pipe() -> (i32, i32) {
    let mut ends = [0; 2];
    unsafe { libc::pipe(ends.as_mut_ptr()) };
    (ends[0], ends[1])
}

pub(crate) fn handle(signal: i32, flags: i32) {
    handle_by(count, signal, flags);
}

pub(crate) fn handle_by(function: extern "C" fn(c_int), signal: i32, flags: i32) {
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = function as usize;
        action.sa_flags = flags;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}

pub(crate) fn block(signal: i32) -> libc::sigset_t {
    unsafe {
        let (mut set, mut old): (libc::sigset_t, libc::sigset_t) = (mem::zeroed(), mem::zeroed());
        libc::sigaddset(&raw mut set, signal);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, &raw mut old);
        old
    }
}

pub(crate) fn read_all(fd: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = unsafe { std::fs::File::from_raw_fd(fd) };
    let _count = file.read_to_end(&mut bytes);
    bytes
}
