//! Waiting for descriptors of all kinds.

use crate::kernel::*;
use libc::{EPOLL_CTL_ADD, EPOLLET, EPOLLIN, POLLIN};

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("pidfd", pidfd),
    ("pidfd-signal", pidfd_signal),
    ("pidfd-and-pipe", pidfd_and_pipe),
    ("pidfd-nonblocking", pidfd_nonblocking),
    ("epoll", epoll),
    ("epoll-edge", epoll_edge),
    ("epoll-once", epoll_once),
    ("epoll-times-out", epoll_times_out),
    ("epoll-signalfd", epoll_signalfd),
    ("epoll-timerfd", epoll_timerfd),
    ("epoll-pidfd", epoll_pidfd),
    ("epoll-nested", epoll_nested),
    ("epoll-pwait2", epoll_pwait2),
    ("ppoll-mask", ppoll_mask),
    ("pselect-mask", pselect_mask),
    ("epoll-pwait-mask", epoll_pwait_mask),
    ("poll-interrupted", poll_interrupted),
    ("poll-stopped", poll_stopped),
    ("select-times-out", select_times_out),
    ("select-wakes", select_wakes),
    ("eventfd", eventfd),
    ("eventfd-semaphore", eventfd_semaphore),
    ("timerfd", timerfd),
    ("timerfd-periodic", timerfd_periodic),
    ("timerfd-absolute", timerfd_absolute),
    ("timerfd-shared", timerfd_shared),
    ("timerfd-nonblocking", timerfd_nonblocking),
    ("signalfd-polled", signalfd_polled),
    ("inotify", inotify),
    ("self-pipe", self_pipe),
];

fn open_pidfd(pid: i32, flags: c_int) -> i32 {
    i32::try_from(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) }).unwrap_or(-1)
}

fn poll_one(fd: i32, milliseconds: c_int) -> (i32, i16) {
    let mut asked = libc::pollfd { fd, events: POLLIN, revents: 0 };
    (unsafe { libc::poll(&raw mut asked, 1, milliseconds) }, asked.revents)
}

fn watch(epoll: i32, fd: i32, events: c_int, data: u64) {
    let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: data };
    unsafe { libc::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &raw mut event) };
}

/// How many events there were, and the first one's data.
fn await_one(epoll: i32, milliseconds: c_int) -> (i32, u64) {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    let count = unsafe { libc::epoll_wait(epoll, &raw mut event, 1, milliseconds) };
    (count, event.u64)
}

fn new_epoll() -> i32 {
    unsafe { libc::epoll_create1(0) }
}

fn pidfd() {
    let child = child(|| {
        nap(20);
        7
    });
    let fd = open_pidfd(child, 0);
    let ready = poll_one(fd, -1);
    unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        let id = fd.unsigned_abs();
        let got = libc::waitid(libc::P_PIDFD, id, &raw mut info, libc::WEXITED);
        say(&format!("{ready:?} {got} {} {:?}", info.si_status(), poll_one(fd, 0)));
    }
}

fn pidfd_signal() {
    let child = child(|| {
        loop {
            unsafe { libc::pause() };
        }
    });
    let fd = open_pidfd(child, 0);
    let send = || unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, SIGTERM, 0, 0) };
    let sent = send();
    say(&format!("{sent} {:x} {} {:?}", wait(child, 0).1, send(), errno()));
}

fn pidfd_and_pipe() {
    let (read, write) = pipe();
    let child = child(|| {
        put(write, "x");
        3
    });
    close(write);
    let fd = open_pidfd(child, 0);
    let (mut dead, mut said) = (false, String::new());
    while !dead {
        let mut asked = [fd, read].map(|fd| libc::pollfd { fd, events: POLLIN, revents: 0 });
        unsafe { libc::poll(asked.as_mut_ptr(), 2, -1) };
        if asked[1].revents & POLLIN != 0 {
            said += &get(read);
        }
        if asked[0].revents != 0 {
            // Whoever is told of a death can reap it.
            dead = wait(child, WNOHANG).0 == child;
            say(&format!("{dead}"));
        }
    }
    said += &get(read);
    say(&said);
}

fn pidfd_nonblocking() {
    let (read, write) = pipe();
    let child = child(|| {
        close(write);
        get(read);
        4
    });
    let fd = open_pidfd(child, libc::O_NONBLOCK);
    let look = || unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        let id = fd.unsigned_abs();
        let got = libc::waitid(libc::P_PIDFD, id, &raw mut info, libc::WEXITED);
        (got, errno())
    };
    say(&format!("{:?}", look()));
    close(write);
    poll_one(fd, -1);
    say(&format!("{}", look().0));
}

