//! correct: raw libc calls, a pipe for each worker, one poll loop for both directions
//!
//! Every descriptor is closed by hand, on every path.

use std::ffi::CString;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};

/// Shows the bytes that a child received: prints one line on standard output.
pub type Show<'a> = &'a dyn Fn(&[u8]);

/// Serves one request: reads from its input, writes to its output, in an order of its own choice.
pub type Service<'a> = &'a dyn Fn(&mut dyn Read, &mut dyn Write) -> io::Result<()>;

/// Does the work of the worker with this number and gives its record: any bytes, any length.
pub type Work<'a> = &'a dyn Fn(usize) -> Vec<u8>;

/// A command of a pipeline.
pub struct Cmd {
    /// The program's name, looked up in PATH, then its arguments. Never empty, no NUL inside.
    pub argv: Vec<String>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
}

/// Sends `message` to a child, which shows it.
pub fn to_child(message: &[u8], show: Show) -> io::Result<()> {
    let [from, to] = new_pipe(0)?;
    let child = unsafe { libc::fork() };
    if child == -1 {
        let error = io::Error::last_os_error();
        close(from);
        close(to);
        return Err(error);
    }
    if child == 0 {
        close(to);
        let code = match read_all(from) {
            Ok(bytes) => {
                show(&bytes);
                0
            }
            Err(_) => 1,
        };
        unsafe { libc::_exit(code) }
    }
    close(from);
    let sent = write_all(to, message);
    close(to);
    let ended = wait_for(child)?;
    sent?;
    success(&[ended])
}

/// Reads what is in the pipe now: asks `poll` whether a read would wait.
pub fn try_read(fd: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let fd = fd.as_raw_fd();
    let mut question = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    if check(unsafe { libc::poll(&mut question, 1, 0) })? == 0 {
        return Ok(None);
    }
    let mut bytes = vec![0u8; 65536];
    let n = retry(|| unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len()) })?;
    bytes.truncate(n);
    Ok(Some(bytes))
}

/// Writes `record` again and again until the last reader is gone.
pub fn send_until_gone(fd: BorrowedFd<'_>, record: &[u8]) -> io::Result<usize> {
    let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let mut sent = 0;
    let error = loop {
        let rest = &record[sent % record.len()..];
        let n = retry(|| unsafe { libc::write(fd.as_raw_fd(), rest.as_ptr().cast(), rest.len()) });
        match n {
            Ok(n) => sent += n,
            Err(error) => break error,
        }
    };
    unsafe { libc::signal(libc::SIGPIPE, before) };
    if error.raw_os_error() == Some(libc::EPIPE) { Ok(sent) } else { Err(error) }
}

/// Has `n` workers work at the same time; each has a pipe of its own.
pub fn gather(n: usize, work: Work) -> io::Result<Vec<Vec<u8>>> {
    let mut workers = Vec::new();
    let mut pipes: Vec<i32> = Vec::new();
    let mut problem = None;
    for number in 0..n {
        let [from, to] = match new_pipe(0) {
            Ok(ends) => ends,
            Err(error) => {
                problem = Some(error);
                break;
            }
        };
        let child = unsafe { libc::fork() };
        if child == -1 {
            problem = Some(io::Error::last_os_error());
            close(from);
            close(to);
            break;
        }
        if child == 0 {
            for &pipe in &pipes {
                close(pipe);
            }
            close(from);
            let sent = write_all(to, &work(number));
            unsafe { libc::_exit(if sent.is_ok() { 0 } else { 1 }) }
        }
        close(to);
        workers.push(child);
        pipes.push(from);
    }
    let mut records = Vec::new();
    for &pipe in &pipes {
        match read_all(pipe) {
            Ok(record) => records.push(record),
            Err(error) => problem = Some(error),
        }
    }
    for pipe in pipes {
        close(pipe);
    }
    let mut ends = Vec::new();
    for worker in workers {
        ends.push(wait_for(worker)?);
    }
    match problem {
        Some(error) => Err(error),
        None => success(&ends).map(|()| records),
    }
}

/// Asks a service in a child; one loop writes and reads, whichever is possible.
pub fn ask(request: &[u8], serve: Service) -> io::Result<Vec<u8>> {
    let [service_in, to] = new_pipe(0)?;
    let [from, service_out] = match new_pipe(0) {
        Ok(ends) => ends,
        Err(error) => {
            close(service_in);
            close(to);
            return Err(error);
        }
    };
    let child = unsafe { libc::fork() };
    if child == -1 {
        let error = io::Error::last_os_error();
        for fd in [service_in, to, from, service_out] {
            close(fd);
        }
        return Err(error);
    }
    if child == 0 {
        close(to);
        close(from);
        let mut input = unsafe { std::fs::File::from_raw_fd(service_in) };
        let mut output = unsafe { std::fs::File::from_raw_fd(service_out) };
        let code = if serve(&mut input, &mut output).is_ok() { 0 } else { 1 };
        unsafe { libc::_exit(code) }
    }
    close(service_in);
    close(service_out);
    let answer = converse(to, from, request);
    close(from);
    let ended = wait_for(child)?;
    let answer = answer?;
    success(&[ended])?;
    Ok(answer)
}

