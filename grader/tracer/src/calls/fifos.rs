//! Opening a FIFO waits until its other end is opened too. Both opens are performed in a form that
//! does not wait, the reader's first, once both are there; the flag that this leaves on the open
//! file is cleared on a copy, which shares it. Source: `fifo(7)`, `open(2)` at ENXIO.

use super::Before;
use super::locks::FileId;
use crate::attempt::{Attempt, Class};
use crate::descriptors::End;
use crate::error::Result;
use crate::run::Run;
use crate::server::lost;
use crate::task::{Call, Point, State};
use forklings_model::{Fd, ObjectId, ObjectKind, WaitsFor};
use forklings_sys::ptrace::{Halt, Reason, Registers, Resume, Stopped};
use forklings_sys::{descriptor, memory};
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::LazyLock;

/// An `open` of a FIFO that a task stands before.
#[derive(Clone, Debug)]
pub(crate) struct FifoOpen {
    file: FileId,
    path: String,
    flags: i32,
}

impl FifoOpen {
    fn reads(&self) -> bool {
        self.flags & libc::O_ACCMODE != libc::O_WRONLY
    }

    fn writes(&self) -> bool {
        self.flags & libc::O_ACCMODE != libc::O_RDONLY
    }

    /// Whether it waits for a partner. A pipe without a name has both ends from the beginning.
    fn waits(&self) -> bool {
        self.flags & libc::O_NONBLOCK == 0 && self.reads() != self.writes() && !self.is_nameless()
    }

    /// Whether it is a pipe that is opened once more, by the path of a descriptor.
    fn is_nameless(&self) -> bool {
        /// The device that all pipes without a name are on.
        static PIPES: LazyLock<Option<u64>> = LazyLock::new(|| {
            let (end, _) = descriptor::pipe().ok()?;
            fs::File::from(end).metadata().ok().map(|data| data.dev())
        });
        Some(self.file.0) == *PIPES
    }
}

