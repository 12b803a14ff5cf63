//! correct: one pipe guarded by a token in a second pipe, waitid, pipelines started from the right
//!
//! A worker that holds the token may write a record of any length: nobody else writes meanwhile.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, execvp, fork, pipe};
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};

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

/// Reaps in reverse order; gives the ends in the order of the children.
fn bury(children: &[Pid]) -> io::Result<Vec<Ended>> {
    let mut ends = Vec::new();
    for &child in children.iter().rev() {
        ends.push(loop {
            match waitid(Id::Pid(child), WaitPidFlag::WEXITED) {
                Ok(WaitStatus::Exited(_, code)) => break Ended::Exited(code),
                Ok(WaitStatus::Signaled(_, signal, _)) => break Ended::Killed(signal as i32),
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
        });
    }
    ends.reverse();
    Ok(ends)
}

fn all_well(children: &[Pid]) -> io::Result<()> {
    let ends = bury(children)?;
    if ends.iter().any(|end| *end != Ended::Exited(0)) {
        return Err(io::Error::other(format!("the children ended so: {ends:?}")));
    }
    Ok(())
}

/// Leaves at once with the result of the child's work.
fn leave<E>(result: Result<(), E>) -> ! {
    // SAFETY: nothing of the child is needed any more.
    unsafe { libc::_exit(if result.is_ok() { 0 } else { 1 }) }
}

/// Sends `message` to a child, which shows it.
pub fn to_child(message: &[u8], show: Show) -> io::Result<()> {
    let (from, to) = pipe()?;
    // SAFETY: one thread.
    let child = match unsafe { fork()? } {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(to);
            let mut text = Vec::new();
            let mut part = [0; 1000];
            loop {
                match nix::unistd::read(&from, &mut part) {
                    Ok(0) => break,
                    Ok(n) => text.extend_from_slice(&part[..n]),
                    Err(Errno::EINTR) => {}
                    Err(error) => leave(Err(error)),
                }
            }
            show(&text);
            leave::<()>(Ok(()))
        }
    };
    drop(from);
    let mut rest = message;
    let mut trouble = None;
    while !rest.is_empty() {
        match nix::unistd::write(&to, rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::EINTR) => {}
            Err(error) => {
                trouble = Some(error);
                break;
            }
        }
    }
    drop(to);
    all_well(&[child])?;
    trouble.map_or(Ok(()), |error| Err(error.into()))
}

/// Reads all that is in the pipe now.
pub fn try_read(fd: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    let changed = !flags.contains(OFlag::O_NONBLOCK);
    if changed {
        fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    }
    let mut bytes = Vec::new();
    let mut part = [0; 512];
    let result = loop {
        match nix::unistd::read(fd, &mut part) {
            Ok(0) => break Ok(Some(())),
            Ok(n) => bytes.extend_from_slice(&part[..n]),
            Err(Errno::EAGAIN) if bytes.is_empty() => break Ok(None),
            Err(Errno::EAGAIN) => break Ok(Some(())),
            Err(error) => break Err(error),
        }
    };
    if changed {
        fcntl(fd, FcntlArg::F_SETFL(flags))?;
    }
    Ok(result?.map(|()| bytes))
}

/// Writes `record` again and again until the last reader is gone. SIGPIPE has an empty handler.
pub fn send_until_gone(fd: BorrowedFd<'_>, record: &[u8]) -> io::Result<usize> {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::all());
    // SAFETY: the handler does nothing.
    let old = unsafe { sigaction(Signal::SIGPIPE, &action)? };
    let mut total = 0;
    let mut at = 0;
    let end = loop {
        match nix::unistd::write(fd, &record[at..]) {
            Ok(n) => {
                total += n;
                at = (at + n) % record.len();
            }
            Err(Errno::EINTR) => {}
            Err(error) => break error,
        }
    };
    // SAFETY: puts back what was there.
    unsafe { sigaction(Signal::SIGPIPE, &old)? };
    match end {
        Errno::EPIPE => Ok(total),
        other => Err(other.into()),
    }
}

