//! Reads and writes. A blocking write that is larger than a pipe or socket takes at once is done in
//! pieces, each of which fits: the program sees one call, and others may run between the pieces.
//! Source: `pipe(7)`, PIPE_BUF.

use super::Before;
use super::processes::errno_of;
use super::streams::Channel;
use crate::attempt::{Attempt, Class};
use crate::error::Result;
use crate::follow::After;
use crate::run::Run;
use crate::task::{Call, Piece};
use forklings_model::{End, EventKind, Fault, IoResult, ObjectId, ObjectKind, Stream};
use forklings_sys::ptrace::{Registers, Stopped};
use forklings_sys::{descriptor, memory};
use std::io::Write;
use std::os::fd::AsRawFd;

/// Writes of up to this many bytes are atomic. Source: `pipe(7)`.
pub(super) const PIPE_BUF: u64 = 4096;
/// Bytes that a TCP socket takes at once, whatever else is on its way.
const NETWORK: u64 = 16 * 1024;
/// Most parts of a vector that are written at once.
const VECTOR: usize = 32;
/// Bytes of each read and write that are kept in the trace.
const KEPT: usize = 4096;

impl Run<'_> {
    pub(super) fn before_read(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        if self.tasks[t].expired {
            return Ok(self.out_of_patience(t, stopped, call));
        }
        let asked = call.args[2];
        let fd = call.int(0);
        self.before_proc_read(t, fd)?;
        if call.number == libc::SYS_read
            && asked > 1
            && self.schedule.faults.contains(&Fault::ShortRead)
            && self.channel(t, fd).is_some()
        {
            let there = self.copy(t, fd).and_then(|copy| descriptor::bytes_waiting(&copy).ok());
            let most = asked.min(there.unwrap_or(0) as u64);
            if most > 1 && self.fault_random.one_in(2) {
                let length = self.shorter_than(most);
                return self.shorten(t, stopped, call, length, Fault::ShortRead);
            }
        }
        if call.number == libc::SYS_recvfrom && call.int(3) & libc::MSG_WAITALL != 0 {
            // It may wait again when it has got a part.
            self.tasks[t].may_block = true;
        }
        Ok(Before::Run(stopped))
    }

    /// The time-out of a socket has passed.
    fn out_of_patience(&mut self, t: usize, stopped: Stopped, call: &Call) -> Before {
        let written = self.tasks[t].written;
        let (result, seen) = match i64::try_from(written) {
            Ok(count) if count > 0 => (Ok(written), count),
            _ => (Err(libc::EAGAIN), -i64::from(libc::EAGAIN)),
        };
        self.timed_out(t, call.number);
        if !matches!(call.number, libc::SYS_accept | libc::SYS_accept4) {
            self.record_io(t, call, result, false);
        }
        Before::Skip(stopped, seen)
    }

    pub(super) fn before_write(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        if self.tasks[t].expired {
            return Ok(self.out_of_patience(t, stopped, call));
        }
        let fd = call.int(0);
        let pieces = self.buffers(t, call);
        let count: u64 = pieces.iter().map(|&(_, length)| length).sum();
        let object = self.object_of(t, fd);
        if let Some(ObjectKind::Stdout | ObjectKind::Stderr) = self.objects.kind(object) {
            if self.output + count > u64::from(self.limits.output_kib) * 1024 {
                let (kib, proc) = (self.limits.output_kib, self.tasks[t].id.proc);
                self.end = Some(End::OutputLimit { kib, proc });
                return Ok(Before::Stop);
            }
            return Ok(Before::Run(stopped));
        }
        let Some(channel) = self.channel(t, fd) else { return Ok(Before::Run(stopped)) };
        if channel != Channel::Messages && self.tasks[t].written == 0 {
            self.readers_are_struck(t, object)?;
        }
        if call.number == libc::SYS_write
            && count > 1
            && self.schedule.faults.contains(&Fault::ShortWrite)
            && self.tasks[t].written == 0
            && self.fault_random.one_in(2)
        {
            let length = self.shorter_than(count).min(PIPE_BUF);
            return self.shorten(t, stopped, call, length, Fault::ShortWrite);
        }
        if channel == Channel::Pipe && count <= PIPE_BUF {
            return Ok(Before::Run(stopped));
        }
        let Some(copy) = self.copy(t, fd) else { return Ok(Before::Run(stopped)) };
        let flags = descriptor::status_flags(copy.as_raw_fd())?;
        if flags & libc::O_NONBLOCK != 0 || does_not_wait(call) {
            return Ok(Before::Run(stopped));
        }
        let written = self.tasks[t].written;
        if written > 0 && descriptor::poll_now(&[(copy.as_raw_fd(), libc::POLLOUT)])?[0] == 0 {
            // Only a signal can have ended the wait in the middle: what was written counts.
            self.record_io(t, call, Ok(written), false);
            return Ok(Before::Skip(stopped, i64::try_from(written).unwrap_or(0)));
        }
        if written == 0 && self.is_interrupted(t, &stopped, call)? && channel != Channel::Pipe {
            return Ok(Before::Run(stopped));
        }
        if channel == Channel::Messages || call.number == libc::SYS_sendmmsg {
            self.attempt_nonblocking(t, &stopped, call, (copy, Class::Steps))?;
            return Ok(Before::Run(stopped));
        }
        if count > NETWORK && self.network.contains(&object) {
            // How it is cut up and when it arrives follows the kernel's own clock.
            self.unmodelled(t, call.number);
        }
        let empty = descriptor::bytes_waiting(&copy).is_ok_and(|bytes| bytes == 0);
        let room = match descriptor::pipe_capacity(&copy) {
            Ok(capacity) if empty && !self.narrow_pipes => capacity as u64,
            Err(_) if !self.narrow_pipes => u64::MAX,
            _ => PIPE_BUF,
        };
        let Some(registers) = self.piece(t, call, &pieces, (written, room)) else {
            self.tasks[t].may_block = true;
            return Ok(Before::Run(stopped));
        };
        let mut attempt = Attempt::new(libc::EAGAIN, Class::Steps);
        if channel == Channel::Socket {
            descriptor::set_status_flags(copy.as_raw_fd(), flags | libc::O_NONBLOCK)?;
            attempt.nonblocking = Some((copy, flags));
        }
        self.attempt(t, &stopped, &registers, attempt)?;
        self.tasks[t].piece = Some(Piece { short: false, whole: count });
        Ok(Before::Run(stopped))
    }

    /// Registers for a part of a write: from `written` on, at most `room` bytes.
    fn piece(
        &self,
        t: usize,
        call: &Call,
        buffers: &[(u64, u64)],
        (written, room): (u64, u64),
    ) -> Option<Registers> {
        let mut registers = call.registers;
        let (mut skip, mut left) = (written, room);
        let mut parts = Vec::new();
        for &(address, length) in buffers {
            let past = skip.min(length);
            skip -= past;
            let take = (length - past).min(left);
            left -= take;
            if take > 0 && parts.len() < VECTOR {
                parts.push((address + past, take));
            }
        }
        if matches!(call.number, libc::SYS_write | libc::SYS_sendto) {
            (registers.rsi, registers.rdx) = parts.first().copied().unwrap_or((call.args[1], 0));
            return Some(registers);
        }
        let words: Vec<u64> =
            parts.iter().flat_map(|&(address, length)| [address, length]).collect();
        let count = parts.len() as u64;
        if call.number == libc::SYS_writev {
            registers.rsi = self.scratch(t, call, &bytes_of(&words))?;
            registers.rdx = count;
            return Some(registers);
        }
        // A `struct msghdr` of seven words, and the vector behind it. What goes with a message goes
        // with its first byte.
        let mut header = self.words::<7>(t, call.args[1])?;
        if written > 0 {
            (header[4], header[5]) = (0, 0);
        }
        let place = self.scratch(t, call, &bytes_of(&[&header[..], &words].concat()))?;
        (header[2], header[3]) = (place + 56, count);
        memory::write(self.tasks[t].tid, place, &bytes_of(&header)).ok()?;
        registers.rsi = place;
        Some(registers)
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
        self.tasks[t].piece = Some(Piece { short: true, whole: 0 });
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
                if result > 0 && written < piece.whole {
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
        if let Ok(length) = result {
            self.after_proc_read(t, call, length)?;
        }
        self.read_timer(t, call, seen)?;
        self.record_io(t, call, result, short);
        if result == Err(libc::EAGAIN) {
            self.in_vain(t, call.number);
        }
        self.tasks[t].call_done();
        Ok(After::GoOn)
    }

    pub(crate) fn record_io(
        &mut self,
        t: usize,
        call: &Call,
        result: Result<u64, i32>,
        shortened: bool,
    ) {
        let fd = call.int(0);
        let object = self.process(t).files.get(fd).map(|entry| entry.object);
        let writes = matches!(
            call.number,
            libc::SYS_write | libc::SYS_writev | libc::SYS_sendto | libc::SYS_sendmsg
        );
        let buffers = self.buffers(t, call);
        let asked = buffers.iter().map(|&(_, length)| length).sum();
        let moved = result.unwrap_or(0);
        let bytes = self.moved_bytes(t, buffers, moved);
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
            ObjectKind::Stdin
            | ObjectKind::Pipe
            | ObjectKind::Fifo(_)
            | ObjectKind::Queue(_)
            | ObjectKind::File(_)
            | ObjectKind::Other(_) => None,
        }
    }

    /// The memory that a call reads from or writes to: addresses and lengths. Empty where it cannot
    /// be read.
    fn buffers(&self, t: usize, call: &Call) -> Vec<(u64, u64)> {
        let (vector, count) = match call.number {
            libc::SYS_readv | libc::SYS_writev => (call.args[1], call.args[2]),
            libc::SYS_sendmsg | libc::SYS_recvmsg => match self.words::<4>(t, call.args[1]) {
                Some([_, _, vector, count]) => (vector, count),
                None => return Vec::new(),
            },
            libc::SYS_sendmmsg => return Vec::new(),
            _ => return vec![(call.args[1], call.args[2])],
        };
        (0..count.min(1024))
            .map_while(|n| {
                let [address, length] = self.words::<2>(t, vector + 16 * n)?;
                Some((address, length))
            })
            .collect()
    }

    fn words<const N: usize>(&self, t: usize, place: u64) -> Option<[u64; N]> {
        let mut words = [0; N];
        for (n, word) in (0u64..).zip(&mut words) {
            *word = memory::read_u64(self.tasks[t].tid, place + 8 * n).ok()?;
        }
        Some(words)
    }

    fn moved_bytes(&mut self, t: usize, buffers: Vec<(u64, u64)>, moved: u64) -> Vec<u8> {
        let mut wanted = usize::try_from(moved).unwrap_or(KEPT).min(KEPT).min(self.room);
        let mut bytes = Vec::with_capacity(wanted);
        for (address, length) in buffers {
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

/// Whether a call on a socket asks not to wait.
fn does_not_wait(call: &Call) -> bool {
    let flags = match call.number {
        libc::SYS_sendto | libc::SYS_sendmmsg => call.int(3),
        libc::SYS_sendmsg => call.int(2),
        _ => 0,
    };
    flags & libc::MSG_DONTWAIT != 0
}

fn bytes_of(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
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
