//! Signals sent, caught, blocked, waited for; stops.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("interrupted", interrupted),
    ("restarted", restarted),
    ("coalesces", coalesces),
    ("sigwaits", sigwaits),
    ("signalfd", signalfd),
    ("sigwaits-unblocked", sigwaits_unblocked),
    ("sigwaits-for-what-is-dropped", sigwaits_for_what_is_dropped),
    ("sigwaits-caught", sigwaits_caught),
    ("signalfd-unblocked", signalfd_unblocked),
    ("suspends-with-a-mask-of-its-own", suspends_with_a_mask_of_its_own),
    ("looks-then-pauses", looks_then_pauses),
    ("stops-and-continues", stops_and_continues),
    ("is-told-of-a-pipe", is_told_of_a_pipe),
    ("kills", kills),
    ("kills-stopped", kills_stopped),
    ("kills-before-the-stop-is-told", kills_before_the_stop_is_told),
    ("kills-a-zombie", kills_a_zombie),
];

/// Writing into a pipe sends a signal to who has asked for that.
fn is_told_of_a_pipe() {
    let old = block(libc::SIGIO);
    handle(libc::SIGIO, 0);
    let (read, write) = pipe();
    unsafe {
        libc::fcntl(read, libc::F_SETOWN, libc::getpid());
        libc::fcntl(read, libc::F_SETFL, libc::O_ASYNC);
    }
    let (answer, answers) = pipe();
    let child = child(|| {
        put(write, "x");
        i32::from(get(answer) != "y")
    });
    suspend(&old);
    put(answers, "y");
    say(&format!("{} {:x}", SEEN.load(Ordering::SeqCst), wait(child, 0).1));
}

fn interrupted() {
    handle(SIGALRM, 0);
    let (read, _write) = pipe();
    ring();
    let mut byte = 0u8;
    let count = unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
    say(&format!("{count} {:?} {}", errno(), heard()));
}

fn restarted() {
    handle(SIGUSR1, libc::SA_RESTART);
    let me = unsafe { libc::getpid() };
    let child = fork();
    if child == 0 {
        thread::sleep(Duration::from_millis(300));
        unsafe { libc::kill(me, SIGUSR1) };
        thread::sleep(Duration::from_millis(300));
        leave(2);
    }
    say(&format!("{:x} {}", wait(child, 0).1, SEEN.load(Ordering::SeqCst)));
}

fn coalesces() {
    let old = block(SIGUSR1);
    handle(SIGUSR1, 0);
    for _ in 0..3 {
        unsafe { libc::raise(SIGUSR1) };
    }
    unsafe { libc::sigsuspend(&raw const old) };
    say(&format!("{}", SEEN.load(Ordering::SeqCst)));
}

fn sigwaits() {
    unsafe {
        block(SIGCHLD);
        if fork() == 0 {
            leave(0);
        }
        let (mut set, mut signal): (libc::sigset_t, c_int) = (mem::zeroed(), 0);
        libc::sigaddset(&raw mut set, SIGCHLD);
        libc::sigwait(&raw const set, &raw mut signal);
        wait(-1, 0);
        say(&format!("{signal}"));
    }
}

fn signalfd() {
    unsafe {
        block(SIGUSR1);
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigaddset(&raw mut set, SIGUSR1);
        let fd = libc::signalfd(-1, &raw const set, 0);
        let me = libc::getpid();
        if fork() == 0 {
            libc::kill(me, SIGUSR1);
            leave(0);
        }
        let mut info = [0u8; 128];
        let count = libc::read(fd, info.as_mut_ptr().cast(), info.len());
        say(&format!("{count} {}", info[0]));
        wait(-1, 0);
    }
}

fn set_of(signal: i32) -> libc::sigset_t {
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        set
    }
}

/// Waits for a signal of the set; gives it, or -1 when the time is up.
fn take(set: &libc::sigset_t, milliseconds: i64) -> i32 {
    let time = libc::timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 };
    unsafe { libc::sigtimedwait(set, ptr::null_mut(), &raw const time) }
}

/// Nobody has blocked what is waited for: it kills, before the wait as well as within.
fn sigwaits_unblocked() {
    let child = fork();
    if child == 0 {
        take(&set_of(SIGUSR1), 900);
        leave(0);
    }
    unsafe { libc::kill(child, SIGUSR1) };
    say(&format!("{:x}", wait(child, 0).1));
}

