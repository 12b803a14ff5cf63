//! POSIX message queues.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("queue", queue),
    ("queue-full", queue_full),
    ("queue-times-out", queue_times_out),
    ("queue-polled", queue_polled),
    ("queue-notifies", queue_notifies),
];

fn open_queue(name: &str, room: i64, flags: c_int) -> i32 {
    let name = CString::new(format!("/forklings-{name}-{}", unsafe { libc::getpid() }));
    let name = name.unwrap_or_default();
    unsafe {
        let mut attributes: libc::mq_attr = mem::zeroed();
        attributes.mq_maxmsg = room;
        attributes.mq_msgsize = 16;
        let flags = libc::O_RDWR | libc::O_CREAT | flags;
        let queue = libc::mq_open(name.as_ptr(), flags, 0o600, &raw const attributes);
        libc::mq_unlink(name.as_ptr());
        queue
    }
}

fn send(queue: i32, text: &str, priority: u32) -> i32 {
    unsafe { libc::mq_send(queue, text.as_ptr().cast(), text.len(), priority) }
}

fn receive(queue: i32) -> (isize, String, u32) {
    let (mut bytes, mut priority) = ([0u8; 16], 0);
    let count = unsafe {
        libc::mq_receive(queue, bytes.as_mut_ptr().cast(), bytes.len(), &raw mut priority)
    };
    let length = usize::try_from(count).unwrap_or(0);
    (count, String::from_utf8_lossy(&bytes[..length]).into_owned(), priority)
}

fn queue() {
    let queue = open_queue("plain", 8, 0);
    child(|| {
        nap(10);
        send(queue, "low", 1);
        send(queue, "high", 9);
        0
    });
    let first = receive(queue);
    reap_all();
    let mut both = [first, receive(queue)];
    both.sort();
    say(&format!("{both:?}"));
}

fn queue_full() {
    let queue = open_queue("full", 1, 0);
    child(|| {
        for text in ["a", "b", "c"] {
            send(queue, text, 0);
        }
        0
    });
    for _ in 0..3 {
        say(&receive(queue).1);
    }
    reap_all();
}

fn queue_times_out() {
    let queue = open_queue("times-out", 1, 0);
    let mut until = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut until) };
    until.tv_sec += 1;
    let mut bytes = [0u8; 16];
    let got = unsafe {
        libc::mq_timedreceive(
            queue,
            bytes.as_mut_ptr().cast(),
            16,
            ptr::null_mut(),
            &raw const until,
        )
    };
    say(&format!("{got} {:?}", errno()));
    let queue = open_queue("at-once", 1, libc::O_NONBLOCK);
    say(&format!("{} {:?}", receive(queue).0, errno()));
}

fn queue_polled() {
    let queue = open_queue("polled", 4, 0);
    child(|| {
        nap(10);
        send(queue, "polled", 0)
    });
    let mut asked = libc::pollfd { fd: queue, events: libc::POLLIN, revents: 0 };
    let count = unsafe { libc::poll(&raw mut asked, 1, -1) };
    say(&format!("{count} {} {}", asked.revents, receive(queue).1));
    reap_all();
}

fn queue_notifies() {
    let queue = open_queue("notifies", 4, 0);
    block(SIGUSR1);
    unsafe {
        let mut event: libc::sigevent = mem::zeroed();
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = SIGUSR1;
        libc::mq_notify(queue, &raw const event);
        child(|| send(queue, "news", 0));
        let (mut set, mut signal): (libc::sigset_t, c_int) = (mem::zeroed(), 0);
        libc::sigaddset(&raw mut set, SIGUSR1);
        libc::sigwait(&raw const set, &raw mut signal);
        say(&format!("{signal} {}", receive(queue).1));
    }
    reap_all();
}