fn epoll() {
    let (epoll, a, b) = (new_epoll(), pipe(), pipe());
    watch(epoll, a.0, EPOLLIN, 1);
    watch(epoll, b.0, EPOLLIN, 2);
    child(|| {
        nap(10);
        i32::try_from(put(b.1, "x")).unwrap_or(0)
    });
    let first = await_one(epoll, -1);
    get(b.0);
    reap_all();
    say(&format!("{first:?} {:?}", await_one(epoll, 0)));
}

fn epoll_edge() {
    let (epoll, ends) = (new_epoll(), pipe());
    watch(epoll, ends.0, EPOLLIN | EPOLLET, 1);
    put(ends.1, "x");
    // The second look finds no new edge, though there is still something to read.
    say(&format!("{:?} {:?}", await_one(epoll, -1), await_one(epoll, 50).0));
    child(|| i32::try_from(put(ends.1, "y")).unwrap_or(0));
    say(&format!("{:?}", await_one(epoll, -1)));
    reap_all();
}

fn epoll_once() {
    let (epoll, ends) = (new_epoll(), pipe());
    watch(epoll, ends.0, EPOLLIN | libc::EPOLLONESHOT, 5);
    put(ends.1, "x");
    say(&format!("{:?} {:?}", await_one(epoll, -1), await_one(epoll, 50).0));
}

fn epoll_times_out() {
    let (epoll, ends, begin) = (new_epoll(), pipe(), Instant::now());
    watch(epoll, ends.0, EPOLLIN, 1);
    let count = await_one(epoll, 250).0;
    say(&format!("{count} {}", begin.elapsed() >= Duration::from_millis(250)));
}

fn epoll_signalfd() {
    block(SIGUSR1);
    let set = only(SIGUSR1);
    let fd = unsafe { libc::signalfd(-1, &raw const set, 0) };
    let (epoll, me) = (new_epoll(), unsafe { libc::getpid() });
    watch(epoll, fd, EPOLLIN, 9);
    child(|| {
        nap(10);
        unsafe { libc::kill(me, SIGUSR1) }
    });
    let found = await_one(epoll, -1);
    let mut info = [0u8; 128];
    let count = unsafe { libc::read(fd, info.as_mut_ptr().cast(), info.len()) };
    say(&format!("{found:?} {count} {} {}", info[0], await_one(epoll, 0).0));
    reap_all();
}

fn new_timer(clock: c_int, flags: c_int) -> i32 {
    unsafe { libc::timerfd_create(clock, flags) }
}

fn set_timer(fd: i32, flags: c_int, value: libc::timespec, interval: libc::timespec) {
    let new = libc::itimerspec { it_interval: interval, it_value: value };
    unsafe { libc::timerfd_settime(fd, flags, &raw const new, ptr::null_mut()) };
}

/// Expiries read from a timer.
fn expiries(fd: i32) -> (isize, u64) {
    let mut count = 0u64;
    (unsafe { libc::read(fd, (&raw mut count).cast(), 8) }, count)
}

fn epoll_timerfd() {
    let (epoll, timer) = (new_epoll(), new_timer(libc::CLOCK_MONOTONIC, 0));
    watch(epoll, timer, EPOLLIN, 3);
    set_timer(timer, 0, span(200), span(0));
    say(&format!("{:?} {:?}", await_one(epoll, 0).0, await_one(epoll, -1)));
    say(&format!("{:?} {:?}", expiries(timer), await_one(epoll, 0).0));
}

fn epoll_pidfd() {
    let epoll = new_epoll();
    for code in [1, 2] {
        let child = child(|| code);
        watch(epoll, open_pidfd(child, 0), EPOLLIN, u64::from(child.unsigned_abs()));
    }
    let mut sum = 0;
    for _ in 0..2 {
        let (_, child) = await_one(epoll, -1);
        let (reaped, status) = wait(i32::try_from(child).unwrap_or(-1), WNOHANG);
        sum += libc::WEXITSTATUS(status) + i32::from(reaped <= 0) * 100;
    }
    // Level-triggered: the same one may be told of again.
    say(&format!("{}", sum % 100 <= 3));
    reap_all();
}