/// SIGCHLD is neither blocked nor caught, so it is dropped, before the wait as well as within.
fn sigwaits_for_what_is_dropped() {
    let child = fork();
    if child == 0 {
        leave(0);
    }
    say(&format!("{}", take(&set_of(SIGCHLD), 50)));
    wait(child, 0);
}

/// Within the wait it is taken; before it its handler runs.
fn sigwaits_caught() {
    handle(SIGUSR1, 0);
    let me = unsafe { libc::getpid() };
    let child = fork();
    if child == 0 {
        unsafe { libc::kill(me, SIGUSR1) };
        leave(0);
    }
    let taken = take(&set_of(SIGUSR1), 50);
    wait(child, 0);
    say(&format!("{taken} {}", SEEN.load(Ordering::SeqCst)));
}

/// As for sigwait: it kills.
fn signalfd_unblocked() {
    let child = fork();
    if child == 0 {
        let set = set_of(SIGUSR1);
        let mut info = [0u8; 128];
        unsafe {
            let fd = libc::signalfd(-1, &raw const set, 0);
            libc::read(fd, info.as_mut_ptr().cast(), info.len());
        }
        leave(0);
    }
    unsafe { libc::kill(child, SIGUSR1) };
    say(&format!("{:x}", wait(child, 0).1));
}

/// Inside of `sigsuspend` and `pselect` only SIGUSR1 comes through.
fn suspends_with_a_mask_of_its_own() {
    unsafe {
        block(SIGUSR1);
        handle(SIGUSR1, 0);
        handle(SIGALRM, 0);
        let mut shut: libc::sigset_t = mem::zeroed();
        libc::sigfillset(&raw mut shut);
        libc::sigdelset(&raw mut shut, SIGUSR1);
        let me = libc::getpid();
        for round in 1..=2 {
            let child = fork();
            if child == 0 {
                libc::kill(me, SIGUSR1);
                leave(0);
            }
            if round == 1 {
                libc::sigsuspend(&raw const shut);
            } else {
                let none = ptr::null_mut();
                libc::pselect(0, none, none, none, ptr::null(), &raw const shut);
            }
            say(&format!("{}", SEEN.load(Ordering::SeqCst)));
            // Whoever interrupts this is one of the handlers too.
            while wait(child, 0).0 != child {}
            SEEN.store(round, Ordering::SeqCst);
        }
    }
}

fn looks_then_pauses() {
    handle(SIGUSR1, 0);
    let me = unsafe { libc::getpid() };
    let child = fork();
    if child == 0 {
        unsafe { libc::kill(me, SIGUSR1) };
        leave(0);
    }
    if SEEN.load(Ordering::SeqCst) == 0 {
        unsafe { libc::pause() };
    }
    wait(child, 0);
}

fn stops_and_continues() {
    let child = fork();
    if child == 0 {
        unsafe { libc::raise(SIGSTOP) };
        leave(8);
    }
    say(&format!("{:x}", wait(child, WUNTRACED).1));
    unsafe { libc::kill(child, SIGCONT) };
    say(&format!("{:x}", wait(child, 0).1));
}

fn kills() {
    for signal in [SIGKILL, SIGTERM] {
        let child = fork();
        if child == 0 {
            loop {
                unsafe { libc::pause() };
            }
        }
        unsafe { libc::kill(child, signal) };
        say(&format!("{:x}", wait(child, 0).1));
    }
}

fn kills_stopped() {
    let child = fork();
    if child == 0 {
        unsafe { libc::raise(SIGSTOP) };
        leave(8);
    }
    wait(child, WUNTRACED);
    unsafe { libc::kill(child, SIGKILL) };
    say(&format!("{:x}", wait(child, 0).1));
}

/// Stopped or not by then: what the parent is told is the end.
fn kills_before_the_stop_is_told() {
    let child = fork();
    if child == 0 {
        unsafe { libc::raise(SIGSTOP) };
        loop {
            unsafe { libc::pause() };
        }
    }
    unsafe { libc::kill(child, SIGKILL) };
    say(&format!("{:x}", wait(child, WUNTRACED).1));
}

fn kills_a_zombie() {
    unsafe {
        let child = fork();
        if child == 0 {
            leave(1);
        }
        let mut info: libc::siginfo_t = mem::zeroed();
        libc::waitid(libc::P_ALL, 0, &raw mut info, libc::WEXITED | libc::WNOWAIT);
        say(&format!("{} {:x}", libc::kill(child, SIGKILL), wait(child, 0).1));
    }
}
