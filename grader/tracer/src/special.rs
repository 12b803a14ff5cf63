//! Descriptors whose readiness cannot be had by polling a copy: the kernel would answer for the
//! tracer instead of the program (`signalfd`), too early (`pidfd`: a death that is held back), or
//! in real time (`timerfd`). And `epoll`, which may contain such.

use crate::error::Result;
use crate::process::Life;
use crate::ready::signal_bit;
use crate::run::Run;
use crate::task::{Call, State};
use crate::timers::Countdown;
use forklings_model::{Fd, ObjectId, ProcId};
use forklings_sys::Copied;
use forklings_sys::{descriptor, memory};
use std::collections::BTreeMap;
use std::os::fd::AsRawFd;

/// What such a descriptor refers to.
#[derive(Debug)]
pub(crate) enum Special {
    /// `signalfd`: the signals that it reads.
    Signals(u64),
    /// `timerfd`. The kernel's own timer is only made to look expired when virtual time says so.
    Timer(FileTimer),
    /// `pidfd`: ready when the death is visible.
    Process(ProcId),
    /// `epoll`: what it watches, by number and process.
    Epoll(BTreeMap<(ProcId, Fd), Member>),
}

/// A timer that is read from a descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileTimer {
    pub(crate) clock: i32,
    pub(crate) countdown: Countdown,
    /// Expiries since it was read last.
    pub(crate) expiries: u64,
}

/// One descriptor that an `epoll` watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    object: ObjectId,
    events: i16,
}

impl Run<'_> {
    /// A copy of a task's descriptor.
    pub(crate) fn copy(&self, t: usize, fd: Fd) -> Option<Copied> {
        descriptor::copy_from(&self.process(t).handle, fd).ok()
    }

    /// What is special about a task's descriptor.
    pub(crate) fn special_of(&self, t: usize, fd: Fd) -> Option<&Special> {
        self.special.get(&self.process(t).files.get(fd)?.object)
    }

    /// Whether a task that asks for these events of its descriptor would get any now. A descriptor
    /// that is not open counts: the kernel says so at once.
    pub(crate) fn shows(&self, t: usize, fd: Fd, events: i16) -> Result<bool> {
        let p = self.position(self.tasks[t].id.proc)?;
        self.shows_in(t, p, fd, events)
    }

    fn shows_in(&self, t: usize, p: usize, fd: Fd, events: i16) -> Result<bool> {
        let entry = self.processes[p].files.get(fd);
        match entry.and_then(|entry| self.special.get(&entry.object)) {
            Some(Special::Signals(mask)) => {
                Ok(events & libc::POLLIN != 0 && self.has_pending(t, *mask)?)
            }
            Some(Special::Timer(timer)) => Ok(events & libc::POLLIN != 0 && timer.expiries > 0),
            Some(Special::Process(proc)) => Ok(events & libc::POLLIN != 0 && self.is_dead(*proc)?),
            Some(Special::Epoll(members)) if self.needs_members(members) => {
                for (&(proc, fd), member) in members {
                    let p = self.position(proc)?;
                    let same = self.processes[p]
                        .files
                        .get(fd)
                        .is_some_and(|entry| entry.object == member.object);
                    if same && self.shows_in(t, p, fd, member.events)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Some(Special::Epoll(_)) | None => {
                let Ok(copy) = descriptor::copy_from(&self.processes[p].handle, fd) else {
                    return Ok(true);
                };
                Ok(descriptor::poll_now(&[(copy.as_raw_fd(), events)])?[0] != 0)
            }
        }
    }

    /// Whether polling the `epoll` itself would be wrong: looking at a `signalfd` in it from here
    /// would even make it forget that there is something to read.
    fn needs_members(&self, members: &BTreeMap<(ProcId, Fd), Member>) -> bool {
        members.values().any(|member| match self.special.get(&member.object) {
            Some(Special::Signals(_) | Special::Process(_)) => true,
            Some(Special::Epoll(inner)) => self.needs_members(inner),
            Some(Special::Timer(_)) | None => false,
        })
    }

    /// Whether a signal of this set is pending for a task.
    pub(crate) fn has_pending(&self, t: usize, mask: u64) -> Result<bool> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(true) };
        Ok(stopped.pending()?.iter().any(|i| mask & signal_bit(i.signal) != 0))
    }

    fn is_dead(&self, proc: ProcId) -> Result<bool> {
        Ok(matches!(self.processes[self.position(proc)?].life, Life::Zombie | Life::Gone))
    }

    /// The kernel tells of a death through a `pidfd` as soon as it has happened. Whoever looks at
    /// several descriptors would see that, so it becomes visible now.
    pub(crate) fn reveal_watched(&mut self, t: usize, fd: Fd) -> Result<()> {
        for proc in self.watched(t, fd) {
            let p = self.position(proc)?;
            if matches!(self.processes[p].life, Life::Unseen(_)) {
                self.reveal(p)?;
            }
        }
        Ok(())
    }

    /// Processes that a descriptor watches, directly or through an `epoll`.
    fn watched(&self, t: usize, fd: Fd) -> Vec<ProcId> {
        match self.special_of(t, fd) {
            Some(Special::Process(proc)) => vec![*proc],
            Some(Special::Epoll(members)) => members
                .values()
                .filter_map(|member| match self.special.get(&member.object) {
                    Some(Special::Process(proc)) => Some(*proc),
                    Some(Special::Signals(_) | Special::Timer(_) | Special::Epoll(_)) | None => {
                        None
                    }
                })
                .collect(),
            Some(Special::Signals(_) | Special::Timer(_)) | None => Vec::new(),
        }
    }

    /// `epoll_ctl` has returned.
    pub(crate) fn after_epoll_ctl(&mut self, t: usize, call: &Call, result: i64) {
        if result != 0 {
            return;
        }
        let (epoll, fd) = (call.int(0), call.int(2));
        let (set, member) = (self.object_of(t, epoll), self.object_of(t, fd));
        let key = (self.tasks[t].id.proc, fd);
        let word = memory::read_u32(self.tasks[t].tid, call.args[3]).unwrap_or(0);
        let [low, high, _, _] = word.to_le_bytes();
        let events = i16::from_le_bytes([low, high]);
        let empty = || Special::Epoll(BTreeMap::new());
        let Special::Epoll(members) = self.special.entry(set).or_insert_with(empty) else { return };
        if call.int(1) == libc::EPOLL_CTL_DEL {
            members.remove(&key);
        } else {
            members.insert(key, Member { object: member, events });
        }
    }
}