fn epoll_nested() {
    let (outer, inner, ends) = (new_epoll(), new_epoll(), pipe());
    watch(inner, ends.0, EPOLLIN, 1);
    watch(outer, inner, EPOLLIN, 2);
    child(|| i32::try_from(put(ends.1, "x")).unwrap_or(0));
    say(&format!("{:?} {:?}", await_one(outer, -1), await_one(inner, -1)));
    reap_all();
}

fn epoll_pwait2() {
    let (epoll, ends, begin) = (new_epoll(), pipe(), Instant::now());
    watch(epoll, ends.0, EPOLLIN, 1);
    let time = span(200);
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    let count = unsafe {
        libc::syscall(libc::SYS_epoll_pwait2, epoll, &raw mut event, 1, &raw const time, 0, 8)
    };
    say(&format!("{count} {}", begin.elapsed() >= Duration::from_millis(200)));
}

/// A child sends SIGUSR1, which is blocked; `wait` lets it through.
fn masked(wait: impl FnOnce(&libc::sigset_t) -> i32) {
    block(SIGUSR1);
    handle(SIGUSR1, 0);
    let me = unsafe { libc::getpid() };
    child(|| unsafe { libc::kill(me, SIGUSR1) });
    let open: libc::sigset_t = unsafe { mem::zeroed() };
    let count = wait(&open);
    say(&format!("{count} {:?} {}", errno(), SEEN.load(Ordering::SeqCst)));
    reap_all();
}

fn ppoll_mask() {
    let (read, _write) = pipe();
    masked(|open| {
        let mut asked = libc::pollfd { fd: read, events: POLLIN, revents: 0 };
        unsafe { libc::ppoll(&raw mut asked, 1, ptr::null(), open) }
    });
}

fn pselect_mask() {
    let (read, _write) = pipe();
    masked(|open| unsafe {
        let mut set: libc::fd_set = mem::zeroed();
        libc::FD_SET(read, &raw mut set);
        let none = ptr::null_mut();
        libc::pselect(read + 1, &raw mut set, none, none, ptr::null(), open)
    });
}

fn epoll_pwait_mask() {
    let (epoll, ends) = (new_epoll(), pipe());
    watch(epoll, ends.0, EPOLLIN, 1);
    masked(|open| {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        unsafe { libc::epoll_pwait(epoll, &raw mut event, 1, -1, open) }
    });
}

fn poll_interrupted() {
    let (read, _write) = pipe();
    handle(SIGALRM, libc::SA_RESTART);
    unsafe { libc::alarm(1) };
    let found = poll_one(read, 5000);
    say(&format!("{found:?} {:?} {}", errno(), SEEN.load(Ordering::SeqCst)));
}

fn poll_stopped() {
    let (read, write) = pipe();
    let poller = child(|| {
        let found = poll_one(read, 1500);
        i32::from(found == (1, POLLIN)) * 6
    });
    unsafe { libc::kill(poller, SIGSTOP) };
    wait(poller, WUNTRACED);
    unsafe { libc::kill(poller, SIGCONT) };
    put(write, "x");
    say(&format!("{:x}", wait(poller, 0).1));
}

fn select_times_out() {
    let (read, _write) = pipe();
    let mut time = libc::timeval { tv_sec: 0, tv_usec: 250_000 };
    let (count, left) = unsafe {
        let mut set: libc::fd_set = mem::zeroed();
        libc::FD_SET(read, &raw mut set);
        let none = ptr::null_mut();
        let count = libc::select(read + 1, &raw mut set, none, none, &raw mut time);
        (count, libc::FD_ISSET(read, &raw const set))
    };
    say(&format!("{count} {left} {} {}", time.tv_sec, time.tv_usec));
}

fn select_wakes() {
    let (a, b) = (pipe(), pipe());
    child(|| i32::try_from(put(b.1, "x")).unwrap_or(0));
    let mut time = libc::timeval { tv_sec: 5, tv_usec: 0 };
    unsafe {
        let mut set: libc::fd_set = mem::zeroed();
        libc::FD_SET(a.0, &raw mut set);
        libc::FD_SET(b.0, &raw mut set);
        let none = ptr::null_mut();
        let count = libc::select(b.0 + 1, &raw mut set, none, none, &raw mut time);
        let found = [a.0, b.0].map(|fd| libc::FD_ISSET(fd, &raw const set));
        say(&format!("{count} {found:?} {}", time.tv_sec >= 4));
    }
    reap_all();
}

