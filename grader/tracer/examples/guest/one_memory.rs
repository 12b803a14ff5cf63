//! Processes that have all their memory in common: after a `vfork`, or made with `CLONE_VM`.

use crate::kernel::*;
use crate::memory::beside_a_child;
use std::sync::atomic::AtomicU32;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("executes-beside-shared-memory", executes_beside),
    ("vforks-with-shared-memory", vforks),
    ("has-one-memory-with-another", has_one_memory),
    ("waits-in-one-memory", waits_in_one_memory),
    ("handles-in-one-memory", handles_in_one_memory),
];

/// While a program is executed nobody but its maker has the memory.
fn executes_beside() {
    let memory = shared();
    for _ in 0..2 {
        let ended = process::Command::new("true").status();
        unsafe { memory.write_volatile(memory.read_volatile() + 1) };
        say(&format!("{} {}", ended.is_ok(), unsafe { memory.read_volatile() }));
    }
}

/// The child of a `vfork` writes to memory that a third process has too, and so does its parent then.
#[expect(deprecated, reason = "it is what this is about")]
fn vforks() {
    beside_a_child(|memory| unsafe {
        memory.write_volatile(1);
        for _ in 0..2 {
            if libc::vfork() == 0 {
                memory.write_volatile(memory.read_volatile() + 1);
                libc::_exit(0);
            }
            memory.write_volatile(memory.read_volatile() + 1);
        }
        say(&format!("{}", memory.read_volatile()));
    });
}

/// Runs `work` in a process that has all its memory in common with this one, and goes on beside it.
fn with_one_memory(work: extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) -> i32 {
    const STACK: usize = 64 << 10;
    let stack = Box::leak(vec![0u8; STACK].into_boxed_slice());
    let how = libc::CLONE_VM | libc::SIGCHLD;
    unsafe { libc::clone(work, stack.as_mut_ptr().add(STACK).cast(), how, argument) }
}

static LOCK: AtomicU32 = AtomicU32::new(0);
static TOLD: AtomicU32 = AtomicU32::new(0);

/// Two processes count in memory of their own that both have, and one of them tells the other what it
/// did to memory that a third one has too. Then each gets more memory, of which the other has nothing
/// to know.
fn has_one_memory() {
    extern "C" fn other(memory: *mut c_void) -> c_int {
        counts();
        unsafe { memory.cast::<u8>().write_volatile(5) };
        TOLD.store(1, Ordering::Release);
        let more = shared();
        child(|| unsafe { more.read_volatile() }.cast_signed());
        unsafe { more.write_volatile(0) };
        reap_all();
        leave(0)
    }
    beside_a_child(|memory| {
        unsafe { memory.write_volatile(1) };
        with_one_memory(other, memory.cast());
        counts();
        while TOLD.load(Ordering::Acquire) == 0 {
            std::hint::spin_loop();
        }
        let seen = unsafe { memory.read_volatile() };
        let more = shared();
        child(|| unsafe { more.read_volatile() }.cast_signed());
        unsafe { more.write_volatile(0) };
        say(&format!("{seen}"));
    });
    say(&format!("{}", SEEN.load(Ordering::SeqCst)));
}

fn counts() {
    for _ in 0..3 {
        while LOCK.swap(1, Ordering::Acquire) == 1 {
            std::hint::spin_loop();
        }
        count(0);
        LOCK.store(0, Ordering::Release);
    }
}

/// A private futex is one for all who have the memory.
fn waits_in_one_memory() {
    extern "C" fn other(_: *mut c_void) -> c_int {
        nap(1);
        TOLD.store(1, Ordering::Release);
        let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        unsafe { libc::syscall(libc::SYS_futex, TOLD.as_ptr(), wake, 1) };
        leave(3)
    }
    with_one_memory(other, ptr::null_mut());
    let wait = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    while TOLD.load(Ordering::Acquire) == 0 {
        unsafe { libc::syscall(libc::SYS_futex, TOLD.as_ptr(), wait, 0, ptr::null::<u8>()) };
    }
    say(&format!("{}", reap_all()));
}

/// While a handler of one runs, the other calls what handlers must not.
fn handles_in_one_memory() {
    extern "C" fn handler(_: c_int) {
        say("handled");
        TOLD.store(1, Ordering::Release);
        while LOCK.load(Ordering::Acquire) == 0 {
            std::hint::spin_loop();
        }
    }
    extern "C" fn other(_: *mut c_void) -> c_int {
        while TOLD.load(Ordering::Acquire) == 0 {
            std::hint::spin_loop();
        }
        unsafe {
            let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
            libc::pthread_mutex_lock(&raw mut mutex);
            libc::free(libc::malloc(100));
            libc::pthread_mutex_unlock(&raw mut mutex);
        }
        LOCK.store(1, Ordering::Release);
        leave(3)
    }
    handle_by(handler, SIGUSR1, 0);
    with_one_memory(other, ptr::null_mut());
    unsafe { libc::raise(SIGUSR1) };
    say(&format!("{}", reap_all()));
}
