//! Guests of the tracer's tests: each name is one kernel behaviour in a tiny program. Under the
//! tracer each must do what it does without it.
#![expect(unsafe_code, reason = "guests are made of raw system calls")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "guests are not examples of good style")]
#![expect(clippy::multiple_unsafe_ops_per_block, reason = "guests are not examples of good style")]

use libc::{
    SIG_BLOCK, SIGALRM, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1, WNOHANG, WUNTRACED,
    c_int, c_void,
};
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{env, mem, process, ptr, thread};

static SEEN: AtomicI32 = AtomicI32::new(0);

extern "C" fn count(_: c_int) {
    SEEN.fetch_add(1, Ordering::SeqCst);
}

fn fork() -> i32 {
    unsafe { libc::fork() }
}

fn leave(code: i32) -> ! {
    unsafe { libc::_exit(code) }
}

/// One write, so that lines of several processes never mix.
fn say(line: &str) {
    let line = format!("{line}\n");
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

fn wait(pid: i32, options: i32) -> (i32, i32) {
    let mut status = 0;
    (unsafe { libc::waitpid(pid, &raw mut status, options) }, status)
}

fn pipe() -> (i32, i32) {
    let mut ends = [0; 2];
    unsafe { libc::pipe(ends.as_mut_ptr()) };
    (ends[0], ends[1])
}

fn handle(signal: i32, flags: i32) {
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = count as extern "C" fn(c_int) as usize;
        action.sa_flags = flags;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}

fn block(signal: i32) -> libc::sigset_t {
    unsafe {
        let (mut set, mut old): (libc::sigset_t, libc::sigset_t) = (mem::zeroed(), mem::zeroed());
        libc::sigaddset(&raw mut set, signal);
        libc::sigprocmask(SIG_BLOCK, &raw const set, &raw mut old);
        old
    }
}

fn read_all(fd: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = unsafe { std::fs::File::from_raw_fd(fd) };
    let _count = file.read_to_end(&mut bytes);
    bytes
}

#[expect(clippy::too_many_lines, reason = "a list of small programs")]
fn main() {
    let name = env::args().nth(1).unwrap_or_default();
    let errno = || std::io::Error::last_os_error().raw_os_error();
    match name.as_str() {
        "returns" => {}
        "exits" => process::exit(7),
        "aborts" => process::abort(),
        "segfaults" => unsafe { ptr::null_mut::<u8>().write_volatile(1) },
        "kills-itself" => unsafe {
            libc::raise(SIGKILL);
        },
        "forks" => {
            for code in 0..4 {
                match fork() {
                    0 => leave(code),
                    -1 => break,
                    _ => {}
                }
            }
            let mut sum = 0;
            while let (pid, status) = wait(-1, 0)
                && pid > 0
            {
                sum += libc::WEXITSTATUS(status);
            }
            say(&format!("{sum} {:?}", errno()));
        }
        "nests" => {
            for depth in 0..5 {
                if fork() != 0 {
                    wait(-1, 0);
                    say(&format!("depth {depth}"));
                    leave(0);
                }
            }
            say("bottom");
        }
        "no-children" => say(&format!("{:?} {:?}", wait(-1, 0).0, errno())),
        "polls-for-child" => {
            let (read, write) = pipe();
            if fork() == 0 {
                let mut byte = 0u8;
                unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
                leave(3);
            }
            say(&format!("{}", wait(-1, WNOHANG).0));
            unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
            say(&format!("{:x}", wait(-1, 0).1));
        }
        "peeks-then-reaps" => unsafe {
            if fork() == 0 {
                leave(9);
            }
            for options in [libc::WEXITED | libc::WNOWAIT, libc::WEXITED] {
                let mut info: libc::siginfo_t = mem::zeroed();
                libc::waitid(libc::P_ALL, 0, &raw mut info, options);
                say(&format!("{} {}", info.si_code, info.si_status()));
            }
        },
        "ignores-children" => {
            unsafe { libc::signal(SIGCHLD, libc::SIG_IGN) };
            if fork() == 0 {
                leave(1);
            }
            say(&format!("{} {:?}", wait(-1, 0).0, errno()));
        }
        "is-adopted" => {
            let (alive, parent_alive) = pipe();
            let (done, working) = pipe();
            if fork() == 0 {
                if fork() == 0 {
                    unsafe { libc::close(parent_alive) };
                    let _end = read_all(alive);
                    // Its parent has been reaped by now.
                    let parent = unsafe { libc::getppid() };
                    say(&format!("{}", unsafe { libc::kill(parent, 0) } != 0 || parent == 1));
                    leave(0);
                }
                leave(0);
            }
            wait(-1, 0);
            unsafe { libc::close(parent_alive) };
            unsafe { libc::close(working) };
            let _end = read_all(done);
        }
        "hears-the-end" => {
            let (alive, parent_alive) = pipe();
            let (done, working) = pipe();
            let middle = fork();
            if middle == 0 {
                let me = unsafe { libc::getpid() };
                if fork() == 0 {
                    unsafe { libc::close(parent_alive) };
                    let _end = read_all(alive);
                    // Its parent has closed all; it need not be dead.
                    let orphan = unsafe { libc::getppid() } != me;
                    say(if orphan { "orphan" } else { "not yet" });
                    leave(0);
                }
                leave(0);
            }
            unsafe { libc::close(parent_alive) };
            wait(middle, 0);
            unsafe { libc::close(working) };
            let _end = read_all(done);
        }
        "adopts" => {
            unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
            if fork() == 0 {
                if fork() == 0 {
                    leave(5);
                }
                leave(4);
            }
            let mut codes = [wait(-1, 0).1 >> 8, wait(-1, 0).1 >> 8];
            codes.sort_unstable();
            say(&format!("{codes:?}"));
        }
        "spawns" => {
            let status =
                process::Command::new("/bin/sh").args(["-c", "echo spawned; exit 6"]).status();
            say(&format!("{:?}", status.ok().and_then(|s| s.code())));
        }
        "fails-to-spawn" => {
            let error = process::Command::new("/nonexistent").status().err();
            say(&format!("{:?}", error.and_then(|e| e.raw_os_error())));
        }
        "spawns-and-reads" => {
            let output = process::Command::new("/bin/sh").args(["-c", "seq 3"]).output();
            say(&String::from_utf8_lossy(&output.map(|o| o.stdout).unwrap_or_default()));
        }
        "threads" => {
            let sum: i32 =
                (0..4).map(|n| thread::spawn(move || n)).map(|t| t.join().unwrap_or(0)).sum();
            say(&format!("{sum}"));
        }
        "condvar" => {
            let pair = Arc::new((Mutex::new(false), Condvar::new()));
            let other = Arc::clone(&pair);
            let t = thread::spawn(move || {
                if let Ok(mut done) = other.0.lock() {
                    *done = true;
                }
                other.1.notify_one();
            });
            if let Ok(guard) = pair.0.lock() {
                drop(pair.1.wait_while(guard, |done| !*done));
            }
            let _joined = t.join();
            say("notified");
        }
        "condvar-timeout" => {
            let pair = (Mutex::new(()), Condvar::new());
            if let Ok(guard) = pair.0.lock()
                && let Ok((_, timeout)) = pair.1.wait_timeout(guard, Duration::from_millis(300))
            {
                say(&format!("{}", timeout.timed_out()));
            }
        }
        "thread-exits-process" => {
            thread::spawn(|| leave(3));
            thread::sleep(Duration::from_secs(1000));
        }
        "large-write" => {
            let (read, write) = pipe();
            if fork() == 0 {
                let bytes: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
                let count = unsafe { libc::write(write, bytes.as_ptr().cast(), bytes.len()) };
                leave(i32::from(count == 300_000));
            }
            unsafe { libc::close(write) };
            let bytes = read_all(read);
            let right = bytes.iter().zip(0u32..).all(|(&b, n)| u32::from(b) == n % 251);
            say(&format!("{} {right} {:x}", bytes.len(), wait(-1, 0).1));
        }
        "large-vector-write" => {
            let (read, write) = pipe();
            if fork() == 0 {
                let bytes = vec![7u8; 200_000];
                let piece =
                    libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: 100_000 };
                unsafe { libc::writev(write, [piece, piece].as_ptr(), 2) };
                leave(0);
            }
            unsafe { libc::close(write) };
            say(&format!("{}", read_all(read).len()));
            wait(-1, 0);
        }
        "broken-pipe" => {
            let (read, write) = pipe();
            unsafe { libc::close(read) };
            let count = unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
            say(&format!("{count} {:?}", errno()));
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
            unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
        }
        "nonblocking" => unsafe {
            let (read, _write) = pipe();
            libc::fcntl(read, libc::F_SETFL, libc::O_NONBLOCK);
            let mut byte = 0u8;
            let count = libc::read(read, (&raw mut byte).cast::<c_void>(), 1);
            say(&format!("{count} {:?}", errno()));
        },
        "polls" => unsafe {
            let (read, write) = pipe();
            let mut asked = libc::pollfd { fd: read, events: libc::POLLIN, revents: 0 };
            let nothing = libc::poll(&raw mut asked, 1, 250);
            if fork() == 0 {
                libc::write(write, c"x".as_ptr().cast(), 1);
                leave(0);
            }
            let something = libc::poll(&raw mut asked, 1, -1);
            wait(-1, 0);
            say(&format!("{nothing} {something} {}", asked.revents));
        },
        "interrupted" => {
            handle(SIGALRM, 0);
            let (read, _write) = pipe();
            unsafe { libc::alarm(1) };
            let mut byte = 0u8;
            let count = unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
            say(&format!("{count} {:?} {}", errno(), SEEN.load(Ordering::SeqCst)));
        }
        "restarted" => {
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
        "coalesces" => {
            let old = block(SIGUSR1);
            handle(SIGUSR1, 0);
            for _ in 0..3 {
                unsafe { libc::raise(SIGUSR1) };
            }
            unsafe { libc::sigsuspend(&raw const old) };
            say(&format!("{}", SEEN.load(Ordering::SeqCst)));
        }
        "sigwaits" => unsafe {
            block(SIGCHLD);
            if fork() == 0 {
                leave(0);
            }
            let (mut set, mut signal): (libc::sigset_t, c_int) = (mem::zeroed(), 0);
            libc::sigaddset(&raw mut set, SIGCHLD);
            libc::sigwait(&raw const set, &raw mut signal);
            wait(-1, 0);
            say(&format!("{signal}"));
        },
        "stops-and-continues" => {
            let child = fork();
            if child == 0 {
                unsafe { libc::raise(SIGSTOP) };
                leave(8);
            }
            say(&format!("{:x}", wait(child, WUNTRACED).1));
            unsafe { libc::kill(child, SIGCONT) };
            say(&format!("{:x}", wait(child, 0).1));
        }
        "kills" => {
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
        "kills-stopped" => {
            let child = fork();
            if child == 0 {
                unsafe { libc::raise(SIGSTOP) };
                leave(8);
            }
            wait(child, WUNTRACED);
            unsafe { libc::kill(child, SIGKILL) };
            say(&format!("{:x}", wait(child, 0).1));
        }
        "kills-a-zombie" => unsafe {
            let child = fork();
            if child == 0 {
                leave(1);
            }
            let mut info: libc::siginfo_t = mem::zeroed();
            libc::waitid(libc::P_ALL, 0, &raw mut info, libc::WEXITED | libc::WNOWAIT);
            say(&format!("{} {:x}", libc::kill(child, SIGKILL), wait(child, 0).1));
        },
        "alarm" => {
            handle(SIGALRM, 0);
            unsafe { libc::alarm(1) };
            unsafe { libc::pause() };
            say(&format!("{}", SEEN.load(Ordering::SeqCst)));
        }
        "waits-for-time" => {
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_millis(400) {}
            say("later");
        }
        "sleeps" => {
            let begin = Instant::now();
            thread::sleep(Duration::from_millis(250));
            say(&format!("{}", begin.elapsed() >= Duration::from_millis(250)));
        }
        "signalfd" => unsafe {
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
        },
        "looks-then-pauses" => {
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
        "spins" => loop {
            std::hint::spin_loop();
        },
        "calls-for-ever" => loop {
            let (read, write) = pipe();
            unsafe { libc::close(read) };
            unsafe { libc::close(write) };
        },
        "forks-for-ever" => loop {
            fork();
        },
        "floods" => loop {
            say("again and again and again and again and again and again and again and again");
        },
        "deadlocks" => {
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
        "races" => {
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
        other => {
            say(&format!("no guest is called `{other}`"));
            process::exit(2);
        }
    }
}
