//! Sockets: UNIX and loopback.

use crate::kernel::*;
use libc::{AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("socket-pair", socket_pair),
    ("socket-large-write", socket_large_write),
    ("socket-large-vector", socket_large_vector),
    ("socket-large-message", socket_large_message),
    ("socket-messages", socket_messages),
    ("socket-datagrams-full", socket_datagrams_full),
    ("unix-server", unix_server),
    ("unix-backlog", unix_backlog),
    ("tcp-server", tcp_server),
    ("tcp-large", tcp_large),
    ("tcp-small", tcp_small),
    ("udp", udp),
    ("socket-shutdown", socket_shutdown),
    ("socket-times-out", socket_times_out),
    ("socket-interrupted", socket_interrupted),
    ("socket-passes-descriptor", socket_passes_descriptor),
    ("socket-waits-for-all", socket_waits_for_all),
    ("socket-broken", socket_broken),
    ("splice", splice),
    ("tee", tee),
    ("sendfile", sendfile),
    ("copy-range", copy_range),
];

fn pair(kind: c_int) -> (i32, i32) {
    let mut ends = [0; 2];
    unsafe { libc::socketpair(AF_UNIX, kind, 0, ends.as_mut_ptr()) };
    (ends[0], ends[1])
}

fn pattern(length: u32) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect()
}

fn is_pattern(bytes: &[u8]) -> bool {
    bytes.iter().zip(0u32..).all(|(&b, n)| u32::from(b) == n % 251)
}

fn socket_pair() {
    let (a, b) = pair(SOCK_STREAM);
    child(|| {
        let asked = get(b);
        i32::try_from(put(b, &asked.to_uppercase())).unwrap_or(0)
    });
    put(a, "question");
    say(&format!("{} {}", get(a), reap_all()));
}

/// A child writes a pattern in one call; it must arrive whole.
fn arrives(write: impl FnOnce(i32) -> isize) {
    let (a, b) = pair(SOCK_STREAM);
    child(|| {
        close(a);
        i32::from(write(b) == 600_000)
    });
    close(b);
    let bytes = read_all(a);
    say(&format!("{} {} {}", bytes.len(), is_pattern(&bytes), reap_all()));
}

fn socket_large_write() {
    arrives(|fd| {
        let bytes = pattern(600_000);
        unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) }
    });
}

fn parts(bytes: &[u8]) -> [libc::iovec; 3] {
    let part = |from: usize, to: usize| libc::iovec {
        iov_base: bytes[from..to].as_ptr().cast_mut().cast(),
        iov_len: to - from,
    };
    [part(0, 100), part(100, 300_000), part(300_000, bytes.len())]
}

fn socket_large_vector() {
    arrives(|fd| {
        let bytes = pattern(600_000);
        let parts = parts(&bytes);
        unsafe { libc::writev(fd, parts.as_ptr(), 3) }
    });
}

fn socket_large_message() {
    arrives(|fd| {
        let bytes = pattern(600_000);
        let mut parts = parts(&bytes);
        unsafe {
            let mut message: libc::msghdr = mem::zeroed();
            message.msg_iov = parts.as_mut_ptr();
            message.msg_iovlen = 3;
            libc::sendmsg(fd, &raw const message, 0)
        }
    });
}

