//! POSIX message queues: descriptors that `poll` understands. Source: `mq_overview(7)`.

use super::Before;
use super::processes::errno_of;
use crate::descriptors::End;
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, IoResult, ObjectKind, WaitsFor};
use forklings_sys::ptrace::Stopped;
use forklings_sys::{descriptor, memory};
use std::os::fd::AsRawFd;

impl Run<'_> {
    /// What sending to, or receiving from, a queue waits for.
    pub(crate) fn waits_for_queue(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        let sends = call.number == libc::SYS_mq_timedsend;
        let fd = call.int(0);
        let Some(copy) = self.copy(t, fd) else { return Ok(None) };
        let events = if sends { libc::POLLOUT } else { libc::POLLIN };
        let nonblocking = descriptor::status_flags(copy.as_raw_fd())? & libc::O_NONBLOCK != 0;
        if nonblocking || descriptor::poll_now(&[(copy.as_raw_fd(), events)])?[0] != 0 {
            return Ok(None);
        }
        if call.args[4] != 0 && self.tasks[t].deadline.is_none() {
            let Ok(end) = self.read_timespec(t, call.args[4]) else { return Ok(None) };
            let origin = self.clock.origin(libc::CLOCK_REALTIME);
            self.tasks[t].deadline = Some(end.saturating_sub(origin));
            if end.saturating_sub(origin) <= self.clock.now() {
                self.tasks[t].expired = true;
                return Ok(None);
            }
        }
        let object = self.object_of(t, fd);
        Ok(Some(if sends {
            WaitsFor::Writable { fd, object, readers: self.holders(object, End::reads) }
        } else {
            WaitsFor::Readable { fd, object, writers: self.holders(object, End::writes) }
        }))
    }

    pub(super) fn before_queue(&mut self, t: usize, stopped: Stopped, call: &Call) -> Before {
        if self.tasks[t].expired {
            self.timed_out(t, call.number);
            let result = -i64::from(libc::ETIMEDOUT);
            self.after_queue(t, call, result);
            return Before::Skip(stopped, result);
        }
        Before::Run(stopped)
    }

    pub(super) fn after_queue(&mut self, t: usize, call: &Call, result: i64) {
        let fd = call.int(0);
        let sends = call.number == libc::SYS_mq_timedsend;
        let object = Some(self.object_of(t, fd));
        // Sending gives 0, receiving the length of the message.
        let moved = match errno_of(result) {
            Some(errno) => Err(errno),
            None if sends => Ok(call.args[2]),
            None => Ok(u64::try_from(result).unwrap_or(0)),
        };
        let kept = usize::try_from(moved.unwrap_or(0)).unwrap_or(0).min(4096).min(self.room);
        let mut bytes = vec![0; kept];
        if memory::exact(self.tasks[t].tid, call.args[1], &mut bytes).is_err() {
            bytes.clear();
        }
        self.room -= bytes.len();
        let io =
            IoResult { fd, object, asked: call.args[2], result: moved, bytes, shortened: false };
        self.emit(t, if sends { EventKind::Write(io) } else { EventKind::Read(io) });
        if moved == Err(libc::EAGAIN) {
            self.in_vain(t, call.number);
        }
    }

    pub(super) fn opened_queue(&mut self, t: usize, call: &Call, result: i64) {
        let path = memory::string(self.tasks[t].tid, call.args[0], 256).unwrap_or_default();
        if let Some(errno) = errno_of(result) {
            self.emit(t, EventKind::OpenFailed { path, errno });
            return;
        }
        let object = match self.queues.get(&path) {
            Some(&object) => object,
            None => {
                let kind = ObjectKind::Queue(path.clone());
                let object = self.objects.add(kind, self.tasks[t].site);
                let exclusive = libc::O_CREAT | libc::O_EXCL;
                if call.int(1) & exclusive == exclusive {
                    self.own_queues.insert(path.clone());
                }
                self.queues.insert(path, object);
                object
            }
        };
        let fd = i32::try_from(result).unwrap_or(-1);
        let flags = call.int(1);
        // Queue descriptors always close on exec. Source: mq_overview(7).
        self.add_opened(t, fd, object, flags | libc::O_CLOEXEC);
    }

    /// A queue's name is gone: what is opened under it next is another queue.
    pub(super) fn unlinked_queue(&mut self, t: usize, call: &Call, result: i64) {
        if result == 0 {
            let path = memory::string(self.tasks[t].tid, call.args[0], 256).unwrap_or_default();
            self.queues.remove(&path);
        }
    }
}
