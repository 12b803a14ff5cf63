//! Two processes and memory that they share, where one is told of the other in another way than by an
//! access that is followed: `told NAME`, and its known mistake with `told NAME wrong`.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, hint, process, ptr};

unsafe extern "C" {
    fn mmap(at: *mut u8, length: usize, what: i32, how: i32, fd: i32, offset: i64) -> *mut u8;
    fn fork() -> i32;
    fn vfork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn pipe(ends: *mut i32) -> i32;
    fn read(fd: i32, to: *mut u8, length: usize) -> isize;
    fn write(fd: i32, from: *const u8, length: usize) -> isize;
    fn _exit(status: i32) -> !;
}

const PAGE: usize = 4096;
const ANONYMOUS: i32 = 0x20;

#[repr(C)]
struct Shared {
    flag: AtomicU32,
    other: AtomicU32,
    plain: u32,
}

/// Memory for reading and writing that is shared.
fn map(length: usize, how: i32, fd: i32) -> *mut Shared {
    let memory = unsafe { mmap(ptr::null_mut(), length, 3, 1 | how, fd, 0) };
    assert_ne!(memory as isize, -1);
    memory.cast()
}

fn child(work: impl FnOnce()) {
    if unsafe { fork() } == 0 {
        work();
        unsafe { _exit(0) }
    }
}

/// A child prepares something and then tells so; the wrong one tells so first.
fn hands(s: *mut Shared, flag: &AtomicU32, wrong: bool, tell: impl FnOnce()) {
    child(|| {
        let prepare = || unsafe { (*s).plain = 7 };
        if !wrong {
            prepare();
        }
        tell();
        if wrong {
            prepare();
        }
    });
    while flag.load(Ordering::Acquire) == 0 {
        hint::spin_loop();
    }
    let seen = unsafe { (*s).plain };
    assert!(wrong || seen == 7);
}

/// By a write to the file that is mapped.
fn file(wrong: bool) {
    let path = format!("/tmp/told-{}", process::id());
    let file = File::create_new(&path).and_then(|_| {
        OpenOptions::new().read(true).write(true).open(&path)
    });
    let file = file.expect("a new file");
    fs::remove_file(path).expect("its name");
    file.set_len(PAGE as u64).expect("its length");
    let s = map(PAGE, 0, file.as_raw_fd());
    hands(s, unsafe { &(*s).flag }, wrong, || {
        file.write_all_at(&1u32.to_le_bytes(), 0).expect("a word");
    });
}

/// By an answer that the kernel puts there.
fn answer(wrong: bool) {
    let s = map(PAGE, ANONYMOUS, -1);
    let mut ends = [0; 2];
    unsafe { pipe(ends.as_mut_ptr()) };
    unsafe { write(ends[1], b"\x01".as_ptr(), 1) };
    hands(s, unsafe { &(*s).flag }, wrong, || {
        unsafe { read(ends[0], s.cast(), 1) };
    });
}

/// By the end of a `vfork`, while somebody else has the memory too; the wrong one writes there.
fn vforks(wrong: bool) {
    let s = map(PAGE, ANONYMOUS, -1);
    child(|| {
        unsafe { &(*s).other }.fetch_add(1, Ordering::SeqCst);
        if wrong {
            unsafe { (*s).plain = 3 };
        }
    });
    unsafe { (*s).plain = 1 };
    if unsafe { vfork() } == 0 {
        unsafe { (*s).plain = 2 };
        unsafe { _exit(0) }
    }
    let seen = unsafe { (*s).plain };
    assert!(wrong || seen == 2);
}

/// By its end, and then other programs are executed.
fn executes() {
    let s = map(PAGE, ANONYMOUS, -1);
    child(|| unsafe { (*s).plain = 1 });
    unsafe { wait(ptr::null_mut()) };
    for _ in 0..2 {
        assert!(Command::new("true").status().expect("a program").success());
        unsafe { (*s).plain += 1 };
    }
}

/// In memory that is too large to be followed.
fn large(wrong: bool) {
    let s = map(PAGE, ANONYMOUS, -1);
    let unseen = map(300 << 20, ANONYMOUS, -1);
    let flag = unsafe { &(*unseen).flag };
    hands(s, flag, wrong, || flag.store(1, Ordering::Release));
}

/// In memory that a device gives.
fn device(wrong: bool) {
    let s = map(PAGE, ANONYMOUS, -1);
    let zero = OpenOptions::new().read(true).write(true).open("/dev/zero").expect("a device");
    let unseen = map(PAGE, 0, zero.as_raw_fd());
    let flag = unsafe { &(*unseen).flag };
    hands(s, flag, wrong, || flag.store(1, Ordering::Release));
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let wrong = arguments.iter().any(|argument| argument == "wrong");
    match arguments.get(1).map(String::as_str) {
        Some("file") => file(wrong),
        Some("answer") => answer(wrong),
        Some("vforks") => vforks(wrong),
        Some("executes") => executes(),
        Some("large") => large(wrong),
        Some("device") => device(wrong),
        _ => process::exit(2),
    }
    while unsafe { wait(ptr::null_mut()) } > 0 {}
}