fn eventfd() {
    let fd = unsafe { libc::eventfd(0, 0) };
    for n in 1..3u64 {
        child(|| unsafe {
            libc::write(fd, (&raw const n).cast(), 8);
            0
        });
    }
    let mut sum = 0;
    while sum < 3 {
        sum += expiries(fd).1;
    }
    say(&format!("{sum}"));
    reap_all();
}

fn eventfd_semaphore() {
    let fd = unsafe { libc::eventfd(0, libc::EFD_SEMAPHORE) };
    for _ in 0..2 {
        child(|| i32::try_from(expiries(fd).1).unwrap_or(0));
    }
    let two = 2u64;
    unsafe { libc::write(fd, (&raw const two).cast(), 8) };
    say(&format!("{}", reap_all()));
}

fn timerfd() {
    let (timer, begin) = (new_timer(libc::CLOCK_MONOTONIC, 0), Instant::now());
    set_timer(timer, 0, span(300), span(0));
    let mut left: libc::itimerspec = unsafe { mem::zeroed() };
    unsafe { libc::timerfd_gettime(timer, &raw mut left) };
    let some = left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 300_000_000;
    let read = expiries(timer);
    say(&format!("{some} {read:?} {}", begin.elapsed() >= Duration::from_millis(300)));
}

fn timerfd_periodic() {
    let (timer, begin) = (new_timer(libc::CLOCK_MONOTONIC, 0), Instant::now());
    set_timer(timer, 0, span(50), span(50));
    let mut sum = 0;
    while sum < 4 {
        sum += expiries(timer).1;
    }
    say(&format!("{}", begin.elapsed() >= Duration::from_millis(200)));
    set_timer(timer, 0, span(0), span(0));
    say(&format!("{}", poll_one(timer, 0).0));
}

fn timerfd_absolute() {
    let timer = new_timer(libc::CLOCK_REALTIME, 0);
    let mut then = span(0);
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut then) };
    then.tv_sec += 1;
    set_timer(timer, libc::TFD_TIMER_ABSTIME, then, span(0));
    say(&format!("{:?}", expiries(timer)));
    // Long past.
    set_timer(timer, libc::TFD_TIMER_ABSTIME, span(1000), span(0));
    say(&format!("{:?}", expiries(timer)));
}

fn timerfd_shared() {
    let timer = new_timer(libc::CLOCK_MONOTONIC, 0);
    child(|| i32::try_from(expiries(timer).1).unwrap_or(0));
    set_timer(timer, 0, span(100), span(0));
    say(&format!("{}", reap_all()));
}

fn timerfd_nonblocking() {
    let timer = new_timer(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK);
    set_timer(timer, 0, span(100), span(0));
    say(&format!("{} {:?}", expiries(timer).0, errno()));
    poll_one(timer, -1);
    say(&format!("{:?}", expiries(timer)));
}

fn signalfd_polled() {
    block(SIGUSR1);
    let set = only(SIGUSR1);
    let fd = unsafe { libc::signalfd(-1, &raw const set, 0) };
    let me = unsafe { libc::getpid() };
    child(|| unsafe { libc::kill(me, SIGUSR1) });
    say(&format!("{:?}", poll_one(fd, -1)));
    reap_all();
}

fn inotify() {
    let path = path("inotify");
    close(file(&path));
    let fd = unsafe { libc::inotify_init1(0) };
    unsafe { libc::inotify_add_watch(fd, path.as_ptr(), libc::IN_MODIFY) };
    child(|| i32::try_from(put(open(&path, libc::O_WRONLY), "x")).unwrap_or(0));
    let mut bytes = [0u8; 64];
    let count = unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), 64) };
    say(&format!("{count} {}", bytes[4]));
    reap_all();
    unsafe { libc::unlink(path.as_ptr()) };
}

fn self_pipe() {
    static WRITE: AtomicI32 = AtomicI32::new(-1);
    extern "C" fn tell(_: c_int) {
        put(WRITE.load(Ordering::SeqCst), "s");
    }
    let (read, write) = pipe();
    WRITE.store(write, Ordering::SeqCst);
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = tell as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(SIGCHLD, &raw const action, ptr::null_mut());
    }
    child(|| 8);
    while poll_one(read, -1).0 < 1 {}
    say(&format!("{} {:x}", get(read), wait(-1, WNOHANG).1));
}
