//! Whether reading and writing would block, and who holds the other end.

use super::sockets::asks_not_to_wait;
use crate::descriptors::End;
use crate::error::Result;
use crate::run::Run;
use crate::special::Special;
use crate::task::Call;
use forklings_model::{Fd, Holder, ObjectId, ObjectKind, WaitsFor};
use forklings_sys::{descriptor, socket};
use std::os::fd::AsRawFd;

/// What kind of channel a descriptor is, if others can wait at its other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    /// A pipe or FIFO.
    Pipe,
    /// A socket without edges between messages: a large write may be cut.
    Socket,
    /// A socket whose messages are whole.
    Messages,
}

impl Run<'_> {
    /// What a call that reads waits for.
    pub(crate) fn waits_to_read(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        let flags = match call.number {
            libc::SYS_recvfrom => call.int(3),
            libc::SYS_recvmsg => call.int(2),
            _ => 0,
        };
        if flags & libc::MSG_DONTWAIT != 0 {
            return Ok(None);
        }
        let fd = call.int(0);
        let object = self.object_of(t, fd);
        if self.is_file(object) && !(self.terminal && object == ObjectId(0)) {
            return Ok(None);
        }
        if self.readable(t, fd, object)? {
            return Ok(None);
        }
        self.socket_deadline(t, fd, false);
        let writers = self.holders(object, End::writes);
        Ok(Some(WaitsFor::Readable { fd, object, writers }))
    }

    fn is_file(&self, object: ObjectId) -> bool {
        matches!(
            self.objects.kind(object),
            Some(ObjectKind::Stdin | ObjectKind::Stdout | ObjectKind::Stderr | ObjectKind::File(_))
        )
    }

    /// Whether a read would not block: there is something, or the end, or an error, or the
    /// descriptor does not block at all.
    fn readable(&self, t: usize, fd: Fd, object: ObjectId) -> Result<bool> {
        let Some(copy) = self.copy(t, fd) else { return Ok(true) };
        let flags = descriptor::status_flags(copy.as_raw_fd())?;
        // What is open for writing only gets EBADF.
        if flags & libc::O_NONBLOCK != 0 || flags & libc::O_ACCMODE == libc::O_WRONLY {
            return Ok(true);
        }
        match self.special.get(&object) {
            Some(Special::Signals(mask)) => return self.has_pending(t, *mask),
            Some(Special::Timer(timer)) => return Ok(timer.expiries > 0),
            Some(Special::Process(_) | Special::Epoll(_)) | None => {}
        }
        if descriptor::poll_now(&[(copy.as_raw_fd(), libc::POLLIN)])?[0] != 0 {
            return Ok(true);
        }
        // A FIFO that nobody has opened for writing yet is at its end without saying so.
        let fifo = matches!(self.objects.kind(object), Some(ObjectKind::Fifo(_)));
        Ok(fifo && self.holders(object, End::writes).is_empty())
    }

    /// What a call that writes waits for.
    pub(crate) fn waits_to_write(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        let flags = match call.number {
            libc::SYS_sendto => call.int(3),
            libc::SYS_sendmsg => call.int(2),
            libc::SYS_sendmmsg => call.int(3),
            _ => 0,
        };
        if flags & libc::MSG_DONTWAIT != 0 {
            return Ok(None);
        }
        self.waits_for_room(t, call.int(0))
    }

    fn waits_for_room(&mut self, t: usize, fd: Fd) -> Result<Option<WaitsFor>> {
        let object = self.object_of(t, fd);
        if self.is_file(object) {
            return Ok(None);
        }
        let Some(copy) = self.copy(t, fd) else { return Ok(None) };
        let flags = descriptor::status_flags(copy.as_raw_fd())?;
        // What is open for reading only gets EBADF.
        if flags & libc::O_NONBLOCK != 0 || flags & libc::O_ACCMODE == libc::O_RDONLY {
            return Ok(None);
        }
        let room = descriptor::poll_now(&[(copy.as_raw_fd(), libc::POLLOUT)])?[0] != 0;
        if room && !self.still_refused(t) {
            return Ok(None);
        }
        self.socket_deadline(t, fd, true);
        let readers = self.holders(object, End::reads);
        Ok(Some(WaitsFor::Writable { fd, object, readers }))
    }

    /// What moving bytes between two descriptors waits for.
    pub(crate) fn waits_to_splice(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        if asks_not_to_wait(call) {
            return Ok(None);
        }
        let (from, to) = match call.number {
            libc::SYS_splice => (Some(call.int(0)), call.int(2)),
            libc::SYS_tee => (Some(call.int(0)), call.int(1)),
            // sendfile reads a file; vmsplice reads memory.
            _ => (None, call.int(0)),
        };
        if let Some(fd) = from {
            let object = self.object_of(t, fd);
            if !self.is_file(object) && !self.readable(t, fd, object)? {
                let writers = self.holders(object, End::writes);
                return Ok(Some(WaitsFor::Readable { fd, object, writers }));
            }
        }
        self.waits_for_room(t, to)
    }

    /// A socket may have a time-out of its own. Source: `socket(7)`, SO_RCVTIMEO.
    fn socket_deadline(&mut self, t: usize, fd: Fd, sends: bool) {
        if self.tasks[t].deadline.is_some() || !self.is_socket(t, fd) {
            return;
        }
        let Some(copy) = self.copy(t, fd) else { return };
        if let Ok(Some(length)) = socket::patience(copy.as_raw_fd(), sends) {
            self.tasks[t].deadline = Some(self.clock.now() + length);
        }
    }

    pub(super) fn is_socket(&mut self, t: usize, fd: Fd) -> bool {
        let object = self.object_of(t, fd);
        match self.objects.kind(object) {
            Some(ObjectKind::Other(call)) => {
                call.starts_with("socket") || call.starts_with("accept")
            }
            _ => false,
        }
    }

    /// What kind of channel a task's descriptor is.
    pub(super) fn channel(&mut self, t: usize, fd: Fd) -> Option<Channel> {
        let object = self.object_of(t, fd);
        if let Some(ObjectKind::Pipe | ObjectKind::Fifo(_)) = self.objects.kind(object) {
            return Some(Channel::Pipe);
        }
        if !self.is_socket(t, fd) {
            return None;
        }
        let copy = self.copy(t, fd)?;
        match socket::kind(copy.as_raw_fd()) {
            Ok(libc::SOCK_STREAM) => Some(Channel::Socket),
            Ok(_) => Some(Channel::Messages),
            Err(_) => None,
        }
    }

    /// Who holds an end of an object.
    pub(super) fn holders(&self, object: ObjectId, side: fn(End) -> bool) -> Vec<Holder> {
        self.processes
            .iter()
            .filter(|p| p.is_alive())
            .flat_map(|p| {
                p.files
                    .iter()
                    .filter(|(_, entry)| entry.object == object && side(entry.end))
                    .map(|(fd, entry)| Holder { proc: p.id, fd, opened_at: entry.made_at })
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}
