//! Loops that look again and again until somebody else has changed something: memory, and then
//! they make no call, or a file.

use crate::kernel::*;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU32};

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("spins-for-a-thread", spins_for_a_thread),
    ("spins-for-a-child", spins_for_a_child),
    ("spins-for-a-handler", spins_for_a_handler),
    ("spins-in-steps", spins_in_steps),
    ("spins-with-calls", spins_with_calls),
    ("spin-lock", spin_lock),
    ("spins-until-killed", spins_until_killed),
    ("yields-in-turn", yields_in_turn),
    ("looks-at-a-file", looks_at_a_file),
];

static GO: AtomicBool = AtomicBool::new(false);

fn spins_for_a_thread() {
    let other = thread::spawn(|| {
        say("first");
        GO.store(true, Ordering::Release);
    });
    while !GO.load(Ordering::Acquire) {
        spin_loop();
    }
    say("second");
    let _joined = other.join();
}

fn spins_for_a_child() {
    let word = unsafe { AtomicU32::from_ptr(shared()) };
    child(|| {
        nap(3);
        say("first");
        word.store(1, Ordering::SeqCst);
        0
    });
    while word.load(Ordering::SeqCst) == 0 {
        spin_loop();
    }
    say("second");
    reap_all();
}

extern "C" fn go(_: c_int) {
    GO.store(true, Ordering::SeqCst);
}

fn spins_for_a_handler() {
    handle_by(go, libc::SIGUSR1, 0);
    let parent = unsafe { libc::getpid() };
    child(|| unsafe { libc::kill(parent, libc::SIGUSR1) });
    while !GO.load(Ordering::SeqCst) {
        spin_loop();
    }
    say("heard");
    reap_all();
}

/// Takes steps between its looks, whose number is kept in memory.
fn spins_in_steps() {
    let other = thread::spawn(|| {
        nap(1);
        GO.store(true, Ordering::Release);
    });
    while !GO.load(Ordering::Acquire) {
        let mut steps = 0_u32;
        while unsafe { ptr::read_volatile(&raw const steps) } < 5 {
            steps += 1;
        }
    }
    let _joined = other.join();
    say("went on");
}

/// Makes calls between its looks that concern nobody else.
fn spins_with_calls() {
    let other = thread::spawn(|| {
        nap(1);
        GO.store(true, Ordering::Release);
    });
    while !GO.load(Ordering::Acquire) {
        unsafe { libc::syscall(libc::SYS_getuid) };
    }
    let _joined = other.join();
    say("went on");
}

/// Three threads count under a lock of their own making.
fn spin_lock() {
    static LOCKED: AtomicBool = AtomicBool::new(false);
    static COUNT: AtomicI32 = AtomicI32::new(0);
    let count = || {
        for _ in 0..2 {
            while LOCKED.swap(true, Ordering::Acquire) {
                spin_loop();
            }
            let seen = COUNT.load(Ordering::Relaxed);
            nap(1);
            COUNT.store(seen + 1, Ordering::Relaxed);
            LOCKED.store(false, Ordering::Release);
        }
    };
    let threads = [0; 3].map(|_| thread::spawn(count));
    for thread in threads {
        let _joined = thread.join();
    }
    say(&format!("{}", COUNT.load(Ordering::Relaxed)));
}

/// A child that turns for ever dies like any other.
fn spins_until_killed() {
    let pid = child(|| {
        loop {
            spin_loop();
        }
    });
    nap(1);
    unsafe { libc::kill(pid, libc::SIGKILL) };
    let (_, status) = wait(pid, 0);
    say(&format!("{}", libc::WTERMSIG(status)));
}

/// Two processes hand each other a turn in memory, and give way while it is not theirs.
fn yields_in_turn() {
    let turn = unsafe { AtomicU32::from_ptr(shared()) };
    let take = |mine: u32| {
        for _ in 0..20 {
            while turn.load(Ordering::SeqCst) % 2 != mine {
                thread::yield_now();
            }
            turn.fetch_add(1, Ordering::SeqCst);
        }
        0
    };
    child(|| take(1));
    take(0);
    let reaped = reap_all();
    say(&format!("{} {reaped}", turn.load(Ordering::SeqCst)));
}

/// A child looks again and again what a file holds, until another child has put another in its
/// place.
fn looks_at_a_file() {
    let path = path("looked-at");
    let new = crate::kernel::path("looked-at-next");
    put(file(&path), "old");
    child(|| {
        loop {
            let fd = open(&path, libc::O_RDONLY);
            let there = get(fd);
            close(fd);
            if there == "new" {
                return 1;
            }
        }
    });
    child(|| {
        put(file(&new), "new");
        2 * i32::from(unsafe { libc::rename(new.as_ptr(), path.as_ptr()) } == 0)
    });
    say(&format!("{}", reap_all()));
    unsafe { libc::unlink(path.as_ptr()) };
}
