//! expect: pipe-end-open
//! Every worker has a pipe of its own, but the later workers inherit the write ends of the earlier
//! ones, whose records then have no end before the later workers do.
//!
//! Invariant: a pipe is read to its end only after every write end that the reader could hold has
//! been closed, and no process waits for a child whose pipe is still full.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, execvp, fork, pipe, pipe2};
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

/// Sends `message` to a child, which shows it.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn to_child(message: &[u8], show: Show) -> io::Result<()> {
    let (reader, writer) = pipe()?;
    // SAFETY: the program has one thread, so the child may call anything.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(writer); // else the end of file would wait for this very process
            let mut bytes = Vec::new();
            let received = File::from(reader).read_to_end(&mut bytes);
            if received.is_ok() {
                show(&bytes);
            }
            end_child(received.is_ok())
        }
        ForkResult::Parent { child } => {
            drop(reader);
            let mut pipe = File::from(writer);
            let sent = pipe.write_all(message);
            drop(pipe); // end of file for the child
            let ended = reap(child)?;
            sent?;
            must_succeed(&[ended])
        }
    }
}

/// Reads what is in the pipe now, and never waits.
///
/// # Errors
/// A system call failed.
pub fn try_read(fd: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let before = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(before | OFlag::O_NONBLOCK))?;
    let mut bytes = vec![0; libc::PIPE_BUF];
    let read = nix::unistd::read(fd, &mut bytes);
    // The flags belong to the open file: whoever shares it would see our change.
    fcntl(fd, FcntlArg::F_SETFL(before))?;
    match read {
        Ok(n) => {
            bytes.truncate(n);
            Ok(Some(bytes))
        }
        Err(Errno::EAGAIN) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Writes `record` again and again until the last reader is gone.
///
/// # Errors
/// A write failed for another reason than that nobody can read any more.
pub fn send_until_gone(fd: BorrowedFd<'_>, record: &[u8]) -> io::Result<usize> {
    // Ignored, SIGPIPE leaves us alive, and the write that raised it fails with EPIPE.
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    let before = unsafe { sigaction(Signal::SIGPIPE, &ignore) }?;
    let sent = send(fd, record);
    // SAFETY: this action was in force when we were called.
    unsafe { sigaction(Signal::SIGPIPE, &before) }?;
    sent
}

fn send(fd: BorrowedFd<'_>, record: &[u8]) -> io::Result<usize> {
    let mut total = 0;
    loop {
        // After a short write we go on in the middle of the record.
        match nix::unistd::write(fd, &record[total % record.len()..]) {
            Ok(n) => total += n,
            Err(Errno::EINTR) => {}
            Err(Errno::EPIPE) => return Ok(total),
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Has `n` workers work at the same time and gathers their records.
///
/// # Errors
/// A system call failed, or a child did not end with status 0.
pub fn gather(n: usize, work: Work) -> io::Result<Vec<Vec<u8>>> {
    let mut readers = Vec::new();
    let mut writers = Vec::new();
    let mut workers = Vec::new();
    let mut failure = None;
    for number in 0..n {
        let (reader, writer) = pipe()?;
        // SAFETY: the program has one thread, so the child may call anything.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                drop((reader, readers));
                let sent = File::from(writer).write_all(&work(number));
                end_child(sent.is_ok())
            }
            Ok(ForkResult::Parent { child }) => workers.push(child),
            Err(errno) => {
                failure = Some(errno);
                break;
            }
        }
        readers.push(reader);
        writers.push(writer);
    }
    drop(writers);
    let mut records = Vec::new();
    for reader in readers {
        let mut record = Vec::new();
        File::from(reader).read_to_end(&mut record)?;
        records.push(record);
    }
    let ended = reap_all(&workers)?;
    if let Some(errno) = failure {
        return Err(errno.into());
    }
    must_succeed(&ended)?;
    Ok(records)
}

/// Asks a service in a child, and gives its whole answer.
///
/// A second child writes the request, so that we can read the answer meanwhile: neither pipe can
/// stay full for ever.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn ask(request: &[u8], serve: Service) -> io::Result<Vec<u8>> {
    let (request_reader, request_writer) = pipe()?;
    let (answer_reader, answer_writer) = pipe()?;
    // SAFETY: the program has one thread, so the child may call anything.
    let service = match unsafe { fork() }? {
        ForkResult::Child => {
            drop(request_writer);
            drop(answer_reader);
            let mut input = File::from(request_reader);
            let mut output = File::from(answer_writer);
            end_child(serve(&mut input, &mut output).is_ok())
        }
        ForkResult::Parent { child } => child,
    };
    drop(request_reader);
    drop(answer_writer);

    // SAFETY: as above.
    let writer = match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            drop(answer_reader);
            let sent = File::from(request_writer).write_all(request);
            end_child(sent.is_ok() || is_broken_pipe(&sent))
        }
        Ok(ForkResult::Parent { child }) => child,
        Err(errno) => {
            drop(request_writer);
            drop(answer_reader);
            reap(service)?;
            return Err(errno.into());
        }
    };
    drop(request_writer);

    let mut answer = Vec::new();
    let read = File::from(answer_reader).read_to_end(&mut answer);
    let ended = reap_all(&[service, writer])?;
    read?;
    must_succeed(&ended)?;
    Ok(answer)
}

