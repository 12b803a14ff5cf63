//! A program that makes system calls in the ways exercises do. `// here: <name>` marks the lines
//! that the tests expect to be named.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::process::Command;

unsafe extern "C" {
    fn fork() -> c_int;
    fn _exit(status: c_int) -> !;
    fn getpid() -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn pipe(ends: *mut c_int) -> c_int;
    fn signal(signal: c_int, handler: usize) -> usize;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize;
}

/// What a wrapper crate looks like: generic, inlined where the optimiser pleases.
mod wrapper {
    pub struct Status(pub i32);

    #[inline]
    pub fn checked<T: PartialEq + From<i8>>(result: T) -> Result<T, ()> {
        if result == T::from(-1) { Err(()) } else { Ok(result) }
    }

    pub fn wait(child: i32) -> Result<Status, ()> {
        let mut status = 0;
        let waited = unsafe { super::waitpid(child, &raw mut status, 0) };
        checked(waited).map(|_| Status(status))
    }
}

fn child_of(work: impl FnOnce()) -> c_int {
    let pid = unsafe { fork() }; // here: fork
    if pid == 0 {
        work(); // here: work
        unsafe { _exit(3) }; // here: _exit
    }
    pid
}

fn pipes() {
    let mut ends = [0; 2];
    unsafe { pipe(ends.as_mut_ptr()) };
    let child = child_of(|| {
        let mut input = unsafe { File::from_raw_fd(ends[0]) };
        let mut byte = [0; 1];
        input.read_exact(&mut byte).unwrap(); // here: read
    });
    let mut output = unsafe { File::from_raw_fd(ends[1]) };
    output.write_all(b"x").unwrap(); // here: write
    let status = wrapper::wait(child).map(|status| status.0); // here: wait
    black_box(status.ok());
}

fn exit() {
    let child = child_of(|| {
        std::process::exit(4); // here: exit
    });
    wrapper::wait(child).ok();
}

fn panic() {
    let child = child_of(|| {
        let none: Option<u32> = black_box(None);
        none.expect("nothing"); // here: panic
    });
    wrapper::wait(child).ok();
}

fn spawn() {
    let mut child = Command::new("/bin/true").spawn().unwrap(); // here: spawn
    child.wait().unwrap(); // here: reap
}

fn threads() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || receiver.recv()); // here: thread
    std::thread::Builder::new()
        .spawn(move || {
            let parent = unsafe { getpid() };
            unsafe { kill(parent, 0) }; // here: kill in thread
            // Not over before the main thread waits for it: 202 is futex.
            let call = format!("/proc/self/task/{parent}/syscall");
            while !std::fs::read_to_string(&call).unwrap().starts_with("202 ") {}
            drop(sender);
        })
        .unwrap()
        .join() // here: join
        .unwrap();
    thread.join().unwrap().unwrap_err();
}

extern "C" fn on_signal(_: c_int) {
    unsafe { write(1, b"!".as_ptr().cast(), 1) }; // here: in handler
}

fn handler() {
    unsafe {
        signal(10, on_signal as *const () as usize);
        kill(getpid(), 10); // here: interrupted
    }
}

fn abort() {
    let child = child_of(|| {
        std::process::abort(); // here: abort
    });
    wrapper::wait(child).ok();
}

fn deep(depth: u32) {
    if depth > 0 {
        deep(depth - 1);
    } else {
        unsafe { kill(getpid(), 0) }; // here: deep
    }
    black_box(depth);
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("pipes") => pipes(),     // here: main pipes
        Some("exit") => exit(),       // here: main exit
        Some("panic") => panic(),     // here: main panic
        Some("spawn") => spawn(),     // here: main spawn
        Some("threads") => threads(), // here: main threads
        Some("handler") => handler(), // here: main handler
        Some("abort") => abort(),     // here: main abort
        Some("deep") => deep(10_000), // here: main deep
        other => panic!("no scenario {other:?}"),
    }
}