/// Has `n` workers work at the same time. Whoever holds the token may write.
pub fn gather(n: usize, work: Work) -> io::Result<Vec<Vec<u8>>> {
    let (from, to) = pipe()?;
    let (token_from, token_to) = pipe()?;
    nix::unistd::write(&token_to, b"t")?;
    let mut workers = Vec::new();
    let mut refused = None;
    for number in 0..n {
        // SAFETY: one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Parent { child }) => workers.push(child),
            Ok(ForkResult::Child) => {
                drop(from);
                let record = work(number);
                let mut line = format!("{number} {}\n", record.len()).into_bytes();
                line.extend(record);
                let mut token = [0];
                let mut tokens = File::from(token_from);
                let sent = tokens
                    .read_exact(&mut token)
                    .and_then(|()| File::from(to).write_all(&line))
                    .and_then(|()| File::from(token_to).write_all(&token));
                leave(sent)
            }
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    drop(to);
    let mut stream = Vec::new();
    let heard = File::from(from).read_to_end(&mut stream);
    drop(token_to);
    drop(token_from);
    let well = all_well(&workers);
    if let Some(error) = refused {
        return Err(error.into());
    }
    heard?;
    well?;
    let mut records = vec![Vec::new(); n];
    let mut rest = stream.as_slice();
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let (number, length) = head.split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
        let number: usize = number.parse().map_err(io::Error::other)?;
        let length: usize = length.parse().map_err(io::Error::other)?;
        let record = &rest[end + 1..end + 1 + length];
        records[number] = record.to_vec();
        rest = &rest[end + 1 + length..];
    }
    Ok(records)
}

/// Asks a service in a child. The writer is forked first, the service second.
pub fn ask(request: &[u8], serve: Service) -> io::Result<Vec<u8>> {
    let (input, to) = pipe()?;
    // SAFETY: one thread.
    let writer = match unsafe { fork()? } {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(input);
            let sent = File::from(to).write_all(request);
            leave(sent.or_else(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(error),
            }))
        }
    };
    drop(to);
    let heard = consult(input, serve);
    // The input is closed by now, so the writer comes to its end in any case.
    let well = all_well(&[writer]);
    let answer = heard?;
    well?;
    Ok(answer)
}

fn consult(input: OwnedFd, serve: Service) -> io::Result<Vec<u8>> {
    let (from, output) = pipe()?;
    // SAFETY: one thread.
    let service = match unsafe { fork()? } {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(from);
            leave(serve(&mut File::from(input), &mut File::from(output)))
        }
    };
    drop(input);
    drop(output);
    let mut answer = Vec::new();
    let read = File::from(from).read_to_end(&mut answer);
    all_well(&[service])?;
    read?;
    Ok(answer)
}

/// Runs the commands as a shell does, started from the right.
pub fn pipeline(commands: &[Cmd]) -> io::Result<Vec<Ended>> {
    let mut children = Vec::new();
    let mut output: Option<OwnedFd> = None;
    let mut refused = None;
    for (i, command) in commands.iter().enumerate().rev() {
        let (input, next) = match i {
            0 => (None, None),
            _ => {
                let (from, to) = pipe()?;
                (Some(from), Some(to))
            }
        };
        // SAFETY: one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Parent { child }) => children.push(child),
            Ok(ForkResult::Child) => {
                drop(next);
                become_program(command, input, output)
            }
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
        drop(input);
        output = next;
    }
    drop(output);
    let mut ends = bury(&children)?;
    ends.reverse();
    refused.map_or(Ok(ends), |error| Err(error.into()))
}

/// The ends of the pipes are moved to 0 and 1, and the originals are closed one by one.
fn become_program(command: &Cmd, input: Option<OwnedFd>, output: Option<OwnedFd>) -> ! {
    if let Some(fd) = input {
        let _ = dup2_stdin(&fd);
        drop(fd);
    }
    if let Some(fd) = output {
        let _ = dup2_stdout(&fd);
        drop(fd);
    }
    // SAFETY: the default effect, no handler.
    let _ = unsafe { nix::sys::signal::signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    let argv: Vec<CString> =
        command.argv.iter().filter_map(|word| CString::new(word.as_str()).ok()).collect();
    let _ = execvp(&argv[0], &argv);
    // SAFETY: ends the child that could not execute.
    unsafe { libc::_exit(127) }
}
