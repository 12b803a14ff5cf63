//! What has no end by itself, and what differs from schedule to schedule.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("spins", spins),
    ("calls-for-ever", calls_for_ever),
    ("forks-for-ever", forks_for_ever),
    ("floods", floods),
    ("deadlocks", deadlocks),
    ("races", races),
    ("leaves-objects", leaves_objects),
    ("waits-unmodelled", waits_unmodelled),
];

fn spins() {
    loop {
        std::hint::spin_loop();
    }
}

fn calls_for_ever() {
    loop {
        let (read, write) = pipe();
        unsafe { libc::close(read) };
        unsafe { libc::close(write) };
    }
}

fn forks_for_ever() {
    loop {
        fork();
    }
}

fn floods() {
    loop {
        say("again and again and again and again and again and again and again and again");
    }
}

fn deadlocks() {
    let (read, write) = pipe();
    let child = fork();
    let mut byte = 0u8;
    if child == 0 {
        unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
        leave(0);
    }
    wait(child, 0);
    unsafe { libc::close(write) };
}

fn races() {
    // Twenty and more decisions whose outcome shows in the output, pids included.
    let (read, write) = pipe();
    for n in 0..4 {
        if fork() == 0 {
            for round in 0..3 {
                let line = format!("{n}.{round} {} ", unsafe { libc::getpid() });
                unsafe { libc::write(write, line.as_ptr().cast(), line.len()) };
            }
            leave(n);
        }
    }
    unsafe { libc::close(write) };
    let line = String::from_utf8_lossy(&read_all(read)).into_owned();
    while wait(-1, 0).0 > 0 {}
    let _written = std::io::stdout().write_all(line.as_bytes());
    say("");
}

/// Makes objects that outlive it, and says whether they were there already.
fn leaves_objects() {
    let flags = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;
    let key = 0x0f0c_0001;
    let made = unsafe {
        let mut attributes: libc::mq_attr = mem::zeroed();
        (attributes.mq_maxmsg, attributes.mq_msgsize) = (1, 1);
        let open = libc::O_CREAT | libc::O_EXCL | libc::O_RDWR;
        [
            libc::semget(key, 1, flags),
            libc::msgget(key, flags),
            libc::shmget(key, 4096, flags),
            libc::mq_open(c"/forklings-left".as_ptr(), open, 0o600, &raw const attributes),
        ]
    };
    let words = made.map(|id| if id >= 0 { "new" } else { "old" });
    say(&words.join(" "));
}

/// A call that no exercise needs, in a child that its parent waits for; nobody ever wakes it.
fn waits_unmodelled() {
    if fork() == 0 {
        // One waiter: the word's value, its address, flags (32 bits, private). Source: futex(2).
        let word = 0u32;
        let waiter = [0u64, ptr::from_ref(&word) as u64, 2 | 128];
        unsafe { libc::syscall(libc::SYS_futex_waitv, waiter.as_ptr(), 1, 0, 0, 0) };
        leave(0);
    }
    wait(-1, 0);
}
