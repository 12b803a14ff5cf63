//! Locks on files: `flock`, and those of `fcntl`, which belong to a process or to an open file.
//! Source: `flock(2)`, `fcntl(2)`.

use super::Before;
use crate::attempt::{Attempt, Class};
use crate::error::Result;
use crate::run::Run;
use crate::task::{Call, Point, State};
use forklings_model::{EventKind, Fd, ObjectId, ProcId, WaitsFor};
use forklings_sys::ptrace::Stopped;
use forklings_sys::{lock, memory};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

/// A file, whatever it is called: device and inode.
pub(crate) type FileId = (u64, u64);

/// A lock by `flock`, which belongs to an open file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileLock {
    file: FileId,
    exclusive: bool,
}

impl Run<'_> {
    /// What a call that locks waits for.
    pub(crate) fn waits_for_lock(&mut self, t: usize, call: &Call) -> Option<WaitsFor> {
        let fd = call.int(0);
        let holders = match call.number {
            libc::SYS_flock => self.flock_holders(t, call)?,
            _ => {
                let owner = self.record_lock_owner(t, call)?;
                if owner.is_some_and(|owner| self.waits_in_circle(t, call, owner)) {
                    // The kernel would say EDEADLK.
                    return None;
                }
                owner.into_iter().collect()
            }
        };
        Some(WaitsFor::Lock { fd, object: self.object_of(t, fd), holders })
    }

    /// Who holds a lock that is in the way of this `flock`; `None` when nobody does.
    fn flock_holders(&mut self, t: usize, call: &Call) -> Option<Vec<ProcId>> {
        let operation = call.int(1);
        if operation & (libc::LOCK_NB | libc::LOCK_UN) != 0 {
            return None;
        }
        let file = self.file_id(t, call.int(0))?;
        let own = self.object_of(t, call.int(0));
        let exclusive = operation & libc::LOCK_EX != 0;
        let in_the_way: Vec<ObjectId> = self
            .file_locks
            .iter()
            .filter(|&(&object, held)| {
                object != own && held.file == file && (exclusive || held.exclusive)
            })
            .map(|(&object, _)| object)
            .collect();
        let mut holders: Vec<ProcId> = self
            .processes
            .iter()
            .filter(|p| p.is_alive())
            .filter(|p| p.files.iter().any(|(_, entry)| in_the_way.contains(&entry.object)))
            .map(|p| p.id)
            .collect();
        holders.dedup();
        // Nobody has the file open any more, so the lock is gone; or the kernel knows more.
        (!holders.is_empty() || self.still_refused(t)).then_some(holders)
    }

    /// Who owns a record lock that is in the way of this `fcntl`: `None` when there is none,
    /// `Some(None)` when the kernel does not say whose it is.
    fn record_lock_owner(&self, t: usize, call: &Call) -> Option<Option<ProcId>> {
        let of_open_file = match call.int(1) {
            libc::F_SETLKW => false,
            libc::F_OFD_SETLKW => true,
            _ => return None,
        };
        let mut wanted = [0; lock::SIZE];
        memory::exact(self.tasks[t].tid, call.args[2], &mut wanted).ok()?;
        let unlocks = i32::from(i16::from_le_bytes([wanted[0], wanted[1]])) == libc::F_UNLCK;
        if unlocks {
            return None;
        }
        let copy = self.copy(t, call.int(0))?;
        let found = lock::in_the_way(copy.as_raw_fd(), wanted, of_open_file).ok()??;
        let owner = self.processes.iter().find(|p| p.host == found.pid && p.is_alive());
        let owner = owner.map(|p| p.id);
        if owner == Some(self.tasks[t].id.proc) && !of_open_file {
            // Its own lock hides what else may be there: only trying tells.
            return self.still_refused(t).then_some(None);
        }
        Some(owner)
    }

    /// Whether waiting for `owner` would close a circle of processes that wait for each other's
    /// record locks. Those of open files are not looked at. Source: `fcntl(2)`, EDEADLK.
    fn waits_in_circle(&self, t: usize, call: &Call, owner: ProcId) -> bool {
        if call.int(1) != libc::F_SETLKW {
            return false;
        }
        let me = self.tasks[t].id.proc;
        let mut next = owner;
        for _ in 0..10 {
            if next == me {
                return true;
            }
            let waiting = (0..self.tasks.len()).find_map(|other| {
                let State::Parked(_, Point::Call(theirs)) = &self.tasks[other].state else {
                    return None;
                };
                let waits = self.tasks[other].id.proc == next
                    && self.tasks[other].announced
                    && theirs.number == libc::SYS_fcntl
                    && theirs.int(1) == libc::F_SETLKW;
                waits.then_some((other, *theirs))
            });
            let Some((other, theirs)) = waiting else { return false };
            match self.record_lock_owner(other, &theirs) {
                Some(Some(owner)) => next = owner,
                Some(None) | None => return false,
            }
        }
        false
    }

    pub(super) fn before_lock(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let mut registers = call.registers;
        match (call.number, call.int(1)) {
            (libc::SYS_flock, operation) if operation & (libc::LOCK_NB | libc::LOCK_UN) == 0 => {
                registers.rsi |= u64::from(libc::LOCK_NB.unsigned_abs());
            }
            (libc::SYS_fcntl, libc::F_SETLKW) => {
                let owner = self.record_lock_owner(t, call).flatten();
                if owner.is_some_and(|owner| self.waits_in_circle(t, call, owner)) {
                    self.used(t, call, Some(libc::EDEADLK));
                    return Ok(Before::Skip(stopped, -i64::from(libc::EDEADLK)));
                }
                registers.rsi = u64::from(libc::F_SETLK.unsigned_abs());
            }
            (libc::SYS_fcntl, libc::F_OFD_SETLKW) => {
                registers.rsi = u64::from(libc::F_OFD_SETLK.unsigned_abs());
            }
            _ => return Ok(Before::Run(stopped)),
        }
        if !self.is_interrupted(t, &stopped, call)? {
            let attempt = Attempt::new(libc::EAGAIN, Class::Locks);
            self.attempt(t, &stopped, &registers, attempt)?;
        }
        Ok(Before::Run(stopped))
    }

    pub(super) fn after_flock(&mut self, t: usize, call: &Call, result: i64) {
        let object = self.object_of(t, call.int(0));
        let lets_go = call.int(1) & libc::LOCK_UN != 0;
        match (result, lets_go, self.file_id(t, call.int(0))) {
            (0, false, Some(file)) => {
                let exclusive = call.int(1) & libc::LOCK_EX != 0;
                self.file_locks.insert(object, FileLock { file, exclusive });
            }
            // Who changes a lock loses the old one first, even if it gets no new one.
            _ => drop(self.file_locks.remove(&object)),
        }
        self.changes.note(Class::Locks);
        self.used(t, call, super::processes::errno_of(result));
    }

    /// A task's `flock` was refused: a lock that it wanted to change is gone.
    pub(crate) fn lock_refused(&mut self, t: usize, call: &Call) {
        if call.number == libc::SYS_flock {
            let object = self.object_of(t, call.int(0));
            if self.file_locks.remove(&object).is_some() {
                self.changes.note(Class::Locks);
            }
        }
    }

    /// Device and inode of the file behind a task's descriptor.
    pub(crate) fn file_id(&self, t: usize, fd: Fd) -> Option<FileId> {
        let data = self.copy(t, fd)?.metadata().ok()?;
        Some((data.dev(), data.ino()))
    }

    /// Adds the event of a call that others may wait for, or that changed what they find.
    pub(crate) fn used(&mut self, t: usize, call: &Call, errno: Option<i32>) {
        let object = match call.number {
            libc::SYS_flock | libc::SYS_fcntl | libc::SYS_connect | libc::SYS_shutdown => {
                Some(self.object_of(t, call.int(0)))
            }
            libc::SYS_futex => None,
            _ => self.sysv_object(call),
        };
        self.emit(t, EventKind::Used { call: super::name(call.number), object, errno });
    }
}
