//! Pipes: whole, broken, full, empty.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("large-write", large_write),
    ("large-vector-write", large_vector_write),
    ("large-write-and-a-handler", large_write_and_a_handler),
    ("broken-pipe", broken_pipe),
    ("wrong-ends", wrong_ends),
    ("nonblocking", nonblocking),
    ("writes-in-every-way", writes_in_every_way),
    ("polls", polls),
    ("handful", handful),
    ("chatters", chatters),
    ("receives-many", receives_many),
];

fn large_write() {
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

/// A handler that writes elsewhere comes in the middle of a large write.
fn large_write_and_a_handler() {
    static BELL: AtomicI32 = AtomicI32::new(-1);
    extern "C" fn ring(_: c_int) {
        unsafe { libc::write(BELL.load(Ordering::SeqCst), c"!".as_ptr().cast(), 1) };
    }
    let (_heard, bell) = pipe();
    BELL.store(bell, Ordering::SeqCst);
    handle_by(ring, SIGUSR1, libc::SA_RESTART);
    let parent = unsafe { libc::getpid() };
    let (read, write) = pipe();
    if fork() == 0 {
        unsafe { libc::close(write) };
        unsafe { libc::kill(parent, SIGUSR1) };
        let bytes = read_all(read);
        let right = bytes.iter().zip(0u32..).all(|(&b, n)| u32::from(b) == n % 251);
        say(&format!("{} {right}", bytes.len()));
        leave(0);
    }
    unsafe { libc::close(read) };
    let bytes: Vec<u8> = (0..150_000u32).map(|n| (n % 251) as u8).collect();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let count = unsafe { libc::write(write, rest.as_ptr().cast(), rest.len()) };
        rest = &rest[usize::try_from(count).unwrap_or(0)..];
    }
    unsafe { libc::close(write) };
    wait(-1, 0);
}

fn large_vector_write() {
    let (read, write) = pipe();
    if fork() == 0 {
        let bytes = vec![7u8; 200_000];
        let piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: 100_000 };
        unsafe { libc::writev(write, [piece, piece].as_ptr(), 2) };
        leave(0);
    }
    unsafe { libc::close(write) };
    say(&format!("{}", read_all(read).len()));
    wait(-1, 0);
}

fn broken_pipe() {
    let (read, write) = pipe();
    unsafe { libc::close(read) };
    let count = unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
    say(&format!("{count} {:?}", errno()));
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
}

/// Neither end does what the other is for.
fn wrong_ends() {
    let (read, write) = pipe();
    let mut byte = 0u8;
    let written = unsafe { libc::write(read, c"x".as_ptr().cast(), 1) };
    say(&format!("{written} {:?}", errno()));
    let count = unsafe { libc::read(write, (&raw mut byte).cast::<c_void>(), 1) };
    say(&format!("{count} {:?}", errno()));
}

fn nonblocking() {
    unsafe {
        let (read, _write) = pipe();
        libc::fcntl(read, libc::F_SETFL, libc::O_NONBLOCK);
        let mut byte = 0u8;
        let count = libc::read(read, (&raw mut byte).cast::<c_void>(), 1);
        say(&format!("{count} {:?}", errno()));
    }
}

/// Writes that arrive whole, in part or not at all; says of each what came of it.
fn writes_in_every_way() {
    const PAGE: usize = 4096;
    let tells = |write: c_int, place: *const c_void, length: usize| unsafe {
        let count = libc::write(write, place, length);
        say(&if count < 0 { format!("{:?}", errno()) } else { count.to_string() });
        count
    };
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let bytes = vec![7u8; 2 * PAGE];
    let bytes: *const c_void = bytes.as_ptr().cast();
    let (read, write) = pipe();
    for length in [0, 1, PAGE - 1, PAGE, PAGE + 1] {
        tells(write, bytes, length);
    }
    // Behind the first of two pages is nothing to be read.
    let (none, private) = (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let pages = unsafe { libc::mmap(ptr::null_mut(), 2 * PAGE, none, private, -1, 0) };
    unsafe { libc::mprotect(pages, PAGE, libc::PROT_READ) };
    for (from, length) in [(0, 10), (PAGE - 10, 20), (PAGE, 1)] {
        tells(write, pages.wrapping_byte_add(from), length);
    }
    unsafe { libc::fcntl(write, libc::F_SETFL, libc::O_NONBLOCK) };
    while tells(write, bytes, 1000) > 0 {}
    tells(read, bytes, 1);
    unsafe { libc::close(read) };
    tells(write, bytes, 1);
    unsafe { libc::close(write) };
    tells(write, bytes, 1);
    let mut ends = [0; 2];
    unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_DIRECT | libc::O_NONBLOCK) };
    // Each is a page of its own, however small it is.
    while tells(ends[1], bytes, 3) > 0 {}
}

fn polls() {
    unsafe {
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
    }
}

/// About ten operations that another process can notice: what the benchmarks run.
fn handful() {
    let (read, write) = pipe();
    if fork() == 0 {
        unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
        leave(0);
    }
    unsafe { libc::close(write) };
    let mut byte = 0u8;
    unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
    wait(-1, 0);
    say("done");
}

/// A byte goes through a pipe, so often as the second argument says.
fn chatters() {
    let (read, write) = pipe();
    let times = std::env::args().nth(2).and_then(|times| times.parse().ok()).unwrap_or(1);
    let mut byte = 0u8;
    for _ in 0..times {
        unsafe { libc::write(write, c"x".as_ptr().cast(), 1) };
        unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
    }
}

fn receives_many() {
    let mut ends = [0; 2];
    unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0, ends.as_mut_ptr()) };
    child(|| {
        put(ends[1], "x");
        put(ends[1], "y");
        0
    });
    let mut bytes = [0u8; 2];
    let mut parts = bytes
        .each_mut()
        .map(|byte| libc::iovec { iov_base: ptr::from_mut(byte).cast(), iov_len: 1 });
    let mut messages: [libc::mmsghdr; 2] = unsafe { mem::zeroed() };
    for (message, part) in messages.iter_mut().zip(&mut parts) {
        message.msg_hdr.msg_iov = ptr::from_mut(part);
        message.msg_hdr.msg_iovlen = 1;
    }
    let count = unsafe { libc::recvmmsg(ends[0], messages.as_mut_ptr(), 2, 0, ptr::null_mut()) };
    say(&format!("{count} {} {}", char::from(bytes[0]), char::from(bytes[1])));
    reap_all();
}