fn socket_messages() {
    let (a, b) = pair(SOCK_SEQPACKET);
    let large = pattern(20_000);
    child(|| {
        put(b, "one");
        put(b, "two");
        unsafe { libc::write(b, large.as_ptr().cast(), large.len()) };
        0
    });
    let (one, two) = (get(a), get(a));
    let mut bytes = vec![0u8; 30_000];
    let count = unsafe { libc::recv(a, bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    say(&format!("{one} {two} {count} {}", is_pattern(&bytes[..20_000])));
    reap_all();
}

fn socket_datagrams_full() {
    let (a, b) = pair(SOCK_DGRAM);
    // More than the receiver's queue holds.
    child(|| {
        let mut sent = 0;
        for n in 0..400 {
            sent += i32::from(put(b, &format!("{n}")) > 0);
        }
        sent / 2
    });
    let mut sum = 0;
    for _ in 0..400 {
        sum += get(a).parse::<i32>().unwrap_or(-1);
    }
    say(&format!("{sum} {}", reap_all()));
}

fn unix_server() {
    let path = path("server");
    let name = path.to_string_lossy().into_owned();
    let Ok(listener) = UnixListener::bind(&name) else { return say("no socket") };
    for n in 0..3 {
        let name = name.clone();
        child(move || {
            let Ok(mut stream) = UnixStream::connect(&name) else { return 100 };
            let _sent = stream.write_all(format!("{n}").as_bytes());
            let mut answer = String::new();
            let _got = stream.read_to_string(&mut answer);
            answer.parse().unwrap_or(50)
        });
    }
    for _ in 0..3 {
        let Ok((mut stream, _)) = listener.accept() else { continue };
        let mut byte = [0u8];
        let _got = stream.read_exact(&mut byte);
        let _sent = stream.write_all(format!("{}", (byte[0] - b'0') * 10).as_bytes());
    }
    say(&format!("{}", reap_all()));
    drop(std::fs::remove_file(name));
}

fn unix_backlog() {
    let path = path("backlog");
    let listener = unsafe { libc::socket(AF_UNIX, SOCK_STREAM, 0) };
    let mut address: libc::sockaddr_un = unsafe { mem::zeroed() };
    address.sun_family = libc::sa_family_t::try_from(AF_UNIX).unwrap_or(0);
    for (to, from) in address.sun_path.iter_mut().zip(path.as_bytes()) {
        *to = from.cast_signed();
    }
    let length = libc::socklen_t::try_from(size_of::<libc::sockaddr_un>()).unwrap_or(0);
    unsafe {
        libc::bind(listener, (&raw const address).cast(), length);
        libc::listen(listener, 0);
    }
    for _ in 0..4 {
        child(|| unsafe {
            let fd = libc::socket(AF_UNIX, SOCK_STREAM, 0);
            i32::from(libc::connect(fd, (&raw const address).cast(), length) == 0)
        });
    }
    for _ in 0..4 {
        nap(5);
        unsafe { libc::accept(listener, ptr::null_mut(), ptr::null_mut()) };
    }
    say(&format!("{}", reap_all()));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn tcp_server() {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return say("no network") };
    let Ok(address) = listener.local_addr() else { return };
    for n in 1..4 {
        child(move || {
            let Ok(mut stream) = TcpStream::connect(address) else { return 100 };
            let _sent = stream.write_all(&[n]);
            let mut answer = [0u8];
            let _got = stream.read_exact(&mut answer);
            i32::from(answer[0])
        });
    }
    for _ in 0..3 {
        let Ok((mut stream, _)) = listener.accept() else { continue };
        let mut byte = [0u8];
        let _got = stream.read_exact(&mut byte);
        let _sent = stream.write_all(&[byte[0] * 3]);
    }
    say(&format!("{}", reap_all()));
}

fn tcp_large() {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return say("no network") };
    let Ok(address) = listener.local_addr() else { return };
    child(move || {
        let Ok(mut stream) = TcpStream::connect(address) else { return 100 };
        i32::from(stream.write_all(&pattern(500_000)).is_ok())
    });
    let Ok((mut stream, _)) = listener.accept() else { return };
    let mut bytes = Vec::new();
    let _got = stream.read_to_end(&mut bytes);
    say(&format!("{} {} {}", bytes.len(), is_pattern(&bytes), reap_all()));
}

fn tcp_small() {
    // Two small writes before each answer: what an unaltered socket would hold back.
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return say("no network") };
    let Ok(address) = listener.local_addr() else { return };
    child(move || {
        let Ok(mut stream) = TcpStream::connect(address) else { return 100 };
        let mut sum = 0;
        for n in 1..5u8 {
            let _first = stream.write_all(&[n]);
            let _second = stream.write_all(&[n]);
            let mut answer = [0u8];
            let _got = stream.read_exact(&mut answer);
            sum += i32::from(answer[0]);
        }
        sum
    });
    let Ok((mut stream, _)) = listener.accept() else { return };
    let mut both = [0u8; 2];
    while stream.read_exact(&mut both).is_ok() {
        let _sent = stream.write_all(&[both[0] + both[1]]);
    }
    say(&format!("{}", reap_all()));
}

fn udp() {
    let (Ok(a), Ok(b)) = (UdpSocket::bind("127.0.0.1:0"), UdpSocket::bind("127.0.0.1:0")) else {
        return say("no network");
    };
    let Ok(address) = b.local_addr() else { return };
    child(move || i32::from(a.send_to(b"datagram", address).is_ok()));
    let mut bytes = [0u8; 32];
    let got = b.recv_from(&mut bytes).map(|(count, _)| count).ok();
    say(&format!("{got:?} {}", reap_all()));
    let _inet = AF_INET;
}

fn socket_shutdown() {
    let (a, b) = pair(SOCK_STREAM);
    child(|| {
        put(b, "last words");
        unsafe { libc::shutdown(b, libc::SHUT_WR) };
        i32::try_from(get(b).len()).unwrap_or(0)
    });
    let mut said = String::new();
    loop {
        let more = get(a);
        if more.is_empty() {
            break;
        }
        said += &more;
    }
    put(a, "answer");
    say(&format!("{said} {}", reap_all()));
}

