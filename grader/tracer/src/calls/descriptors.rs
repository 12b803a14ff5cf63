//! Calls that make, copy, change and close descriptors.

use super::processes::errno_of;
use crate::attempt::Class;
use crate::descriptors::{End, Entry};
use crate::error::Result;
use crate::run::Run;
use crate::special::Special;
use crate::task::Call;
use forklings_model::{EventKind, Fd, ObjectId, ObjectKind};
use forklings_sys::memory;
use std::fs;

impl Run<'_> {
    /// The object behind a task's descriptor; one that appeared in a way the tracer does not
    /// follow is taken into the table now.
    pub(crate) fn object_of(&mut self, t: usize, fd: Fd) -> ObjectId {
        if let Some(entry) = self.process(t).files.get(fd) {
            return entry.object;
        }
        let path = format!("/proc/{}/fd/{fd}", self.process(t).host);
        let Ok(target) = fs::read_link(path) else {
            // Not open: no object, and the call will say EBADF.
            return ObjectId(u32::MAX);
        };
        let target = target.display().to_string();
        let kind = match target.split(":[").next() {
            Some("pipe") => ObjectKind::Pipe,
            Some("socket") => ObjectKind::Other("socket".to_owned()),
            _ if target.starts_with('/') => ObjectKind::File(target),
            other => ObjectKind::Other(other.unwrap_or("unknown").to_owned()),
        };
        let object = self.objects.add(kind, None);
        self.add_entry(t, fd, object, End::Both, false, false);
        object
    }

    fn add_entry(
        &mut self,
        t: usize,
        fd: Fd,
        object: ObjectId,
        end: End,
        close_on_exec: bool,
        nonblocking: bool,
    ) {
        let made_at = self.tasks[t].site;
        let entry = Entry { object, end, close_on_exec, nonblocking, made_at };
        self.process_mut(t).files.insert(fd, entry);
    }

    /// A call of this family, or one that makes a descriptor in passing, has returned.
    pub(super) fn after_descriptor_call(
        &mut self,
        t: usize,
        call: &Call,
        result: i64,
    ) -> Result<()> {
        let fd = Fd::try_from(result).unwrap_or(-1);
        if matches!(
            call.number,
            libc::SYS_close
                | libc::SYS_close_range
                | libc::SYS_dup2
                | libc::SYS_dup3
                | libc::SYS_accept
                | libc::SYS_accept4
        ) {
            self.something_closed();
        }
        match call.number {
            libc::SYS_pipe => self.made_pipe(t, call, 0, result)?,
            libc::SYS_pipe2 => self.made_pipe(t, call, call.int(1), result)?,
            libc::SYS_socketpair => self.made_socket_pair(t, call, result)?,
            libc::SYS_dup | libc::SYS_dup2 => self.duplicated(t, call.int(0), fd, false),
            libc::SYS_dup3 => {
                self.duplicated(t, call.int(0), fd, call.int(2) & libc::O_CLOEXEC != 0);
            }
            libc::SYS_fcntl => self.after_fcntl(t, call, result),
            libc::SYS_open | libc::SYS_creat => {
                self.opened_file(t, call.args[0], call.int(1), result)?;
            }
            libc::SYS_openat => self.opened_file(t, call.args[1], call.int(2), result)?,
            libc::SYS_openat2 => {
                let flags = memory::read_u32(self.tasks[t].tid, call.args[2]).unwrap_or(0);
                self.opened_file(t, call.args[1], flags.cast_signed(), result)?;
            }
            libc::SYS_close => self.after_close(t, call.int(0), result),
            libc::SYS_close_range => self.after_close_range(t, call, result),
            libc::SYS_signalfd | libc::SYS_signalfd4 => self.made_signalfd(t, call, result)?,
            libc::SYS_socket
            | libc::SYS_accept
            | libc::SYS_accept4
            | libc::SYS_eventfd
            | libc::SYS_eventfd2
            | libc::SYS_timerfd_create
            | libc::SYS_epoll_create
            | libc::SYS_epoll_create1
            | libc::SYS_memfd_create
            | libc::SYS_inotify_init
            | libc::SYS_inotify_init1
            | libc::SYS_pidfd_open
                if fd >= 0 =>
            {
                self.made_other(t, call, fd);
                match call.number {
                    libc::SYS_timerfd_create => self.made_timer(t, call, fd),
                    libc::SYS_socket => self.made_socket(t, fd)?,
                    libc::SYS_accept | libc::SYS_accept4 => self.accepted(t, call.int(0), fd),
                    libc::SYS_pidfd_open => self.made_pidfd(t, fd, call.int(0)),
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn made_pipe(&mut self, t: usize, call: &Call, flags: i32, result: i64) -> Result<()> {
        if result != 0 {
            return Ok(());
        }
        let word = memory::read_u64(self.tasks[t].tid, call.args[0])?.to_le_bytes();
        let [a, b, c, d, e, f, g, h] = word;
        let (read, write) = (Fd::from_le_bytes([a, b, c, d]), Fd::from_le_bytes([e, f, g, h]));
        let close_on_exec = flags & libc::O_CLOEXEC != 0;
        let nonblocking = flags & libc::O_NONBLOCK != 0;
        let object = self.objects.add(ObjectKind::Pipe, self.tasks[t].site);
        self.add_entry(t, read, object, End::Read, close_on_exec, nonblocking);
        self.add_entry(t, write, object, End::Write, close_on_exec, nonblocking);
        self.emit(t, EventKind::Pipe { read, write, object, close_on_exec, nonblocking });
        Ok(())
    }

    fn made_socket_pair(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        if result != 0 {
            return Ok(());
        }
        let close_on_exec = call.int(1) & libc::SOCK_CLOEXEC != 0;
        let mut ends = Vec::new();
        for n in 0..2 {
            let fd = memory::read_u32(self.tasks[t].tid, call.args[3] + 4 * n)?.cast_signed();
            let object =
                self.objects.add(ObjectKind::Other("socketpair".into()), self.tasks[t].site);
            self.add_entry(t, fd, object, End::Both, close_on_exec, false);
            self.emit(t, EventKind::Opened { fd, object, close_on_exec });
            ends.push(object);
        }
        self.strikes.paired(&ends);
        Ok(())
    }

    fn made_signalfd(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        let Ok(fd) = Fd::try_from(result) else { return Ok(()) };
        if fd < 0 {
            return Ok(());
        }
        if call.int(0) < 0 {
            self.made_other(t, call, fd);
        }
        let object = self.object_of(t, fd);
        let Ok(mask) = memory::read_u64(self.tasks[t].tid, call.args[1]) else { return Ok(()) };
        self.special.insert(object, Special::Signals(mask));
        Ok(())
    }

    pub(super) fn made_other(&mut self, t: usize, call: &Call, fd: Fd) {
        // All of these calls spell close-on-exec as O_CLOEXEC, in different arguments; the
        // kernel's own word is simpler. Source: proc(5), fdinfo.
        let path = format!("/proc/{}/fdinfo/{fd}", self.process(t).host);
        let flags = fs::read_to_string(path)
            .ok()
            .and_then(|text| {
                let octal = text.lines().find_map(|line| line.strip_prefix("flags:"))?.trim();
                i32::from_str_radix(octal, 8).ok()
            })
            .unwrap_or(0);
        let close_on_exec = flags & libc::O_CLOEXEC != 0;
        let object =
            self.objects.add(ObjectKind::Other(super::name(call.number)), self.tasks[t].site);
        self.add_entry(t, fd, object, End::Both, close_on_exec, flags & libc::O_NONBLOCK != 0);
        self.emit(t, EventKind::Opened { fd, object, close_on_exec });
    }

    fn opened_file(&mut self, t: usize, path: u64, flags: i32, result: i64) -> Result<()> {
        let path = memory::string(self.tasks[t].tid, path, 4096).unwrap_or_default();
        let fd = Fd::try_from(result).unwrap_or(-1);
        let fifo = self.opened_fifo(t, fd)?;
        if let Some(errno) = errno_of(result) {
            self.emit(t, EventKind::OpenFailed { path, errno });
            return Ok(());
        }
        let object = match fifo.as_ref().and_then(|open| self.fifo_object(open)) {
            Some(object) => object,
            None => self.objects.add(ObjectKind::File(path), self.tasks[t].site),
        };
        self.add_opened(t, fd, object, flags);
        match fifo {
            Some(open) => self.let_writers_in(&open),
            None => Ok(()),
        }
    }

    /// Takes a new descriptor into the table, with the flags of an `open`.
    pub(super) fn add_opened(&mut self, t: usize, fd: Fd, object: ObjectId, flags: i32) {
        let close_on_exec = flags & libc::O_CLOEXEC != 0;
        let end = match flags & libc::O_ACCMODE {
            libc::O_RDONLY => End::Read,
            libc::O_WRONLY => End::Write,
            _ => End::Both,
        };
        self.add_entry(t, fd, object, end, close_on_exec, flags & libc::O_NONBLOCK != 0);
        self.emit(t, EventKind::Opened { fd, object, close_on_exec });
    }

    /// What was closed may have been the last of its kind: locks end with it, and a socket that
    /// others wanted to connect to.
    pub(crate) fn something_closed(&mut self) {
        self.changes.note(Class::Locks);
        self.changes.note(Class::Connections);
    }

    /// Only FIFOs, files and sockets may be made, no devices.
    pub(super) fn refuse_device(&mut self, t: usize, call: &Call) -> Option<i64> {
        let mode = call.args[if call.number == libc::SYS_mknod { 1 } else { 2 }];
        let kind = u32::try_from(mode).unwrap_or(0) & libc::S_IFMT;
        if !matches!(kind, libc::S_IFCHR | libc::S_IFBLK) {
            return None;
        }
        self.emit(t, EventKind::Refused { call: super::name(call.number) });
        Some(-i64::from(libc::EPERM))
    }

    fn duplicated(&mut self, t: usize, from: Fd, to: Fd, close_on_exec: bool) {
        if to < 0 || from == to {
            return;
        }
        let object = self.object_of(t, from);
        let Some(&entry) = self.process(t).files.get(from) else { return };
        let made_at = self.tasks[t].site.or(entry.made_at);
        self.process_mut(t).files.insert(to, Entry { close_on_exec, made_at, ..entry });
        self.emit(t, EventKind::Duplicated { from, to, object, close_on_exec });
    }

    fn after_fcntl(&mut self, t: usize, call: &Call, result: i64) {
        let (fd, argument) = (call.int(0), call.int(2));
        if super::kinds::LOCKING.contains(&call.int(1)) {
            self.changes.note(Class::Locks);
            self.used(t, call, errno_of(result));
        }
        if result < 0 {
            return;
        }
        match call.int(1) {
            libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => {
                let close_on_exec = call.int(1) == libc::F_DUPFD_CLOEXEC;
                self.duplicated(t, fd, Fd::try_from(result).unwrap_or(-1), close_on_exec);
            }
            libc::F_SETFD => {
                let close_on_exec = argument & libc::FD_CLOEXEC != 0;
                if let Some(entry) = self.process_mut(t).files.get_mut(fd) {
                    entry.close_on_exec = close_on_exec;
                }
                self.emit(
                    t,
                    EventKind::DescriptorFlags {
                        fd,
                        close_on_exec: Some(close_on_exec),
                        nonblocking: None,
                    },
                );
            }
            libc::F_SETFL => {
                let nonblocking = argument & libc::O_NONBLOCK != 0;
                if let Some(entry) = self.process_mut(t).files.get_mut(fd) {
                    entry.nonblocking = nonblocking;
                }
                self.emit(
                    t,
                    EventKind::DescriptorFlags {
                        fd,
                        close_on_exec: None,
                        nonblocking: Some(nonblocking),
                    },
                );
            }
            _ => {}
        }
    }

    fn after_close(&mut self, t: usize, fd: Fd, result: i64) {
        let object = self.process_mut(t).files.remove(fd).map(|entry| entry.object);
        self.emit(t, EventKind::Closed { fd, object, errno: errno_of(result) });
    }

    fn after_close_range(&mut self, t: usize, call: &Call, result: i64) {
        if result != 0 {
            return;
        }
        let first = Fd::try_from(call.args[0]).unwrap_or(Fd::MAX);
        let last = Fd::try_from(call.args[1]).unwrap_or(Fd::MAX);
        let on_exec_only = call.int(2).cast_unsigned() & libc::CLOSE_RANGE_CLOEXEC != 0;
        for (fd, mut entry) in self.process_mut(t).files.remove_range(first, last) {
            if on_exec_only {
                entry.close_on_exec = true;
                self.process_mut(t).files.insert(fd, entry);
            } else {
                let object = Some(entry.object);
                self.emit(t, EventKind::Closed { fd, object, errno: None });
            }
        }
    }
}
