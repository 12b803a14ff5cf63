//! FIFOs: opening one waits for the other end.

use crate::kernel::*;
use libc::{O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY};

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("fifo-reader-waits", fifo_reader_waits),
    ("fifo-writer-waits", fifo_writer_waits),
    ("fifo-without-reader", fifo_without_reader),
    ("fifo-polls-for-reader", fifo_polls_for_reader),
    ("fifo-many-writers", fifo_many_writers),
    ("fifo-open-interrupted", fifo_open_interrupted),
    ("fifo-open-restarted", fifo_open_restarted),
    ("fifo-blocks", fifo_blocks),
    ("fifo-reader-leaves", fifo_reader_leaves),
    ("fifo-both-ways", fifo_both_ways),
    ("fifo-relative", fifo_relative),
    ("fifo-stdio", fifo_stdio),
    ("fifo-by-descriptor", fifo_by_descriptor),
    ("pipe-reopened", pipe_reopened),
    ("substitution", substitution),
    ("fifo-deadlock", fifo_deadlock),
];

fn fifo(name: &str) -> CString {
    let path = path(name);
    unsafe { libc::mkfifo(path.as_ptr(), 0o600) };
    path
}

fn remove(path: &CString) {
    unsafe { libc::unlink(path.as_ptr()) };
}

fn fifo_reader_waits() {
    let path = fifo("reader");
    child(|| {
        let fd = open(&path, O_WRONLY);
        i32::try_from(put(fd, "through the fifo")).unwrap_or(0)
    });
    let text = read_all(open(&path, O_RDONLY));
    say(&format!("{} {}", String::from_utf8_lossy(&text), reap_all()));
    remove(&path);
}

fn fifo_writer_waits() {
    let path = fifo("writer");
    child(|| i32::from(get(open(&path, O_RDONLY)) == "hello"));
    let fd = open(&path, O_WRONLY);
    put(fd, "hello");
    say(&format!("{}", reap_all()));
    remove(&path);
}

fn fifo_without_reader() {
    let path = fifo("without");
    let refused = open(&path, O_WRONLY | O_NONBLOCK);
    say(&format!("{refused} {:?}", errno()));
    let reader = open(&path, O_RDONLY | O_NONBLOCK);
    say(&format!("{} {:?}", reader >= 0, get(reader)));
    let writer = open(&path, O_WRONLY);
    put(writer, "x");
    say(&get(reader));
    let both = open(&path, O_RDWR);
    put(both, "y");
    say(&get(both));
    remove(&path);
}

fn fifo_polls_for_reader() {
    let path = fifo("polls");
    child(|| {
        let mut fd = -1;
        while fd < 0 {
            fd = open(&path, O_WRONLY | O_NONBLOCK);
            if fd < 0 {
                nap(1);
            }
        }
        i32::try_from(put(fd, "at last")).unwrap_or(0)
    });
    let text = read_all(open(&path, O_RDONLY));
    say(&format!("{} {}", String::from_utf8_lossy(&text), reap_all()));
    remove(&path);
}

fn fifo_many_writers() {
    let path = fifo("many");
    for n in 0..3 {
        let path = &path;
        child(move || i32::try_from(put(open(path, O_WRONLY), &n.to_string())).unwrap_or(0));
    }
    // Held open for writing too, so that the end does not come between two writers.
    let fd = open(&path, O_RDWR);
    let mut all = String::new();
    while all.len() < 3 {
        all += &get(fd);
    }
    let mut all: Vec<char> = all.chars().collect();
    all.sort_unstable();
    say(&format!("{all:?} {}", reap_all()));
    remove(&path);
}

fn fifo_open_interrupted() {
    let path = fifo("interrupted");
    handle(SIGALRM, 0);
    ring();
    let fd = open(&path, O_RDONLY);
    say(&format!("{fd} {:?} {}", errno(), heard()));
    remove(&path);
}

fn fifo_open_restarted() {
    let path = fifo("restarted");
    handle(SIGUSR1, libc::SA_RESTART);
    let me = unsafe { libc::getpid() };
    child(|| {
        nap(100);
        unsafe { libc::kill(me, SIGUSR1) };
        nap(100);
        i32::from(open(&path, O_RDONLY) >= 0)
    });
    let fd = open(&path, O_WRONLY);
    say(&format!("{} {} {}", fd >= 0, SEEN.load(Ordering::SeqCst), reap_all()));
    remove(&path);
}

