//! Places that a strike of the schedule may hit, and places that it may not.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("makes-descriptors", makes_descriptors),
    ("executes-and-opens", executes_and_opens),
    ("opens-once", opens_once),
    ("needs-room", needs_room),
    ("writes-where-no-room-is-needed", no_room_needed),
    ("writes-to-readers", writes_to_readers),
    ("writes-to-the-root", writes_to_the_root),
    ("writes-to-itself-too", writes_to_itself_too),
    ("has-workers", has_workers),
];

/// The number of a call's error, or 0.
fn error_of(result: impl Into<i64>) -> i32 {
    if result.into() < 0 { errno().unwrap_or(-1) } else { 0 }
}

/// Twelve calls that make descriptors, and one that only replaces one; what each gave is printed.
fn makes_descriptors() {
    let mut ends = [0; 2];
    let ends = ends.as_mut_ptr();
    let errors = unsafe {
        [
            error_of(libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY)),
            error_of(libc::openat(libc::AT_FDCWD, c"/dev/null".as_ptr(), libc::O_RDONLY)),
            error_of(libc::pipe(ends)),
            error_of(libc::pipe2(ends, libc::O_CLOEXEC)),
            error_of(libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)),
            error_of(libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, ends)),
            error_of(libc::dup(1)),
            error_of(libc::fcntl(1, libc::F_DUPFD, 10)),
            error_of(libc::eventfd(0, 0)),
            error_of(libc::epoll_create1(0)),
            error_of(libc::memfd_create(c"memory".as_ptr(), 0)),
            error_of(libc::timerfd_create(libc::CLOCK_MONOTONIC, 0)),
            error_of(libc::dup2(1, 1)),
        ]
    };
    say(&format!("{errors:?}"));
}

/// The loader of the executed program opens its libraries.
fn executes_and_opens() {
    let program = std::env::current_exe().map(|path| path.into_os_string().into_encoded_bytes());
    let program = CString::new(program.unwrap_or_default()).unwrap_or_default();
    let args = [program.as_ptr(), c"opens-once".as_ptr(), ptr::null()];
    unsafe { libc::execv(program.as_ptr(), args.as_ptr()) };
}

fn opens_once() {
    let fd = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) };
    say(&format!("{}", error_of(fd)));
}

/// Eight calls that need room, in a file and in shared memory.
fn needs_room() {
    let text = c"text".as_ptr();
    let file = c"/tmp/needs-room".as_ptr();
    let folder = c"/tmp/needs-room-folder".as_ptr();
    let memory = c"/needs-room".as_ptr();
    let flags = libc::O_RDWR | libc::O_CREAT;
    let errors = unsafe {
        let fd = libc::open(file, flags, 0o600);
        let opened = error_of(fd);
        let shared = libc::shm_open(memory, flags, 0o600);
        let part = libc::iovec { iov_base: text.cast_mut().cast(), iov_len: 4 };
        [
            opened,
            error_of(shared),
            error_of(libc::mkdir(folder, 0o700)),
            // Without the file these say EBADF.
            error_of(libc::write(fd, text.cast(), 4) as i64),
            error_of(libc::pwrite(fd, text.cast(), 4, 0) as i64),
            error_of(libc::writev(fd, &raw const part, 1) as i64),
            error_of(libc::fallocate(fd, 0, 0, 100)),
            error_of(libc::ftruncate(shared, 100)),
        ]
    };
    unsafe {
        libc::unlink(file);
        libc::rmdir(folder);
        libc::shm_unlink(memory);
    }
    say(&format!("{errors:?}"));
}

fn no_room_needed() {
    let (_read, write) = pipe();
    let errors = unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY);
        let there = libc::open(c"/tmp".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY);
        [
            error_of(libc::write(write, c"x".as_ptr().cast(), 1) as i64),
            error_of(libc::write(null, c"x".as_ptr().cast(), 1) as i64),
            error_of(libc::mkdir(c"/tmp".as_ptr(), 0o700)),
            error_of(there),
        ]
    };
    say(&format!("{errors:?}"));
}

/// Three writes into a pipe and two into a pair of sockets, each with a child at the other end.
fn writes_to_readers() {
    unsafe { libc::signal(libc::SIGPIPE, count as *const () as usize) };
    let (read, write) = pipe();
    if fork() == 0 {
        unsafe { libc::close(write) };
        read_all(read);
        leave(0);
    }
    unsafe { libc::close(read) };
    let mut pair = [0; 2];
    unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, pair.as_mut_ptr()) };
    if fork() == 0 {
        unsafe { libc::close(pair[0]) };
        unsafe { libc::close(write) };
        read_all(pair[1]);
        leave(0);
    }
    unsafe { libc::close(pair[1]) };
    let mut errors = Vec::new();
    for fd in [write, write, write, pair[0], pair[0]] {
        errors.push(error_of(unsafe { libc::write(fd, c"x".as_ptr().cast(), 1) } as i64));
    }
    unsafe { libc::close(write) };
    unsafe { libc::close(pair[0]) };
    let statuses = [wait(-1, 0).1, wait(-1, 0).1];
    let killed = statuses.iter().filter(|&&status| status == SIGKILL).count();
    say(&format!("{errors:?} {} {killed}", SEEN.load(Ordering::SeqCst)));
}

/// Its parent reads, which is the root.
fn writes_to_the_root() {
    let (read, write) = pipe();
    if fork() == 0 {
        let count = unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
        leave(i32::from(count != 1));
    }
    unsafe { libc::close(write) };
    say(&format!("{} {}", read_all(read).len(), wait(-1, 0).1));
}

/// It could read what it writes.
fn writes_to_itself_too() {
    let (read, write) = pipe();
    if fork() == 0 {
        unsafe { libc::close(write) };
        read_all(read);
        leave(0);
    }
    say(&format!("{}", error_of(unsafe { libc::write(write, c"x".as_ptr().cast(), 1) } as i64)));
    unsafe { libc::close(write) };
    wait(-1, 0);
}

/// Two workers send two lines each; who died is told.
fn has_workers() {
    let (read, write) = pipe();
    for _ in 0..2 {
        if fork() == 0 {
            for _ in 0..2 {
                unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
            }
            leave(0);
        }
    }
    unsafe { libc::close(write) };
    let lines = read_all(read).len();
    let statuses = [wait(-1, 0).1, wait(-1, 0).1];
    let killed = statuses.iter().filter(|&&status| status == SIGKILL).count();
    say(&format!("{lines} {killed}"));
}