impl Run<'_> {
    /// The flags that a file is opened with.
    pub(crate) fn open_flags(&self, t: usize, call: &Call) -> i32 {
        match call.number {
            libc::SYS_open => call.int(1),
            libc::SYS_creat => libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC,
            libc::SYS_openat => call.int(2),
            _ => {
                let flags = memory::read_u32(self.tasks[t].tid, call.args[2]).unwrap_or(0);
                flags.cast_signed()
            }
        }
    }

    /// Whether a call of the `open` family opens a FIFO; remembers what it needs to know if so.
    pub(super) fn opens_fifo(&mut self, t: usize, call: &Call) -> bool {
        let tid = self.tasks[t].tid;
        let flags = self.open_flags(t, call);
        let (folder, place) = match call.number {
            libc::SYS_open | libc::SYS_creat => (libc::AT_FDCWD, call.args[0]),
            _ => (call.int(0), call.args[1]),
        };
        self.tasks[t].fifo = None;
        if flags & (libc::O_PATH | libc::O_DIRECTORY) != 0 {
            return false;
        }
        let Ok(path) = memory::string(tid, place, 4096) else { return false };
        let seen = seen_from_here(tid, folder, &path);
        let Ok(data) = fs::metadata(&seen) else {
            // An absolute link leads out of the task's own root when it is followed from here.
            self.tasks[t].may_block =
                fs::symlink_metadata(&seen).is_ok_and(|data| data.file_type().is_symlink());
            return false;
        };
        if data.file_type().is_fifo() {
            let file = (data.dev(), data.ino());
            self.tasks[t].fifo = Some(FifoOpen { file, path, flags });
        }
        self.tasks[t].fifo.is_some()
    }

    /// What opening a FIFO waits for.
    pub(crate) fn waits_for_peer(&self, t: usize) -> Option<WaitsFor> {
        let open = self.tasks[t].fifo.as_ref().filter(|open| open.waits())?;
        let there = if open.reads() { End::writes } else { End::reads };
        let is_open = self
            .fifos
            .get(&open.file)
            .is_some_and(|&object| !self.holders(object, there).is_empty());
        let arrives = (0..self.tasks.len()).any(|other| self.waits_at(other, open, open.reads()));
        let blocked = !is_open && !arrives || self.still_refused(t);
        blocked.then(|| WaitsFor::FifoPeer { path: open.path.clone(), writes: open.writes() })
    }

    /// Whether a task is known to wait until the other end of this FIFO is opened.
    fn waits_at(&self, other: usize, open: &FifoOpen, writes: bool) -> bool {
        let task = &self.tasks[other];
        matches!(task.state, State::Parked(_, Point::Call(_)))
            && task.announced
            && task.fifo.as_ref().is_some_and(|theirs| {
                theirs.file == open.file && theirs.waits() && theirs.writes() == writes
            })
    }

    pub(super) fn before_open(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let Some(open) = self.tasks[t].fifo.clone() else { return Ok(Before::Run(stopped)) };
        if open.writes() {
            // Whoever waits for a writer is in its `open` already, and counts as a reader.
            self.let_in(&open, false)?;
        }
        if open.waits() && !self.is_interrupted(t, &stopped, call)? {
            let Some(registers) = self.nonblocking_open(t, call, &open) else {
                self.tasks[t].may_block = true;
                return Ok(Before::Run(stopped));
            };
            self.attempt(t, &stopped, &registers, Attempt::new(libc::ENXIO, Class::Steps))?;
        }
        Ok(Before::Run(stopped))
    }

    /// A FIFO was opened: clears the flag that it was opened with, and lets in who waited for it.
    pub(super) fn opened_fifo(&mut self, t: usize, fd: Fd) -> Result<Option<FifoOpen>> {
        let Some(open) = self.tasks[t].fifo.take() else { return Ok(None) };
        if fd >= 0 {
            if open.waits()
                && let Some(copy) = self.copy(t, fd)
            {
                let flags = descriptor::status_flags(copy.as_raw_fd())?;
                descriptor::set_status_flags(copy.as_raw_fd(), flags & !libc::O_NONBLOCK)?;
            }
            if !self.fifos.contains_key(&open.file) {
                let known = open
                    .is_nameless()
                    .then(|| own_descriptor(&open.path))
                    .flatten()
                    .and_then(|fd| self.process(t).files.get(fd))
                    .map(|entry| entry.object);
                let object = match known {
                    Some(object) => object,
                    None if open.is_nameless() => {
                        self.objects.add(ObjectKind::Pipe, self.tasks[t].site)
                    }
                    None => {
                        let kind = ObjectKind::Fifo(open.path.clone());
                        self.objects.add(kind, self.tasks[t].site)
                    }
                };
                self.fifos.insert(open.file, object);
            }
        }
        Ok(Some(open))
    }

    /// The object that stands for an opened FIFO.
    pub(super) fn fifo_object(&self, open: &FifoOpen) -> Option<ObjectId> {
        self.fifos.get(&open.file).copied()
    }

    /// After a FIFO's opening has its event: writers that waited for a reader go on.
    pub(super) fn let_writers_in(&mut self, open: &FifoOpen) -> Result<()> {
        if open.reads() { self.let_in(open, true) } else { Ok(()) }
    }

    /// Lets all tasks go through their `open` that wait for a partner at this FIFO.
    fn let_in(&mut self, open: &FifoOpen, writers: bool) -> Result<()> {
        for other in 0..self.tasks.len() {
            if self.waits_at(other, open, writers) {
                self.open_now(other)?;
            }
        }
        Ok(())
    }

    /// Lets a task that waits in `open` return from it, and parks it there.
    fn open_now(&mut self, t: usize) -> Result<()> {
        let state = std::mem::replace(&mut self.tasks[t].state, State::Moving);
        let (State::Parked(stopped, Point::Call(call)), Some(open)) =
            (state, self.tasks[t].fifo.clone())
        else {
            return Err(lost("who waits in open is not parked"));
        };
        let Some(registers) = self.nonblocking_open(t, &call, &open) else {
            self.tasks[t].state = State::Parked(stopped, Point::Call(call));
            return Ok(());
        };
        self.attempt(t, &stopped, &registers, Attempt::new(libc::ENXIO, Class::Steps))?;
        let stopped = match stopped.resume(Resume::ToExit, 0)?.wait()? {
            Halt::Stopped(stopped, Reason::SyscallExit) => stopped,
            Halt::Stopped(..) => return Err(lost("an open stopped elsewhere")),
            Halt::Died(status) => return self.died_at_once(t, status),
        };
        let result = stopped.registers()?.rax.cast_signed();
        if self.refused(t, &stopped, &call, result)? {
            // Back before its call, where it will be parked when it is resumed.
            self.park(t, stopped, Point::Return);
            return Ok(());
        }
        self.after(t, &stopped, &call, result)?;
        self.park(t, stopped, Point::Return);
        Ok(())
    }

    /// Registers for the same `open` with O_NONBLOCK.
    fn nonblocking_open(&self, t: usize, call: &Call, open: &FifoOpen) -> Option<Registers> {
        let mut registers = call.registers;
        let flags = u64::from((open.flags | libc::O_NONBLOCK).cast_unsigned());
        match call.number {
            libc::SYS_open => registers.rsi = flags,
            libc::SYS_openat => registers.rdx = flags,
            libc::SYS_creat => {
                registers.orig_rax = libc::SYS_open.cast_unsigned();
                (registers.rsi, registers.rdx) = (flags, call.args[1]);
            }
            _ => {
                let size = usize::try_from(call.args[3]).ok().filter(|&size| size <= 64)?;
                let mut how = vec![0; size];
                memory::exact(self.tasks[t].tid, call.args[2], &mut how).ok()?;
                how.get_mut(..8)?.copy_from_slice(&flags.to_le_bytes());
                registers.rdx = self.scratch(t, call, &how)?;
            }
        }
        Some(registers)
    }
}

