//! Guests whose outcome depends on the order: four known bugs, and two programs so small that their
//! orders can be counted by hand.
#![expect(unsafe_code, reason = "guests are made of raw system calls")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "guests are not examples of good style")]
#![expect(clippy::multiple_unsafe_ops_per_block, reason = "guests are not examples of good style")]

use libc::{SIGCHLD, SIGUSR1, WNOHANG, c_int};
use std::sync::atomic::{AtomicI32, Ordering};
use std::{env, mem, process, ptr};

static SEEN: AtomicI32 = AtomicI32::new(0);

extern "C" fn count(_: c_int) {
    SEEN.fetch_add(1, Ordering::SeqCst);
}

/// One SIGCHLD, one child: two deaths may share the signal.
extern "C" fn reap_one(_: c_int) {
    if unsafe { libc::waitpid(-1, ptr::null_mut(), WNOHANG) } > 0 {
        SEEN.fetch_add(1, Ordering::SeqCst);
    }
}

fn handle(signal: i32, handler: extern "C" fn(c_int)) {
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as usize;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}

fn fork() -> i32 {
    unsafe { libc::fork() }
}

fn leave(code: i32) -> ! {
    unsafe { libc::_exit(code) }
}

fn say(letter: &core::ffi::CStr) {
    unsafe { libc::write(1, letter.as_ptr().cast(), 1) };
}

fn wait() {
    unsafe { libc::waitpid(-1, ptr::null_mut(), 0) };
}

fn pipe() -> (i32, i32) {
    let mut ends = [0; 2];
    unsafe { libc::pipe(ends.as_mut_ptr()) };
    (ends[0], ends[1])
}

fn take(from: i32) {
    let mut byte = 0u8;
    unsafe { libc::read(from, (&raw mut byte).cast(), 1) };
}

fn give(to: i32) {
    unsafe { libc::write(to, c"x".as_ptr().cast(), 1) };
}

fn main() {
    match env::args().nth(1).unwrap_or_default().as_str() {
        // A sleep stands where a wait belongs. Wrong when `b` comes first.
        "sleep-order" => {
            if fork() == 0 {
                say(c"a");
                leave(0);
            }
            unsafe { libc::sleep(1) };
            say(c"b");
            wait();
            leave(0);
        }
        // The signal may come between the look and the pause. Wrong when it waits for ever.
        "lost-wake-up" => {
            handle(SIGUSR1, count);
            let me = unsafe { libc::getpid() };
            if fork() == 0 {
                unsafe { libc::kill(me, SIGUSR1) };
                leave(0);
            }
            if SEEN.load(Ordering::SeqCst) == 0 {
                unsafe { libc::pause() };
            }
            wait();
            leave(0);
        }
        // Wrong when it waits for ever: the second death came with the first one's signal.
        "second-death" => {
            handle(SIGCHLD, reap_one);
            let (mut block, mut old): (libc::sigset_t, libc::sigset_t) =
                unsafe { (mem::zeroed(), mem::zeroed()) };
            unsafe { libc::sigaddset(&raw mut block, SIGCHLD) };
            unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const block, &raw mut old) };
            for _ in 0..2 {
                if fork() == 0 {
                    leave(0);
                }
            }
            while SEEN.load(Ordering::SeqCst) < 2 {
                unsafe { libc::sigsuspend(&raw const old) };
            }
            leave(0);
        }
        // Two tokens taken in opposite orders. Wrong when each holds one and waits for the other.
        "crossing-pipes" => {
            let (first, second) = (pipe(), pipe());
            give(first.1);
            give(second.1);
            let child = fork() == 0;
            let (mine, other) = if child { (second, first) } else { (first, second) };
            take(mine.0);
            take(other.0);
            give(other.1);
            give(mine.1);
            if child {
                leave(0);
            }
            wait();
            leave(0);
        }
        // Both write one letter; nothing else.
        "two-letters" => {
            if fork() == 0 {
                say(c"a");
                leave(0);
            }
            say(c"b");
            wait();
            leave(0);
        }
        // Two children, nothing but their births and deaths.
        "two-children" => {
            for _ in 0..2 {
                if fork() == 0 {
                    leave(0);
                }
            }
            wait();
            wait();
            leave(0);
        }
        _ => process::exit(2),
    }
}
