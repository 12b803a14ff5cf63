//! Locks on files.

use crate::kernel::*;
use libc::{F_OFD_SETLKW, F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN};

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("flocks", flocks),
    ("flock-shared", flock_shared),
    ("flock-inherited", flock_inherited),
    ("flock-upgraded", flock_upgraded),
    ("flock-interrupted", flock_interrupted),
    ("record-locks", record_locks),
    ("record-locks-cross", record_locks_cross),
    ("record-lock-is-lost-by-close", record_lock_is_lost_by_close),
    ("record-lock-dies", record_lock_dies),
    ("open-file-locks", open_file_locks),
    ("flock-deadlock", flock_deadlock),
];

fn flock(fd: i32, operation: c_int) -> i32 {
    unsafe { libc::flock(fd, operation) }
}

fn record(fd: i32, command: c_int, kind: c_int, start: i64) -> i32 {
    unsafe {
        let mut lock: libc::flock = mem::zeroed();
        lock.l_type = small(kind);
        lock.l_start = start;
        lock.l_len = 1;
        libc::fcntl(fd, command, &raw mut lock)
    }
}

/// Adds one to a number in a file: lost when two do it at once.
fn add_one(fd: i32) {
    let mut byte = 0u8;
    unsafe { libc::pread(fd, (&raw mut byte).cast(), 1, 0) };
    nap(1);
    byte += 1;
    unsafe { libc::pwrite(fd, (&raw const byte).cast(), 1, 0) };
}

fn number(fd: i32) -> u8 {
    let mut byte = 0u8;
    unsafe { libc::pread(fd, (&raw mut byte).cast(), 1, 0) };
    byte
}

fn count_with(name: &str, lock: fn(i32), unlock: fn(i32)) {
    let path = path(name);
    let fd = file(&path);
    for _ in 0..3 {
        child(|| {
            let fd = open(&path, libc::O_RDWR);
            for _ in 0..2 {
                lock(fd);
                add_one(fd);
                unlock(fd);
            }
            0
        });
    }
    reap_all();
    say(&format!("{}", number(fd)));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn flocks() {
    count_with(
        "flocks",
        |fd| {
            flock(fd, LOCK_EX);
        },
        |fd| {
            flock(fd, LOCK_UN);
        },
    );
}

fn record_locks() {
    count_with(
        "records",
        |fd| {
            record(fd, F_SETLKW, F_WRLCK, 0);
        },
        |fd| {
            record(fd, F_SETLK, F_UNLCK, 0);
        },
    );
}

fn open_file_locks() {
    count_with(
        "open-files",
        |fd| {
            record(fd, F_OFD_SETLKW, F_WRLCK, 0);
        },
        |fd| {
            record(fd, libc::F_OFD_SETLK, F_UNLCK, 0);
        },
    );
}

fn flock_shared() {
    let path = path("shared");
    let fd = file(&path);
    flock(fd, LOCK_SH);
    child(|| {
        let fd = open(&path, libc::O_RDWR);
        say(&format!("{}", flock(fd, LOCK_SH)));
        say(&format!("{} {:?}", flock(fd, LOCK_EX | LOCK_NB), errno()));
        0
    });
    reap_all();
    unsafe { libc::unlink(path.as_ptr()) };
}

fn flock_inherited() {
    let path = path("inherited");
    let fd = file(&path);
    flock(fd, LOCK_EX);
    let (read, write) = pipe();
    child(|| {
        close(write);
        // The lock is the open file's: it lasts as long as this copy is open.
        get(read);
        close(fd);
        0
    });
    close(fd);
    child(|| {
        close(write);
        let fd = open(&path, libc::O_RDWR);
        flock(fd, LOCK_EX);
        say("got it");
        0
    });
    nap(20);
    say("let go");
    close(write);
    reap_all();
    unsafe { libc::unlink(path.as_ptr()) };
}

fn flock_upgraded() {
    let path = path("upgraded");
    let fd = file(&path);
    flock(fd, LOCK_SH);
    let (read, write) = pipe();
    child(|| {
        let fd = open(&path, libc::O_RDWR);
        flock(fd, LOCK_SH);
        put(write, "x");
        nap(20);
        i32::from(flock(fd, LOCK_UN) == 0)
    });
    get(read);
    let got = flock(fd, LOCK_EX);
    say(&format!("{got} {}", reap_all()));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn flock_interrupted() {
    let path = path("interrupted");
    flock(file(&path), LOCK_EX);
    handle(SIGALRM, 0);
    ring();
    let got = flock(open(&path, libc::O_RDWR), LOCK_EX);
    say(&format!("{got} {:?} {}", errno(), heard()));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn record_locks_cross() {
    let path = path("cross");
    let fd = file(&path);
    // Both have their first lock before either asks for its second.
    let (first, second) = (pipe(), pipe());
    child(|| {
        record(fd, F_SETLKW, F_WRLCK, 1);
        put(first.1, "x");
        get(second.0);
        let got = record(fd, F_SETLKW, F_WRLCK, 0);
        i32::from(got != 0 && errno() == Some(libc::EDEADLK))
    });
    record(fd, F_SETLKW, F_WRLCK, 0);
    get(first.0);
    put(second.1, "x");
    let got = record(fd, F_SETLKW, F_WRLCK, 1);
    let mine = i32::from(got != 0 && errno() == Some(libc::EDEADLK));
    record(fd, F_SETLK, F_UNLCK, 0);
    say(&format!("{}", mine + reap_all()));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn record_lock_is_lost_by_close() {
    let path = path("lost");
    let fd = file(&path);
    record(fd, F_SETLKW, F_WRLCK, 0);
    child(|| {
        let fd = open(&path, libc::O_RDWR);
        i32::from(record(fd, F_SETLKW, F_WRLCK, 0) == 0)
    });
    nap(10);
    // Closing any descriptor of the file gives the process's locks back.
    close(open(&path, libc::O_RDWR));
    say(&format!("{}", reap_all()));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn record_lock_dies() {
    let path = path("dies");
    let fd = file(&path);
    let (read, write) = pipe();
    let holder = child(|| {
        record(fd, F_SETLKW, F_WRLCK, 0);
        put(write, "x");
        loop {
            unsafe { libc::pause() };
        }
    });
    get(read);
    child(|| i32::from(record(fd, F_SETLKW, F_WRLCK, 0) == 0));
    nap(10);
    unsafe { libc::kill(holder, SIGKILL) };
    say(&format!("{}", reap_all()));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn flock_deadlock() {
    let path = path("deadlock");
    let (mine, again) = (file(&path), open(&path, libc::O_RDWR));
    flock(mine, LOCK_EX);
    unsafe { libc::unlink(path.as_ptr()) };
    flock(again, LOCK_EX);
}