fn socket_times_out() {
    let (a, _b) = pair(SOCK_STREAM);
    let time = libc::timeval { tv_sec: 0, tv_usec: 200_000 };
    let begin = Instant::now();
    unsafe {
        let length = libc::socklen_t::try_from(size_of::<libc::timeval>()).unwrap_or(0);
        let value = (&raw const time).cast();
        libc::setsockopt(a, libc::SOL_SOCKET, libc::SO_RCVTIMEO, value, length);
        let mut byte = 0u8;
        let got = libc::recv(a, (&raw mut byte).cast(), 1, 0);
        say(&format!("{got} {:?} {}", errno(), begin.elapsed() >= Duration::from_millis(200)));
    }
}

fn socket_interrupted() {
    let (a, _b) = pair(SOCK_STREAM);
    handle(SIGALRM, 0);
    ring();
    let mut byte = 0u8;
    let got = unsafe { libc::recv(a, (&raw mut byte).cast(), 1, 0) };
    say(&format!("{got} {:?}", errno()));
}

fn socket_passes_descriptor() {
    let (a, b) = pair(SOCK_STREAM);
    let (read, write) = pipe();
    let space = unsafe { libc::CMSG_SPACE(4) } as usize;
    let mut control = vec![0u64; space / 8 + 1];
    let mut byte = 1u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = space;
    child(|| unsafe {
        close(write);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(4) as usize;
        libc::CMSG_DATA(header).cast::<i32>().write_unaligned(read);
        i32::try_from(libc::sendmsg(b, &raw const message, 0)).unwrap_or(0)
    });
    close(read);
    let received = unsafe {
        libc::recvmsg(a, &raw mut message, 0);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        libc::CMSG_DATA(header).cast::<i32>().read_unaligned()
    };
    child(|| {
        close(received);
        nap(5);
        i32::try_from(put(write, "through the copy")).unwrap_or(0)
    });
    let text = get(received);
    say(&format!("{text} {}", reap_all()));
}

fn socket_waits_for_all() {
    let (a, b) = pair(SOCK_STREAM);
    child(|| {
        put(b, "first");
        nap(5);
        i32::try_from(put(b, "second")).unwrap_or(0)
    });
    let mut bytes = [0u8; 11];
    let count = unsafe { libc::recv(a, bytes.as_mut_ptr().cast(), 11, 0) };
    // As much as is there, or all of it: never nothing.
    say(&format!("{}", count == 5 || count == 11));
    reap_all();
}

fn socket_broken() {
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let (a, b) = pair(SOCK_STREAM);
    close(b);
    say(&format!("{} {:?}", put(a, "x"), errno()));
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    put(a, "x");
}

fn move_bytes(from: i32, to: i32, length: usize) -> isize {
    unsafe { libc::splice(from, ptr::null_mut(), to, ptr::null_mut(), length, 0) }
}

fn splice() {
    let (first, second) = (pipe(), pipe());
    child(|| {
        nap(5);
        i32::try_from(put(first.1, "spliced")).unwrap_or(0)
    });
    close(first.1);
    let moved = move_bytes(first.0, second.1, 100);
    say(&format!("{moved} {}", get(second.0)));
    reap_all();
    say(&format!("{}", move_bytes(first.0, second.1, 100)));
}

fn tee() {
    let (first, second) = (pipe(), pipe());
    child(|| i32::try_from(put(first.1, "twice")).unwrap_or(0));
    let count = unsafe { libc::tee(first.0, second.1, 100, 0) };
    say(&format!("{count} {} {}", get(first.0), get(second.0)));
    reap_all();
}

fn sendfile() {
    let path = path("sendfile");
    let fd = file(&path);
    let bytes = pattern(200_000);
    unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    let (read, write) = pipe();
    child(|| {
        close(read);
        let (mut at, mut left) = (0, 200_000usize);
        while left > 0 {
            let count = unsafe { libc::sendfile(write, fd, &raw mut at, left) };
            left -= usize::try_from(count).unwrap_or(left);
        }
        1
    });
    close(write);
    let all = read_all(read);
    say(&format!("{} {} {}", all.len(), is_pattern(&all), reap_all()));
    unsafe { libc::unlink(path.as_ptr()) };
}

fn copy_range() {
    let (a, b) = (path("from"), path("to"));
    let (from, to) = (file(&a), file(&b));
    put(from, "copied");
    let mut at = 0;
    let count = unsafe { libc::copy_file_range(from, &raw mut at, to, ptr::null_mut(), 6, 0) };
    say(&format!("{count}"));
    unsafe { libc::unlink(a.as_ptr()) };
    unsafe { libc::unlink(b.as_ptr()) };
}
