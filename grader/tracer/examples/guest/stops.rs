//! Stopping and continuing, of processes with one thread and with several; vfork.

use crate::kernel::*;
use libc::WCONTINUED;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("stops-threads", stops_threads),
    ("stops-itself-with-threads", stops_itself_with_threads),
    ("stopped-by-terminal", stopped_by_terminal),
    ("continued-is-told", continued_is_told),
    ("stop-is-handled", stop_is_handled),
    ("stops-in-read", stops_in_read),
    ("stops-twice", stops_twice),
    ("kills-stopped-threads", kills_stopped_threads),
    ("vfork", vfork),
    ("vfork-exec", vfork_exec),
    ("exec-from-thread", exec_from_thread),
    ("exit-group-race", exit_group_race),
    ("signal-to-thread", signal_to_thread),
    ("main-thread-leaves", main_thread_leaves),
];

fn stops_threads() {
    let (read, write) = pipe();
    let stopped = child(|| {
        let threads: Vec<_> = (0..2).map(|_| thread::spawn(move || get(read).len())).collect();
        let sum: usize = threads.into_iter().map(|t| t.join().unwrap_or(0)).sum();
        i32::try_from(sum).unwrap_or(0)
    });
    unsafe { libc::kill(stopped, SIGSTOP) };
    say(&format!("{:x}", wait(stopped, WUNTRACED).1));
    put(write, "x");
    unsafe { libc::kill(stopped, SIGCONT) };
    close(write);
    close(read);
    // Its own copy of the write end keeps the pipe open; both threads get one byte or wait.
    unsafe { libc::kill(stopped, SIGTERM) };
    say(&format!("{:x}", wait(stopped, 0).1));
}

fn stops_itself_with_threads() {
    let stopped = child(|| {
        let helper = thread::spawn(|| {
            for _ in 0..3 {
                thread::yield_now();
            }
            3
        });
        unsafe { libc::kill(libc::getpid(), SIGSTOP) };
        helper.join().unwrap_or(0)
    });
    say(&format!("{:x}", wait(stopped, WUNTRACED).1));
    unsafe { libc::kill(stopped, SIGCONT) };
    say(&format!("{:x}", wait(stopped, 0).1));
}

fn stopped_by_terminal() {
    let stopped = child(|| {
        unsafe { libc::setpgid(0, 0) };
        unsafe { libc::raise(libc::SIGTSTP) };
        4
    });
    let (_, status) = wait(stopped, WUNTRACED);
    // A process group without a parent in its session ignores the terminal's stop.
    if libc::WIFSTOPPED(status) {
        unsafe { libc::kill(stopped, SIGCONT) };
        say(&format!("{:x}", wait(stopped, 0).1));
    } else {
        say(&format!("{status:x}"));
    }
}

fn continued_is_told() {
    let stopped = child(|| {
        unsafe { libc::raise(SIGSTOP) };
        loop {
            unsafe { libc::pause() };
        }
    });
    say(&format!("{:x}", wait(stopped, WUNTRACED).1));
    unsafe { libc::kill(stopped, SIGCONT) };
    say(&format!("{:x}", wait(stopped, WCONTINUED).1));
    unsafe { libc::kill(stopped, SIGKILL) };
    say(&format!("{:x}", wait(stopped, WCONTINUED).1));
}

fn stop_is_handled() {
    let stopped = child(|| {
        handle(SIGCONT, 0);
        unsafe { libc::raise(SIGSTOP) };
        10 + SEEN.load(Ordering::SeqCst)
    });
    wait(stopped, WUNTRACED);
    unsafe { libc::kill(stopped, SIGCONT) };
    say(&format!("{}", reap_all()));
}

fn stops_in_read() {
    let (read, write) = pipe();
    let stopped = child(|| i32::try_from(get(read).len()).unwrap_or(0));
    nap(5);
    unsafe { libc::kill(stopped, SIGSTOP) };
    wait(stopped, WUNTRACED);
    put(write, "after the stop");
    unsafe { libc::kill(stopped, SIGCONT) };
    say(&format!("{}", reap_all()));
}

fn stops_twice() {
    let stopped = child(|| {
        for _ in 0..2 {
            unsafe { libc::raise(SIGSTOP) };
        }
        6
    });
    for _ in 0..2 {
        say(&format!("{:x}", wait(stopped, WUNTRACED).1));
        unsafe { libc::kill(stopped, SIGCONT) };
    }
    say(&format!("{}", reap_all()));
}

fn kills_stopped_threads() {
    let stopped = child(|| {
        let _helper = thread::spawn(|| {
            loop {
                unsafe { libc::pause() };
            }
        });
        unsafe { libc::kill(libc::getpid(), SIGSTOP) };
        1
    });
    wait(stopped, WUNTRACED);
    unsafe { libc::kill(stopped, SIGKILL) };
    say(&format!("{:x}", wait(stopped, 0).1));
}

fn vfork() {
    // Through the raw call a child that only exits is safe.
    let child =
        unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD | libc::CLONE_VFORK, 0, 0, 0, 0) };
    if child == 0 {
        say("child first");
        leave(3);
    }
    say("then the parent");
    say(&format!("{}", reap_all()));
}

fn vfork_exec() {
    let status = process::Command::new("/bin/true").status();
    say(&format!("{:?}", status.ok().and_then(|s| s.code())));
}

fn exec_from_thread() {
    let pid = child(|| {
        let thread = thread::spawn(|| {
            let arguments = [c"sh".as_ptr(), c"-c".as_ptr(), c"exit 9".as_ptr(), ptr::null()];
            unsafe { libc::execv(c"/bin/sh".as_ptr(), arguments.as_ptr()) };
        });
        let _joined = thread.join();
        1
    });
    say(&format!("{:x}", wait(pid, 0).1));
}

fn exit_group_race() {
    let pid = child(|| {
        for _ in 0..3 {
            thread::spawn(|| leave(5));
        }
        leave(5)
    });
    say(&format!("{:x}", wait(pid, 0).1));
}

fn signal_to_thread() {
    handle(SIGUSR1, 0);
    let (read, write) = pipe();
    let thread = thread::spawn(move || {
        let tid = unsafe { libc::syscall(libc::SYS_gettid) };
        put(write, &tid.to_string());
        unsafe { libc::pause() };
        SEEN.load(Ordering::SeqCst)
    });
    let tid: i64 = get(read).parse().unwrap_or(0);
    let me = unsafe { libc::getpid() };
    nap(5);
    // Again and again: it may come before the thread pauses.
    while !thread.is_finished() {
        unsafe { libc::syscall(libc::SYS_tgkill, me, tid, SIGUSR1) };
        nap(5);
    }
    say(&format!("{}", thread.join().unwrap_or(0) > 0));
}

fn main_thread_leaves() {
    let pid = child(|| {
        thread::spawn(|| {
            nap(5);
            leave(8);
        });
        unsafe { libc::syscall(libc::SYS_exit, 1) };
        0
    });
    say(&format!("{:x}", wait(pid, 0).1));
}