/// Writes the request and reads the answer. Closes `to`, also when it fails.
fn converse(to: i32, from: i32, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut to = to;
    let mut rest = request;
    let mut answer = Vec::new();
    unsafe { libc::fcntl(to, libc::F_SETFL, libc::O_WRONLY | libc::O_NONBLOCK) };
    loop {
        if to != -1 && rest.is_empty() {
            close(to);
            to = -1;
        }
        // A negative descriptor is left out by poll.
        let mut both = [
            libc::pollfd { fd: to, events: libc::POLLOUT, revents: 0 },
            libc::pollfd { fd: from, events: libc::POLLIN, revents: 0 },
        ];
        let polled = unsafe { libc::poll(both.as_mut_ptr(), 2, -1) };
        if polled == -1 {
            if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
                continue;
            }
            break;
        }
        if both[0].revents != 0 {
            match unsafe { libc::write(to, rest.as_ptr().cast(), rest.len()) } {
                -1 if io::Error::last_os_error().raw_os_error() == Some(libc::EPIPE) => rest = &[],
                -1 => {} // EAGAIN or EINTR: poll again
                n => rest = &rest[n.unsigned_abs()..],
            }
        }
        if both[1].revents != 0 {
            let mut part = [0u8; 8192];
            match unsafe { libc::read(from, part.as_mut_ptr().cast(), part.len()) } {
                0 => {
                    if to != -1 {
                        close(to);
                    }
                    return Ok(answer);
                }
                -1 => {} // EINTR: poll again
                n => answer.extend_from_slice(&part[..n.unsigned_abs()]),
            }
        }
    }
    let error = io::Error::last_os_error();
    if to != -1 {
        close(to);
    }
    Err(error)
}

/// Runs the commands as a shell does. All pipes are made first.
pub fn pipeline(commands: &[Cmd]) -> io::Result<Vec<Ended>> {
    let mut pipes: Vec<[i32; 2]> = Vec::new();
    for _ in 1..commands.len() {
        match new_pipe(libc::O_CLOEXEC) {
            Ok(ends) => pipes.push(ends),
            Err(error) => {
                pipes.concat().into_iter().for_each(close);
                return Err(error);
            }
        }
    }
    let mut children = Vec::new();
    let mut problem = None;
    for (i, command) in commands.iter().enumerate() {
        let words: Vec<CString> =
            command.argv.iter().map(|word| CString::new(word.as_str()).unwrap()).collect();
        let mut argv: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
        argv.push(std::ptr::null());
        match unsafe { libc::fork() } {
            -1 => {
                problem = Some(io::Error::last_os_error());
                break;
            }
            0 => unsafe {
                if i > 0 {
                    libc::dup2(pipes[i - 1][0], 0);
                }
                if i < pipes.len() {
                    libc::dup2(pipes[i][1], 1);
                }
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
                libc::execvp(argv[0], argv.as_ptr());
                libc::_exit(127)
            },
            child => children.push(child),
        }
    }
    pipes.concat().into_iter().for_each(close);
    let mut ends = Vec::new();
    for child in children {
        ends.push(wait_for(child)?);
    }
    match problem {
        Some(error) => Err(error),
        None => Ok(ends),
    }
}

fn new_pipe(flags: i32) -> io::Result<[i32; 2]> {
    let mut ends = [0; 2];
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), flags) })?;
    Ok(ends)
}

fn close(fd: i32) {
    unsafe { libc::close(fd) };
}

fn check(result: i32) -> io::Result<i32> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn retry(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        let n = call();
        if let Ok(n) = usize::try_from(n) {
            return Ok(n);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn read_all(fd: i32) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut part = [0u8; 4096];
    loop {
        match retry(|| unsafe { libc::read(fd, part.as_mut_ptr().cast(), part.len()) })? {
            0 => return Ok(all),
            n => all.extend_from_slice(&part[..n]),
        }
    }
}

fn write_all(fd: i32, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = retry(|| unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })?;
        bytes = &bytes[n..];
    }
    Ok(())
}

fn wait_for(child: i32) -> io::Result<Ended> {
    let mut status = 0;
    while unsafe { libc::waitpid(child, &mut status, 0) } == -1 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(if libc::WIFEXITED(status) {
        Ended::Exited(libc::WEXITSTATUS(status))
    } else {
        Ended::Killed(libc::WTERMSIG(status))
    })
}

fn success(ends: &[Ended]) -> io::Result<()> {
    if ends.iter().all(|&end| end == Ended::Exited(0)) {
        return Ok(());
    }
    Err(io::Error::other("a child failed"))
}
