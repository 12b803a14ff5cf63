//! Pipes: bytes one way. Your file: fill in TODO 1 to TODO 6, in this order.
//!
//! What holds for all six: a function leaves nothing behind, whether it gives `Ok` or `Err`. Every
//! child it started is reaped, every descriptor it opened is closed. A child ends by `_exit` and
//! never returns into the caller's code. If `fork` fails, the answer is that error, after the
//! children that were already started have ended and are reaped; do not try again (the grader lets
//! one call fail). A signal may interrupt a blocking call (EINTR): then the call is made again. A
//! read may give less than is there, a write may take less than it was given. Callers of TODO 3 and
//! TODO 6 may have SIGPIPE at its default; everywhere else it is ignored, as in every Rust program.

use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;

// Given. The driver and the tests use these types: leave them as they are.

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

/// TODO 1. Sends `message` to a child, which shows it.
///
/// Makes one pipe and one child. The caller writes the message into the pipe and closes it. The
/// child reads until end of file, calls `show` once with all the bytes, and ends with status 0.
/// Returns when the child has been reaped.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn to_child(message: &[u8], show: Show) -> io::Result<()> {
    todo!("TODO 1: fork a child that reads the message from a pipe until end of file")
}

/// TODO 2. Reads what is in the pipe now, and never waits.
///
/// - `Ok(None)`: the pipe is empty, but somebody still has a write end open.
/// - `Ok(Some(bytes))`: at least one byte; not necessarily all that are there.
/// - `Ok(Some(vec![]))`: end of file.
///
/// `fd` is the read end of a pipe. It may be blocking or not; afterwards its status flags are what
/// they were before.
///
/// # Errors
/// A system call failed.
pub fn try_read(fd: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    todo!("TODO 2: read from a pipe without waiting")
}

/// TODO 3. Writes `record` again and again until the last reader is gone.
///
/// The bytes in the pipe are those of the record, round and round, none left out and none twice.
/// Returns how many bytes the pipe has taken. `record` is not empty. `fd` is a blocking write end.
///
/// The caller may have left SIGPIPE ignored (as every Rust program starts) or at its default. It
/// must not kill the caller, and afterwards its disposition is what it was before.
///
/// # Errors
/// A write failed for another reason than that nobody can read any more.
pub fn send_until_gone(fd: BorrowedFd<'_>, record: &[u8]) -> io::Result<usize> {
    todo!("TODO 3: write until the reader is gone, count the bytes")
}

/// TODO 4. Has `n` workers work at the same time and gathers their records.
///
/// Starts `n` children, numbered from 0. Child `i` calls `work(i)`, sends the record to the caller
/// and ends with status 0. Element `i` of the result is the record of child `i`, every byte of it.
/// All children are started before any is waited for.
///
/// # Errors
/// A system call failed, or a child did not end with status 0.
pub fn gather(n: usize, work: Work) -> io::Result<Vec<Vec<u8>>> {
    todo!("TODO 4: fork n workers that send their records, and put the records together")
}

/// TODO 5. Asks a service in a child, and gives its whole answer.
///
/// A child calls `serve` once with the request as its input; what the service writes is the answer.
/// Input and output are pipes. Request and answer may be larger than any pipe, and the service
/// reads and writes in an order that you do not know: it may answer before it has read anything.
/// It may also stop reading early; the rest of the request is then dropped, which is no error. The
/// child ends with status 0 if the service gave `Ok`, else with 1.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn ask(request: &[u8], serve: Service) -> io::Result<Vec<u8>> {
    todo!("TODO 5: two pipes, there and back, however large")
}

/// TODO 6. Runs the commands as a shell does: `a | b | c`.
///
/// Every command is a child of the caller, and all run at the same time. The output of each is the
/// input of the next. The first has the caller's standard input, the last the caller's standard
/// output, all the caller's standard error. Beside these a program finds no descriptor open, and
/// SIGPIPE has its default effect. A command that cannot be executed ends with status 127; the
/// others run all the same. Returns how each ended, in the order of the commands. Afterwards the
/// caller's disposition of SIGPIPE is what it was before.
///
/// # Errors
/// A system call of the caller failed.
pub fn pipeline(commands: &[Cmd]) -> io::Result<Vec<Ended>> {
    todo!("TODO 6: one child a command, one pipe between two neighbours")
}