/// A task's path as the tracer can follow it: the root, the folders and the descriptors are the
/// task's own, seen through it.
fn seen_from_here(tid: i32, folder: Fd, path: &str) -> String {
    if let Some(fd) = own_descriptor(path) {
        return format!("/proc/{tid}/fd/{fd}");
    }
    match (path.strip_prefix("/proc/self/"), folder) {
        (Some(own), _) => format!("/proc/{tid}/{own}"),
        _ if path.starts_with('/') => format!("/proc/{tid}/root{path}"),
        (_, libc::AT_FDCWD) => format!("/proc/{tid}/cwd/{path}"),
        (_, folder) => format!("/proc/{tid}/fd/{folder}/{path}"),
    }
}

/// The descriptor that a path of the caller's own descriptors names. Source: `proc_pid_fd(5)`.
fn own_descriptor(path: &str) -> Option<Fd> {
    match path {
        "/dev/stdin" => Some(0),
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        _ => ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"]
            .iter()
            .find_map(|folder| path.strip_prefix(folder)?.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_followed_as_its_task_would() {
        let seen = |folder, path| seen_from_here(7, folder, path);
        assert_eq!(seen(libc::AT_FDCWD, "a/b"), "/proc/7/cwd/a/b");
        assert_eq!(seen(5, "a"), "/proc/7/fd/5/a");
        assert_eq!(seen(5, "/tmp/a"), "/proc/7/root/tmp/a");
        assert_eq!(seen(libc::AT_FDCWD, "/proc/self/fd/3"), "/proc/7/fd/3");
        assert_eq!(seen(libc::AT_FDCWD, "/dev/fd/3"), "/proc/7/fd/3");
        assert_eq!(seen(libc::AT_FDCWD, "/dev/stdin"), "/proc/7/fd/0");
        assert_eq!(seen(libc::AT_FDCWD, "/proc/self/maps"), "/proc/7/maps");
    }
}
