//! Forking, reaping, orphans, programs executed.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("forks", forks),
    ("nests", nests),
    ("no-children", no_children),
    ("polls-for-child", polls_for_child),
    ("peeks-then-reaps", peeks_then_reaps),
    ("ignores-children", ignores_children),
    ("is-adopted", is_adopted),
    ("hears-the-end", hears_the_end),
    ("adopts", adopts),
    ("spawns", spawns),
    ("fails-to-spawn", fails_to_spawn),
    ("spawns-and-reads", spawns_and_reads),
    ("leaves-zombies", leaves_zombies),
    ("sees-the-dead", sees_the_dead),
    ("sees-the-waiting", sees_the_waiting),
    ("dies-with-its-parent", dies_with_its_parent),
];

fn forks() {
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

fn nests() {
    for depth in 0..5 {
        if fork() != 0 {
            wait(-1, 0);
            say(&format!("depth {depth}"));
            leave(0);
        }
    }
    say("bottom");
}

fn no_children() {
    say(&format!("{:?} {:?}", wait(-1, 0).0, errno()));
}

fn polls_for_child() {
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

fn peeks_then_reaps() {
    unsafe {
        if fork() == 0 {
            leave(9);
        }
        for options in [libc::WEXITED | libc::WNOWAIT, libc::WEXITED] {
            let mut info: libc::siginfo_t = mem::zeroed();
            libc::waitid(libc::P_ALL, 0, &raw mut info, options);
            say(&format!("{} {}", info.si_code, info.si_status()));
        }
    }
}

fn ignores_children() {
    unsafe { libc::signal(SIGCHLD, libc::SIG_IGN) };
    if fork() == 0 {
        leave(1);
    }
    say(&format!("{} {:?}", wait(-1, 0).0, errno()));
}

fn is_adopted() {
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

/// The zombies of a parent that ends go to init, which reaps them; those of its own too.
fn leaves_zombies() {
    let (read, write) = pipe();
    let middle = fork();
    if middle == 0 {
        for _ in 0..8 {
            put(write, &format!("{}\n", zombie()));
        }
        leave(0);
    }
    unsafe { libc::close(write) };
    wait(middle, 0);
    for child in String::from_utf8_lossy(&read_all(read)).lines() {
        let there = unsafe { libc::kill(child.parse().unwrap_or(-1), 0) } == 0;
        say(if there { "there" } else { "gone" });
    }
    for _ in 0..8 {
        zombie();
    }
}

/// A child that has ended, not reaped.
fn zombie() -> i32 {
    let child = fork();
    if child == 0 {
        leave(0);
    }
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(
            libc::P_PID,
            child.unsigned_abs(),
            &raw mut info,
            libc::WEXITED | libc::WNOWAIT,
        );
    }
    child
}

fn hears_the_end() {
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

fn adopts() {
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

fn spawns() {
    let status = process::Command::new("/bin/sh").args(["-c", "echo spawned; exit 6"]).status();
    say(&format!("{:?}", status.ok().and_then(|s| s.code())));
}

fn fails_to_spawn() {
    let error = process::Command::new("/nonexistent").status().err();
    say(&format!("{:?}", error.and_then(|e| e.raw_os_error())));
}

fn spawns_and_reads() {
    let output = process::Command::new("/bin/sh").args(["-c", "seq 3"]).output();
    say(&String::from_utf8_lossy(&output.map(|o| o.stdout).unwrap_or_default()));
}

/// The state of a process by its `stat` and by its `status`.
fn states(pid: i32) -> Option<(char, char)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("State:\t"))?;
    Some((stat.rsplit(") ").next()?.chars().next()?, line.chars().next()?))
}

/// Looks until a process is in this state, and says which other states it was seen in.
fn until(pid: i32, state: char) -> String {
    let mut others = String::new();
    for _ in 0..300 {
        let Some((stat, status)) = states(pid) else { return "gone".to_owned() };
        if (stat, status) == (state, state) {
            return others;
        }
        for other in [stat, status] {
            if !"RSDZT".contains(other) {
                others.push(other);
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
    "never".to_owned()
}

/// Who has seen a zombie can reap it.
fn sees_the_dead() {
    let child = fork();
    if child == 0 {
        leave(3);
    }
    let others = until(child, 'Z');
    let (pid, status) = wait(child, WNOHANG);
    say(&format!("Z{others} {} {:x}", pid == child, status));
}

fn sees_the_waiting() {
    let waits = fork();
    if waits == 0 {
        unsafe { libc::pause() };
    }
    let stopped = fork();
    if stopped == 0 {
        unsafe { libc::raise(SIGSTOP) };
        leave(0);
    }
    let seen = [until(waits, 'S'), until(stopped, 'T')];
    for child in [waits, stopped] {
        unsafe { libc::kill(child, SIGKILL) };
        wait(child, 0);
    }
    say(&format!("S{} T{}", seen[0], seen[1]));
}

/// A grandchild asks to be killed when its parent dies, and looks whether that has happened already.
fn dies_with_its_parent() {
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    child(|| {
        let parent = unsafe { libc::getpid() };
        child(|| unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            while libc::getppid() == parent {
                libc::pause();
            }
            0
        });
        nap(2);
        0
    });
    let mut gone = 0;
    while wait(-1, 0).0 > 0 {
        gone += 1;
    }
    say(&format!("{gone}"));
}
