//! Reads and writes. A blocking write that is larger than a pipe takes at once is done in pieces,
//! each of which fits: the program sees one call, and others may run between the pieces. Source:
//! `pipe(7)`, PIPE_BUF.

use super::Before;
use super::processes::errno_of;
use crate::error::Result;
use crate::follow::After;
use crate::run::Run;
use crate::task::{Call, Piece};
use forklings_model::{End, EventKind, Fault, Fd, IoResult, ObjectId, ObjectKind, Stream};
use forklings_sys::ptrace::Stopped;
use forklings_sys::{descriptor, memory};
use std::io::Write;
use std::os::fd::AsRawFd;

/// Writes of up to this many bytes are atomic. Source: `pipe(7)`.
const PIPE_BUF: u64 = 4096;
/// Bytes of each read and write that are kept in the trace.
const KEPT: usize = 4096;

impl Run<'_> {
    pub(super) fn before_read(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let asked = call.args[2];
        let fd = call.int(0);
        if asked > 1 && self.schedule.faults.contains(&Fault::ShortRead) && self.is_stream(t, fd) {
            let there = self.copy(t, fd).and_then(|copy| descriptor::bytes_waiting(&copy).ok());
            let most = asked.min(there.unwrap_or(0) as u64);
            if most > 1 && self.fault_random.one_in(2) {
                let length = self.shorter_than(most);
                return self.shorten(t, stopped, call, length, Fault::ShortRead);
            }
        }
        Ok(Before::Run(stopped))
    }

    pub(super) fn before_write(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let (fd, count) = (call.int(0), call.args[2]);
        let object = self.object_of(t, fd);
        if let Some(ObjectKind::Stdout | ObjectKind::Stderr) = self.objects.kind(object) {
            if self.output + count > u64::from(self.limits.output_kib) * 1024 {
                let (kib, proc) = (self.limits.output_kib, self.tasks[t].id.proc);
                self.end = Some(End::OutputLimit { kib, proc });
                return Ok(Before::Stop);
            }
            return Ok(Before::Run(stopped));
        }
        if !self.is_stream(t, fd) {
            return Ok(Before::Run(stopped));
        }
        if count > 1
            && self.schedule.faults.contains(&Fault::ShortWrite)
            && self.tasks[t].written == 0
            && self.fault_random.one_in(2)
        {
            let length = self.shorter_than(count).min(PIPE_BUF);
            return self.shorten(t, stopped, call, length, Fault::ShortWrite);
        }
        if count <= PIPE_BUF {
            return Ok(Before::Run(stopped));
        }
        let Some(copy) = self.copy(t, fd) else { return Ok(Before::Run(stopped)) };
        if descriptor::status_flags(copy.as_raw_fd())? & libc::O_NONBLOCK != 0 {
            return Ok(Before::Run(stopped));
        }
        let written = self.tasks[t].written;
        if written > 0 && descriptor::poll_now(&[(copy.as_raw_fd(), libc::POLLOUT)])?[0] == 0 {
            // Only a signal can have ended the wait in the middle: what was written counts.
            self.record_io(t, call, Ok(written), false);
            return Ok(Before::Skip(stopped, i64::try_from(written).unwrap_or(0)));
        }
        let empty = descriptor::bytes_waiting(&copy).is_ok_and(|bytes| bytes == 0);
        let room = match descriptor::pipe_capacity(&copy) {
            Ok(capacity) if empty && !self.narrow_pipes => capacity as u64,
            _ => PIPE_BUF,
        };
        let mut registers = call.registers;
        registers.orig_rax = call.number.cast_unsigned();
        registers.rsi = call.args[1] + written;
        registers.rdx = (count - written).min(room);
        stopped.set_registers(&registers)?;
        self.tasks[t].piece = Some(Piece { short: false });
        Ok(Before::Run(stopped))
    }

    /// A write that is not cut into pieces: if it is large and blocks, it may do so half way.
    pub(super) fn before_vector_write(&mut self, t: usize, call: &Call) -> Result<()> {
        let fd = call.int(0);
        let length = match call.number {
            libc::SYS_writev => self.vector_length(t, call),
            libc::SYS_sendto => call.args[2],
            _ => u64::MAX,
        };
        if length <= PIPE_BUF || !self.is_stream(t, fd) {
            return Ok(());
        }
        let Some(copy) = self.copy(t, fd) else { return Ok(()) };
        if descriptor::status_flags(copy.as_raw_fd())? & libc::O_NONBLOCK == 0 {
            self.tasks[t].may_block = true;
            self.unmodelled(t, call.number);
        }
        Ok(())
    }

    /// Lets the kernel see a smaller count.
    fn shorten(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
        length: u64,
        fault: Fault,
    ) -> Result<Before> {
        let mut registers = call.registers;
        registers.rdx = length;
        stopped.set_registers(&registers)?;
        self.tasks[t].piece = Some(Piece { short: true });
        self.emit(t, EventKind::Injected { fault });
        Ok(Before::Run(stopped))
    }

    fn shorter_than(&mut self, length: u64) -> u64 {
        let most = usize::try_from(length - 1).unwrap_or(1).max(1);
        1 + self.fault_random.below(most) as u64
    }

    pub(super) fn after_io(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
        result: i64,
    ) -> Result<After> {
        let mut seen = result;
        let mut short = false;
        if let Some(piece) = self.tasks[t].piece.take() {
            short = piece.short;
            let mut registers = stopped.registers()?;
            registers.rsi = call.args[1];
            registers.rdx = call.args[2];
            if !piece.short {
                self.tasks[t].written += u64::try_from(result).unwrap_or(0);
                let written = self.tasks[t].written;
                if result > 0 && written < call.args[2] {
                    // Back to the `syscall` instruction, two bytes long, for the next piece.
                    registers.rip -= 2;
                    registers.rax = call.number.cast_unsigned();
                    registers.orig_rax = u64::MAX;
                    stopped.set_registers(&registers)?;
                    return Ok(After::GoOn);
                }
                if written > 0 {
                    seen = i64::try_from(written).unwrap_or(i64::MAX);
                    registers.rax = written;
                }
            }
            stopped.set_registers(&registers)?;
        }
        let result = match errno_of(seen) {
            Some(errno) => Err(errno),
            None => Ok(u64::try_from(seen).unwrap_or(0)),
        };
        self.record_io(t, call, result, short);
        if result == Err(libc::EAGAIN) {
            self.in_vain(t, call.number);
        }
        self.tasks[t].call_done();
        Ok(After::GoOn)
    }

    fn record_io(&mut self, t: usize, call: &Call, result: Result<u64, i32>, shortened: bool) {
        let fd = call.int(0);
        let object = self.process(t).files.get(fd).map(|entry| entry.object);
        let writes = matches!(call.number, libc::SYS_write | libc::SYS_writev | libc::SYS_sendto);
        let vector = matches!(call.number, libc::SYS_readv | libc::SYS_writev);
        let asked = if vector { self.vector_length(t, call) } else { call.args[2] };
        let moved = result.unwrap_or(0);
        let bytes = self.moved_bytes(t, call, vector, moved);
        if writes
            && matches!(
                object.and_then(|o| self.stream_of(o)),
                Some(Stream::Stdout | Stream::Stderr)
            )
        {
            self.output += moved;
            if self.terminal {
                show(&bytes, object == Some(ObjectId(1)));
            }
        }
        let io = IoResult { fd, object, asked, result, bytes, shortened };
        self.emit(t, if writes { EventKind::Write(io) } else { EventKind::Read(io) });
    }

    fn stream_of(&self, object: ObjectId) -> Option<Stream> {
        match self.objects.kind(object)? {
            ObjectKind::Stdout => Some(Stream::Stdout),
            ObjectKind::Stderr => Some(Stream::Stderr),
            ObjectKind::Stdin | ObjectKind::Pipe | ObjectKind::File(_) | ObjectKind::Other(_) => {
                None
            }
        }
    }

    fn is_stream(&mut self, t: usize, fd: Fd) -> bool {
        let object = self.object_of(t, fd);
        match self.objects.kind(object) {
            Some(ObjectKind::Pipe) => true,
            Some(ObjectKind::Other(call)) => call.starts_with("socket"),
            Some(
                ObjectKind::Stdin | ObjectKind::Stdout | ObjectKind::Stderr | ObjectKind::File(_),
            )
            | None => false,
        }
    }

    fn vector_length(&self, t: usize, call: &Call) -> u64 {
        self.vector(t, call).iter().map(|&(_, length)| length).sum()
    }

    /// The pieces of memory that a vector call names: address and length.
    fn vector(&self, t: usize, call: &Call) -> Vec<(u64, u64)> {
        let tid = self.tasks[t].tid;
        (0..call.args[2].min(64))
            .map_while(|n| {
                let at = call.args[1] + 16 * n;
                Some((memory::read_u64(tid, at).ok()?, memory::read_u64(tid, at + 8).ok()?))
            })
            .collect()
    }

    fn moved_bytes(&mut self, t: usize, call: &Call, vector: bool, moved: u64) -> Vec<u8> {
        let pieces = if vector { self.vector(t, call) } else { vec![(call.args[1], call.args[2])] };
        let mut wanted = usize::try_from(moved).unwrap_or(KEPT).min(KEPT).min(self.room);
        let mut bytes = Vec::with_capacity(wanted);
        for (address, length) in pieces {
            let take = usize::try_from(length).unwrap_or(wanted).min(wanted);
            let mut piece = vec![0; take];
            if memory::exact(self.tasks[t].tid, address, &mut piece).is_err() {
                break;
            }
            bytes.extend(piece);
            wanted -= take;
        }
        self.room -= bytes.len();
        bytes
    }
}

/// Shows a person what a program just printed. Output beyond what the trace keeps of one write is
/// only in the captured file.
fn show(bytes: &[u8], standard: bool) {
    // Nobody may be reading; the captured output is what counts.
    if standard {
        let mut out = std::io::stdout();
        drop(out.write_all(bytes).and_then(|()| out.flush()));
    } else {
        drop(std::io::stderr().write_all(bytes));
    }
}
