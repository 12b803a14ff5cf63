//! Two processes and the memory that they share: `races NAME`, and its known mistake with
//! `races NAME wrong`; with `segment` behind that the memory is System V's.

use std::env;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

unsafe extern "C" {
    fn mmap(at: *mut u8, length: usize, what: i32, how: i32, fd: i32, offset: i64) -> *mut u8;
    fn shmget(key: i32, length: usize, flags: i32) -> i32;
    fn shmat(id: i32, at: *mut u8, flags: i32) -> *mut u8;
    fn shmctl(id: i32, command: i32, data: *mut u8) -> i32;
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn _exit(status: i32) -> !;
}

#[repr(C)]
struct Shared {
    plain: u32,
    atomic: AtomicU32,
    lock: AtomicU32,
    flag: u32,
    ready: AtomicU32,
}

/// A counter that is no atomic, with a spin lock around it or without one.
fn locked(s: *mut Shared, _me: u32, wrong: bool) {
    let lock = unsafe { &(*s).lock };
    for _ in 0..4 {
        if !wrong {
            while lock.swap(1, Ordering::Acquire) == 1 {}
        }
        unsafe { (*s).plain += 2 };
        if !wrong {
            lock.store(0, Ordering::Release);
        }
    }
}

/// A counter that is an atomic, changed in one step or in two.
fn counted(s: *mut Shared, _me: u32, wrong: bool) {
    let n = unsafe { &(*s).atomic };
    for _ in 0..4 {
        if wrong {
            n.store(n.load(Ordering::SeqCst) + 2, Ordering::SeqCst);
        } else {
            n.fetch_add(2, Ordering::SeqCst);
        }
    }
}

/// The same, once each and by one: no value tells that this is no flag.
fn counted_once(s: *mut Shared, _me: u32, wrong: bool) {
    let n = unsafe { &(*s).atomic };
    if wrong {
        n.store(n.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    } else {
        n.fetch_add(1, Ordering::SeqCst);
    }
}

/// More accesses than are followed.
fn counted_long(s: *mut Shared, _me: u32, _wrong: bool) {
    for _ in 0..3_000 {
        unsafe { &(*s).atomic }.fetch_add(1, Ordering::SeqCst);
    }
}

/// One prepares something and says so; the wrong one says so in a plain word.
fn handed(s: *mut Shared, me: u32, wrong: bool) {
    let ready = unsafe { &(*s).ready };
    if me == 0 {
        unsafe { ptr::write_volatile(&raw mut (*s).plain, 7) };
        if wrong {
            unsafe { ptr::write_volatile(&raw mut (*s).flag, 1) };
        } else {
            ready.store(1, Ordering::Release);
        }
    } else {
        let is_ready = || match wrong {
            true => unsafe { ptr::read_volatile(&raw const (*s).flag) == 1 },
            false => ready.load(Ordering::Acquire) == 1,
        };
        if is_ready() {
            assert_eq!(unsafe { ptr::read_volatile(&raw const (*s).plain) }, 7);
        }
    }
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let name = args.get(1).cloned().unwrap_or_default();
    let wrong = has("wrong");
    let work = match name.as_str() {
        "locked" => locked,
        "counted" => counted,
        "counted-once" => counted_once,
        "counted-long" => counted_long,
        _ => handed,
    };
    let shared = if has("segment") {
        unsafe {
            let id = shmget(0, 4096, 0o600);
            let at = shmat(id, ptr::null_mut(), 0);
            // IPC_RMID.
            shmctl(id, 0, ptr::null_mut());
            at
        }
    } else {
        // PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS.
        unsafe { mmap(ptr::null_mut(), 4096, 3, 0x21, -1, 0) }
    };
    let shared = shared.cast::<Shared>();
    for me in 0..2 {
        if unsafe { fork() } == 0 {
            work(shared, me, wrong);
            unsafe { _exit(0) };
        }
    }
    while unsafe { wait(ptr::null_mut()) } > 0 {}
    println!("{}", unsafe { (*shared).plain + (*shared).atomic.load(Ordering::Relaxed) } > 0);
}
