//! System V semaphores and message queues.

use crate::kernel::*;
use libc::{IPC_NOWAIT, IPC_PRIVATE, IPC_RMID, SETVAL};

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("semaphores", semaphores),
    ("semaphore-undone", semaphore_undone),
    ("semaphore-times-out", semaphore_times_out),
    ("semaphore-zero", semaphore_zero),
    ("semaphore-removed", semaphore_removed),
    ("semaphore-interrupted", semaphore_interrupted),
    ("messages", messages),
    ("message-queue-full", message_queue_full),
    ("message-queue-empty", message_queue_empty),
    ("semaphore-deadlock", semaphore_deadlock),
];

fn set() -> i32 {
    unsafe { libc::semget(IPC_PRIVATE, 2, 0o600) }
}

fn remove(set: i32) {
    unsafe { libc::semctl(set, 0, IPC_RMID) };
}

fn op(set: i32, number: u16, change: i16, flags: c_int) -> i32 {
    let mut op = libc::sembuf { sem_num: number, sem_op: change, sem_flg: small(flags) };
    unsafe { libc::semop(set, &raw mut op, 1) }
}

fn semaphores() {
    let (set, counter) = (set(), shared());
    unsafe { libc::semctl(set, 0, SETVAL, 1) };
    for _ in 0..3 {
        child(|| {
            for _ in 0..2 {
                op(set, 0, -1, 0);
                let seen = unsafe { counter.read_volatile() };
                nap(1);
                unsafe { counter.write_volatile(seen + 1) };
                op(set, 0, 1, 0);
            }
            0
        });
    }
    reap_all();
    say(&format!("{}", unsafe { counter.read_volatile() }));
    remove(set);
}

fn semaphore_undone() {
    let set = set();
    unsafe { libc::semctl(set, 0, SETVAL, 1) };
    let (read, write) = pipe();
    child(|| {
        op(set, 0, -1, libc::SEM_UNDO);
        put(write, "x");
        5
    });
    get(read);
    let got = op(set, 0, -1, 0);
    say(&format!("{got} {}", reap_all()));
    remove(set);
}

fn semaphore_times_out() {
    let set = set();
    let begin = Instant::now();
    let time = libc::timespec { tv_sec: 0, tv_nsec: 200_000_000 };
    let mut ops = libc::sembuf { sem_num: 0, sem_op: -1, sem_flg: 0 };
    let got = unsafe { libc::syscall(libc::SYS_semtimedop, set, &raw mut ops, 1, &raw const time) };
    say(&format!("{got} {:?} {}", errno(), begin.elapsed() >= Duration::from_millis(200)));
    say(&format!("{} {:?}", op(set, 0, -1, IPC_NOWAIT), errno()));
    remove(set);
}

fn semaphore_zero() {
    let set = set();
    unsafe { libc::semctl(set, 1, SETVAL, 3) };
    for _ in 0..3 {
        child(|| i32::from(op(set, 1, -1, 0) == 0));
    }
    let got = op(set, 1, 0, 0);
    say(&format!("{got} {}", reap_all()));
    remove(set);
}

fn semaphore_removed() {
    let set = set();
    child(|| i32::from(op(set, 0, -1, 0) == -1 && errno() == Some(libc::EIDRM)));
    nap(50);
    remove(set);
    // A child that comes later finds nothing: EINVAL. One that waits is told: EIDRM.
    say(&format!("{}", reap_all() <= 1));
}

fn semaphore_interrupted() {
    let set = set();
    handle(SIGALRM, libc::SA_RESTART);
    unsafe { libc::alarm(1) };
    let got = op(set, 0, -1, 0);
    say(&format!("{got} {:?} {}", errno(), SEEN.load(Ordering::SeqCst)));
    remove(set);
}

#[repr(C)]
struct Message {
    kind: i64,
    text: [u8; 8],
}

fn send(queue: i32, kind: i64, text: [u8; 8], flags: c_int) -> i32 {
    let message = Message { kind, text };
    unsafe { libc::msgsnd(queue, (&raw const message).cast(), 8, flags) }
}

fn receive(queue: i32, kind: i64, flags: c_int) -> (isize, [u8; 8]) {
    let mut message = Message { kind: 0, text: [0; 8] };
    let count = unsafe { libc::msgrcv(queue, (&raw mut message).cast(), 8, kind, flags) };
    (count, message.text)
}

fn messages() {
    let queue = unsafe { libc::msgget(IPC_PRIVATE, 0o600) };
    for (kind, text) in (1..4).zip(b'1'..) {
        child(|| send(queue, kind, [text; 8], 0));
    }
    for kind in [3, 1, 2] {
        let (count, text) = receive(queue, kind, 0);
        say(&format!("{count} {}", String::from_utf8_lossy(&text)));
    }
    reap_all();
    unsafe { libc::msgctl(queue, IPC_RMID, ptr::null_mut()) };
}

fn message_queue_full() {
    let queue = unsafe { libc::msgget(IPC_PRIVATE, 0o600) };
    let mut sent = 0;
    while send(queue, 1, [1; 8], IPC_NOWAIT) == 0 {
        sent += 1;
    }
    say(&format!("{} {:?}", sent > 100, errno()));
    child(|| i32::from(send(queue, 2, [2; 8], 0) == 0));
    nap(20);
    receive(queue, 1, 0);
    say(&format!("{}", reap_all()));
    say(&format!("{}", receive(queue, 2, 0).1[0]));
    unsafe { libc::msgctl(queue, IPC_RMID, ptr::null_mut()) };
}

fn message_queue_empty() {
    let queue = unsafe { libc::msgget(IPC_PRIVATE, 0o600) };
    say(&format!("{} {:?}", receive(queue, 0, IPC_NOWAIT).0, errno()));
    handle(SIGALRM, 0);
    ring();
    say(&format!("{} {:?}", receive(queue, 0, 0).0, errno()));
    unsafe { libc::msgctl(queue, IPC_RMID, ptr::null_mut()) };
}

fn semaphore_deadlock() {
    let set = set();
    child(|| op(set, 0, -1, 0));
    child(|| op(set, 1, -1, 0));
    reap_all();
}
