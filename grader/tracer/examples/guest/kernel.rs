//! The few calls that most guests are made of.

pub(crate) use libc::{
    SIGALRM, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1, WNOHANG, WUNTRACED, c_int,
    c_void,
};
pub(crate) use std::ffi::CString;
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

/// Waits for a signal with this mask.
pub(crate) fn suspend(mask: &libc::sigset_t) {
    unsafe { libc::sigsuspend(mask) };
}

pub(crate) fn read_all(fd: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = unsafe { std::fs::File::from_raw_fd(fd) };
    let _count = file.read_to_end(&mut bytes);
    bytes
}

/// A path that no other run uses.
pub(crate) fn path(name: &str) -> CString {
    let path = format!("/tmp/forklings-{name}-{}", unsafe { libc::getpid() });
    CString::new(path).unwrap_or_default()
}

/// A new empty file, open for reading and writing.
pub(crate) fn file(path: &CString) -> i32 {
    unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o600) }
}

/// Opens what is there already.
pub(crate) fn open(path: &CString, flags: c_int) -> i32 {
    unsafe { libc::open(path.as_ptr(), flags) }
}

/// Writes all of a short text.
pub(crate) fn put(fd: i32, text: &str) -> isize {
    unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) }
}

/// Reads once, at most 64 bytes.
pub(crate) fn get(fd: i32) -> String {
    let mut bytes = [0u8; 64];
    let count = unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len()) };
    String::from_utf8_lossy(&bytes[..usize::try_from(count).unwrap_or(0)]).into_owned()
}

pub(crate) fn close(fd: i32) {
    unsafe { libc::close(fd) };
}

/// Runs `work` in a child, which ends with its result.
pub(crate) fn child(work: impl FnOnce() -> i32) -> i32 {
    match fork() {
        0 => leave(work()),
        pid => pid,
    }
}

/// Waits for all children; the sum of their exit codes.
pub(crate) fn reap_all() -> i32 {
    let mut sum = 0;
    while let (pid, status) = wait(-1, 0)
        && pid > 0
    {
        sum += libc::WEXITSTATUS(status);
    }
    sum
}

/// Zeroed memory that children share.
pub(crate) fn shared() -> *mut u32 {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    unsafe { libc::mmap(ptr::null_mut(), 4096, access, kind, -1, 0).cast() }
}

/// Sends SIGALRM again and again: a first one may come before the call that it shall end.
pub(crate) fn ring() {
    let time = libc::timeval { tv_sec: 0, tv_usec: 300_000 };
    let again = libc::itimerval { it_interval: time, it_value: time };
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const again, ptr::null_mut()) };
}

/// Whether a signal was handled.
pub(crate) fn heard() -> bool {
    SEEN.load(Ordering::SeqCst) > 0
}

/// Lets virtual or real time pass.
pub(crate) fn nap(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

/// A number that fits into the two bytes that the kernel has for it.
pub(crate) fn small(number: c_int) -> i16 {
    i16::try_from(number).unwrap_or(0)
}

/// A set of one signal.
pub(crate) fn only(signal: c_int) -> libc::sigset_t {
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        set
    }
}

/// A length of time.
pub(crate) fn span(milliseconds: i64) -> libc::timespec {
    libc::timespec { tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000 }
}