/// The service stopped reading early, which it may.
fn is_broken_pipe(sent: &io::Result<()>) -> bool {
    sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Runs the commands as a shell does: `a | b | c`.
///
/// # Errors
/// A system call of the caller failed.
pub fn pipeline(commands: &[Cmd]) -> io::Result<Vec<Ended>> {
    let mut children = Vec::new();
    let started = start(commands, &mut children);
    let ended = reap_all(&children)?;
    started?;
    Ok(ended)
}

/// Starts the commands from left to right. Whatever happens, all ends of pipes are closed when
/// this returns, so those who run come to their end.
fn start(commands: &[Cmd], children: &mut Vec<Pid>) -> io::Result<()> {
    let mut input: Option<OwnedFd> = None;
    for (i, command) in commands.iter().enumerate() {
        let argv = words(command)?;
        let (next_input, output) = if i + 1 < commands.len() {
            let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
            (Some(reader), Some(writer))
        } else {
            (None, None)
        };
        // SAFETY: the program has one thread, so the child may call anything.
        match unsafe { fork() }? {
            ForkResult::Child => execute(&argv, input, output),
            ForkResult::Parent { child } => children.push(child),
        }
        drop(output);
        drop(input);
        input = next_input;
    }
    Ok(())
}

/// Becomes the program. The pipes' own descriptors close on exec, only the copies stay.
fn execute(argv: &[CString], input: Option<OwnedFd>, output: Option<OwnedFd>) -> ! {
    let wired = || -> nix::Result<()> {
        if let Some(input) = &input {
            dup2_stdin(input)?;
        }
        if let Some(output) = &output {
            dup2_stdout(output)?;
        }
        // An ignored signal stays ignored across exec, and Rust programs start with this one so.
        // SAFETY: no handler is installed, only the default effect.
        unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
        execvp(&argv[0], argv).map(|_| ())
    };
    // Only a failure comes back.
    let _ = wired();
    // SAFETY: ends the process without running the parent's clean-up.
    unsafe { libc::_exit(127) }
}

fn words(command: &Cmd) -> io::Result<Vec<CString>> {
    command.argv.iter().map(|word| CString::new(word.as_str()).map_err(io::Error::other)).collect()
}

/// Waits for this child to end.
fn reap(child: Pid) -> io::Result<Ended> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, status)) => return Ok(Ended::Exited(status)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ended::Killed(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn reap_all(children: &[Pid]) -> io::Result<Vec<Ended>> {
    children.iter().map(|&child| reap(child)).collect()
}

fn must_succeed(ended: &[Ended]) -> io::Result<()> {
    match ended.iter().find(|&&ended| ended != Ended::Exited(0)) {
        Some(ended) => Err(io::Error::other(format!("a child ended with {ended:?}"))),
        None => Ok(()),
    }
}

/// Ends a child with status 0 or 1, without running the parent's clean-up.
fn end_child(success: bool) -> ! {
    // SAFETY: ends the process; nothing of ours runs after it.
    unsafe { libc::_exit(i32::from(!success)) }
}