fn fifo_blocks() {
    let path = fifo("blocks");
    child(|| {
        let fd = open(&path, O_WRONLY);
        nap(50);
        i32::try_from(put(fd, "late")).unwrap_or(0)
    });
    let fd = open(&path, O_RDONLY);
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    say(&format!("{} {} {}", flags & O_NONBLOCK, get(fd), reap_all()));
    remove(&path);
}

fn fifo_reader_leaves() {
    let path = fifo("leaves");
    child(|| {
        close(open(&path, O_RDONLY));
        0
    });
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let fd = open(&path, O_WRONLY);
    reap_all();
    say(&format!("{} {} {:?}", fd >= 0, put(fd, "x"), errno()));
    remove(&path);
}

fn fifo_both_ways() {
    let (there, back) = (fifo("there"), fifo("back"));
    child(|| {
        let (read, write) = (open(&there, O_RDONLY), open(&back, O_WRONLY));
        put(write, &get(read).to_uppercase());
        0
    });
    let (write, read) = (open(&there, O_WRONLY), open(&back, O_RDONLY));
    put(write, "echo");
    say(&get(read));
    reap_all();
    remove(&there);
    remove(&back);
}

fn fifo_relative() {
    let path = fifo("relative");
    unsafe { libc::chdir(c"/tmp".as_ptr()) };
    let name = path.to_string_lossy().replace("/tmp/", "./");
    let name = CString::new(name).unwrap_or_default();
    let link = CString::new(format!("{}-link", path.to_string_lossy())).unwrap_or_default();
    unsafe { libc::symlink(name.as_ptr(), link.as_ptr()) };
    child(|| i32::try_from(put(open(&link, O_WRONLY), "abc")).unwrap_or(0));
    say(&format!("{} {}", get(open(&name, O_RDONLY)), reap_all()));
    remove(&path);
    remove(&link);
}

fn fifo_stdio() {
    let path = fifo("stdio");
    let name = path.to_string_lossy().into_owned();
    let script = format!("echo from the shell > {name} & cat {name}; wait");
    let output = process::Command::new("/bin/sh").args(["-c", &script]).output();
    say(&String::from_utf8_lossy(&output.map(|o| o.stdout).unwrap_or_default()));
    remove(&path);
}

/// A FIFO that has no name any more, and a path by which it can be opened all the same.
fn nameless(name: &str) -> CString {
    let path = fifo(name);
    let fd = open(&path, libc::O_PATH);
    remove(&path);
    CString::new(format!("/proc/self/fd/{fd}")).unwrap_or_default()
}

fn fifo_by_descriptor() {
    let path = nameless("descriptor");
    child(|| i32::try_from(put(open(&path, O_WRONLY), "nameless")).unwrap_or(0));
    let text = read_all(open(&path, O_RDONLY));
    say(&format!("{} {}", String::from_utf8_lossy(&text), reap_all()));
}

/// A pipe whose read end is opened once more, as the shell's `<(…)` has it done.
fn pipe_reopened() {
    let (read, write) = pipe();
    child(|| {
        close(read);
        nap(5);
        i32::try_from(put(write, "through the pipe")).unwrap_or(0)
    });
    let path = CString::new(format!("/dev/fd/{read}")).unwrap_or_default();
    let again = open(&path, O_RDONLY);
    close(read);
    close(write);
    let text = read_all(again);
    say(&format!("{} {}", String::from_utf8_lossy(&text), reap_all()));
}

fn substitution() {
    let script = "cat <(echo from a substitution) | tr a-z A-Z; wait";
    let output = process::Command::new("bash").args(["-c", script]).output();
    say(&String::from_utf8_lossy(&output.map(|o| o.stdout).unwrap_or_default()));
}

fn fifo_deadlock() {
    let (a, b) = (nameless("a"), nameless("b"));
    child(|| {
        open(&a, O_RDONLY);
        open(&b, O_WRONLY);
        0
    });
    open(&b, O_RDONLY);
    open(&a, O_WRONLY);
    reap_all();
}
