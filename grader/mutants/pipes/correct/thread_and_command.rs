//! correct: a writer thread, std::process::Command, std::io::pipe
//!
//! As little of the kernel as the standard library allows.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

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

/// A child that runs a closure and ends with 0 or 1.
struct Kid(Pid);

impl Kid {
    fn start(body: impl FnOnce() -> io::Result<()>) -> io::Result<Kid> {
        match unsafe { fork()? } {
            ForkResult::Parent { child } => Ok(Kid(child)),
            ForkResult::Child => {
                let done = body();
                unsafe { libc::_exit(done.is_err().into()) }
            }
        }
    }

    fn join(self) -> io::Result<()> {
        let status = loop {
            match waitpid(self.0, None) {
                Err(Errno::EINTR) => continue,
                status => break status?,
            }
        };
        match status {
            WaitStatus::Exited(_, 0) => Ok(()),
            status => Err(io::Error::other(format!("{status:?}"))),
        }
    }
}

fn drain(mut pipe: PipeReader) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).map(|_| bytes)
}

/// Sends `message` to a child, which shows it.
pub fn to_child(message: &[u8], show: Show) -> io::Result<()> {
    let mut ends = Some(io::pipe()?);
    let kid = Kid::start(|| {
        let (reader, writer) = ends.take().unwrap();
        drop(writer);
        drain(reader).map(|bytes| show(&bytes))
    })?;
    let (reader, mut writer) = ends.take().unwrap();
    drop(reader);
    let sent = writer.write_all(message);
    drop(writer);
    kid.join().and(sent)
}

/// Reads what is in the pipe now.
pub fn try_read(fd: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut fds = [PollFd::new(fd, PollFlags::POLLIN)];
    if poll(&mut fds, PollTimeout::ZERO)? == 0 {
        return Ok(None);
    }
    let mut one = [0];
    let n = nix::unistd::read(fd, &mut one)?;
    Ok(Some(one[..n].to_vec()))
}

/// Writes `record` again and again until the last reader is gone. SIGPIPE is blocked meanwhile, and
/// the one that our write raised is taken before it is unblocked.
pub fn send_until_gone(fd: BorrowedFd<'_>, record: &[u8]) -> io::Result<usize> {
    let mut pipe_signal = SigSet::empty();
    pipe_signal.add(Signal::SIGPIPE);
    let mut mask = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&pipe_signal), Some(&mut mask))?;
    let mut sent = 0;
    let mut bytes = record.iter().copied().cycle();
    let mut block: Vec<u8> = Vec::new();
    let error = loop {
        if block.is_empty() {
            block.extend(bytes.by_ref().take(4096));
        }
        match nix::unistd::write(fd, &block) {
            Ok(n) => {
                sent += n;
                block.drain(..n);
            }
            Err(Errno::EINTR) => {}
            Err(error) => break error,
        }
    };
    let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::sigtimedwait(pipe_signal.as_ref(), std::ptr::null_mut(), &no_time) };
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
    if error == Errno::EPIPE { Ok(sent) } else { Err(error.into()) }
}

/// Has `n` workers work at the same time; each has a pipe of its own, read one after the other.
pub fn gather(n: usize, work: Work) -> io::Result<Vec<Vec<u8>>> {
    let mut workers: Vec<(Kid, PipeReader)> = Vec::new();
    let started = (0..n).try_for_each(|number| {
        let (reader, writer) = io::pipe()?;
        let mut writer = Some(writer);
        let kid = Kid::start(|| writer.take().unwrap().write_all(&work(number)))?;
        workers.push((kid, reader));
        Ok(())
    });
    let mut result: io::Result<Vec<Vec<u8>>> = started.map(|()| Vec::new());
    for (kid, reader) in workers {
        let record = drain(reader);
        let joined = kid.join();
        result = result.and_then(|mut records| {
            joined?;
            records.push(record?);
            Ok(records)
        });
    }
    result
}

/// Asks a service in a child. The service is forked before the thread is started, so the child has
/// one thread and no lock that another held.
pub fn ask(request: &[u8], serve: Service) -> io::Result<Vec<u8>> {
    let (input, request_writer) = io::pipe()?;
    let (answer_reader, output) = io::pipe()?;
    let mut all = Some((input, request_writer, answer_reader, output));
    let kid = Kid::start(|| {
        let (mut input, request_writer, answer_reader, mut output) = all.take().unwrap();
        drop((request_writer, answer_reader));
        serve(&mut input, &mut output)
    })?;
    let (input, request_writer, answer_reader, output) = all.take().unwrap();
    drop((input, output));
    let (sent, answer) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| send_all(request_writer, request));
        let answer = drain(answer_reader);
        (writer.join().unwrap(), answer)
    });
    kid.join()?;
    sent?;
    answer
}

fn send_all(mut pipe: PipeWriter, bytes: &[u8]) -> io::Result<()> {
    match pipe.write_all(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        sent => sent,
    }
}

/// Runs the commands as a shell does.
pub fn pipeline(commands: &[Cmd]) -> io::Result<Vec<Ended>> {
    let mut children = Vec::new();
    let mut input = Stdio::inherit();
    let mut failure = None;
    for (i, Cmd { argv }) in commands.iter().enumerate() {
        let last = i + 1 == commands.len();
        let output = if last { Stdio::inherit() } else { Stdio::piped() };
        let spawned = Command::new(&argv[0]).args(&argv[1..]).stdin(input).stdout(output).spawn();
        match spawned {
            Ok(mut child) => {
                input = child.stdout.take().map_or_else(Stdio::null, Stdio::from);
                children.push(Some(child));
            }
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => {
                failure = Some(error);
                break;
            }
            Err(_) => {
                let (nothing, _) = io::pipe()?;
                input = nothing.into();
                children.push(None);
            }
        }
    }
    let ended = children
        .into_iter()
        .map(|child| child.map_or(Ok(Ended::Exited(127)), |mut child| child.wait().map(ended)))
        .collect();
    failure.map_or(ended, Err)
}

fn ended(status: ExitStatus) -> Ended {
    match status.code() {
        Some(code) => Ended::Exited(code),
        None => Ended::Killed(status.signal().unwrap_or_default()),
    }
}
