//! Would it block? Answered from the tracer's own tables and by polling copies of descriptors,
//! never by letting a task run and looking whether it sleeps.

use crate::descriptors::End;
use crate::error::Result;
use crate::process::{Life, Process};
use crate::run::Run;
use crate::task::{Call, Point, State};
use forklings_model::{Action, Fd, Holder, ObjectId, ObjectKind, ProcId, WaitsFor};
use forklings_sys::descriptor;
use std::os::fd::{AsRawFd, OwnedFd};

/// Whether a task can go on.
#[derive(Debug)]
pub(crate) enum Ready {
    /// It can.
    Yes,
    /// It can because a signal is pending: the signal ends its wait, or comes just before it.
    Signalled,
    /// It can, but a pending signal that nobody is prepared for comes before its call.
    Preceded,
    /// It sleeps, and time is all that it waits for.
    Sleeps,
    /// It waits for this; a time-out, if there is one, stands in its `deadline`.
    Blocked(WaitsFor),
    /// It is not the schedule's to move: dead, stopped or inside the kernel.
    Absent,
}

impl Run<'_> {
    /// Whether a task can go on.
    pub(crate) fn ready(&mut self, t: usize) -> Result<Ready> {
        let call = match &self.tasks[t].state {
            State::Parked(_, Point::Start | Point::Return) => return Ok(Ready::Yes),
            State::Parked(_, Point::Call(call)) => *call,
            State::GroupStopped(_) => return Ok(Ready::Blocked(WaitsFor::Continue)),
            State::InKernel(..) => return Ok(self.inside_kernel(t)),
            State::Moving | State::Gone => return Ok(Ready::Absent),
        };
        if self.tasks[t].expired || self.tasks[t].woken {
            return Ok(Ready::Yes);
        }
        if let Some(ready) = self.unprepared(t, &call)? {
            return Ok(ready);
        }
        let waits = match call.number {
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_accept
            | libc::SYS_accept4 => self.waits_to_read(t, call.int(0))?,
            libc::SYS_write | libc::SYS_writev | libc::SYS_sendto | libc::SYS_sendmsg => {
                self.waits_to_write(t, call.int(0))?
            }
            libc::SYS_wait4 => self.waits_for_child(t, call.int(0), call.int(2)),
            libc::SYS_waitid => self.waits_with_waitid(t, &call),
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait => self.waits_for_any(t, &call)?,
            libc::SYS_futex => self.waits_on_futex(t, &call)?,
            libc::SYS_pause | libc::SYS_rt_sigsuspend => Some(WaitsFor::Signal),
            libc::SYS_rt_sigtimedwait => self.waits_for_signals(t, &call)?,
            libc::SYS_nanosleep | libc::SYS_clock_nanosleep => {
                return self.sleeps(t, &call);
            }
            _ => None,
        };
        let Some(waits) = waits else { return Ok(Ready::Yes) };
        if self.signal_wakes(t, &call)? {
            // A large write that has begun is past its beginning.
            let begins = self.tasks[t].written == 0 && !self.tasks[t].inside;
            return Ok(if begins && self.handler_is_due(t)? {
                Ready::Signalled
            } else {
                Ready::Yes
            });
        }
        Ok(Ready::Blocked(waits))
    }

    fn inside_kernel(&self, t: usize) -> Ready {
        let State::InKernel(_, call, why) = &self.tasks[t].state else { return Ready::Absent };
        match why {
            crate::task::Inside::Vfork => {
                let child = self.processes.iter().find(|p| p.vfork_parent == Some(t));
                child.map_or(Ready::Absent, |child| {
                    Ready::Blocked(WaitsFor::VforkChild { child: child.id })
                })
            }
            crate::task::Inside::Unmodelled => {
                Ready::Blocked(WaitsFor::Unmodelled { call: crate::calls::name(call.number) })
            }
        }
    }

    fn sleeps(&mut self, t: usize, call: &Call) -> Result<Ready> {
        if self.tasks[t].deadline.is_none() {
            let Some(deadline) = self.sleep_deadline(t, call)? else { return Ok(Ready::Yes) };
            self.tasks[t].deadline = Some(deadline);
        }
        Ok(if self.signal_wakes(t, call)? { Ready::Yes } else { Ready::Sleeps })
    }

    /// Whether a pending signal has a handler and is not blocked now, so that it could as well have
    /// arrived before the call began.
    fn handler_is_due(&self, t: usize) -> Result<bool> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(false) };
        let mask = stopped.signal_mask()?;
        let dispositions = &self.process(t).dispositions;
        Ok(stopped.pending()?.iter().any(|i| {
            mask & signal_bit(i.signal) == 0 && dispositions.of(i.signal).action == Action::Handler
        }))
    }

    /// Whether a pending signal would end a blocking call: it is let through and does something.
    /// Signals without effect stay pending and disturb nobody.
    pub(crate) fn signal_wakes(&self, t: usize, call: &Call) -> Result<bool> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(false) };
        let pending = stopped.pending()?;
        if pending.is_empty() {
            return Ok(false);
        }
        let mask = self.mask_within(t, call)?;
        let dispositions = &self.process(t).dispositions;
        Ok(pending
            .iter()
            .any(|i| mask & signal_bit(i.signal) == 0 && dispositions.has_effect(i.signal)))
    }

    /// A copy of a task's descriptor.
    pub(crate) fn copy(&self, t: usize, fd: Fd) -> Option<OwnedFd> {
        descriptor::copy_from(&self.process(t).handle, fd).ok()
    }

    fn waits_to_read(&mut self, t: usize, fd: Fd) -> Result<Option<WaitsFor>> {
        let object = self.object_of(t, fd);
        let file = matches!(
            self.objects.kind(object),
            Some(ObjectKind::Stdin | ObjectKind::Stdout | ObjectKind::Stderr | ObjectKind::File(_))
        );
        if file && !(self.terminal && object == ObjectId(0)) {
            return Ok(None);
        }
        if self.readable(t, fd)? {
            return Ok(None);
        }
        let writers = self.holders(object, End::writes);
        Ok(Some(WaitsFor::Readable { fd, object, writers }))
    }

    /// Whether a read would not block: there is something, or the end, or an error, or the
    /// descriptor does not block at all.
    fn readable(&self, t: usize, fd: Fd) -> Result<bool> {
        let Some(copy) = self.copy(t, fd) else { return Ok(true) };
        if descriptor::status_flags(copy.as_raw_fd())? & libc::O_NONBLOCK != 0 {
            return Ok(true);
        }
        if let Some(mask) = self.signal_mask_of(t, fd) {
            return self.has_pending(t, mask);
        }
        Ok(descriptor::poll_now(&[(copy.as_raw_fd(), libc::POLLIN)])?[0] != 0)
    }

    /// The signals that a descriptor made by `signalfd` reads. Polling a copy of it would tell of
    /// the tracer's own signals.
    pub(crate) fn signal_mask_of(&self, t: usize, fd: Fd) -> Option<u64> {
        let entry = self.process(t).files.get(fd)?;
        self.signal_masks.get(&entry.object.0).copied()
    }

    fn has_pending(&self, t: usize, mask: u64) -> Result<bool> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(true) };
        Ok(stopped.pending()?.iter().any(|i| mask & signal_bit(i.signal) != 0))
    }

    fn waits_to_write(&mut self, t: usize, fd: Fd) -> Result<Option<WaitsFor>> {
        let object = self.object_of(t, fd);
        if matches!(
            self.objects.kind(object),
            Some(ObjectKind::Stdin | ObjectKind::Stdout | ObjectKind::Stderr | ObjectKind::File(_))
        ) {
            return Ok(None);
        }
        let Some(copy) = self.copy(t, fd) else { return Ok(None) };
        let nonblocking = descriptor::status_flags(copy.as_raw_fd())? & libc::O_NONBLOCK != 0;
        if nonblocking || descriptor::poll_now(&[(copy.as_raw_fd(), libc::POLLOUT)])?[0] != 0 {
            return Ok(None);
        }
        let readers = self.holders(object, End::reads);
        Ok(Some(WaitsFor::Writable { fd, object, readers }))
    }

    /// Who holds an end of an object.
    fn holders(&self, object: ObjectId, side: fn(End) -> bool) -> Vec<Holder> {
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

    /// Children of a task's process that a wait with this pid is for. Source: `waitpid(2)`.
    pub(crate) fn candidates(&self, t: usize, pid: i32) -> Vec<&Process> {
        let me = self.process(t);
        let group = match pid {
            0 => Some(me.group),
            other if other < -1 => Some(-other),
            _ => None,
        };
        self.processes
            .iter()
            .filter(|p| p.parent == Some(me.id) && !matches!(p.life, Life::Gone))
            .filter(|p| pid <= 0 || p.pid.0 == pid)
            .filter(|p| group.is_none_or(|group| p.group == group))
            .collect()
    }

    fn waits_for_child(&self, t: usize, pid: i32, options: i32) -> Option<WaitsFor> {
        let candidates = self.candidates(t, pid);
        let stopped = options & libc::WUNTRACED != 0;
        let now = options & libc::WNOHANG != 0
            || candidates.is_empty()
            || candidates
                .iter()
                .any(|p| matches!(p.life, Life::Zombie) || (stopped && p.unreported_stop));
        let candidates: Vec<ProcId> = candidates.iter().map(|p| p.id).collect();
        (!now).then_some(WaitsFor::Child { candidates })
    }

    fn waits_with_waitid(&self, t: usize, call: &Call) -> Option<WaitsFor> {
        let mut options = call.int(3);
        if options & libc::WEXITED == 0 {
            // Only stops count; a zombie would not end the wait, and none of ours asks for that.
            options |= libc::WUNTRACED;
        }
        self.waits_for_child(t, self.waitid_pid(t, call), options)
    }

    /// The `waitpid` number that means the same as a `waitid` call's first two arguments.
    pub(crate) fn waitid_pid(&self, t: usize, call: &Call) -> i32 {
        let id = call.int(1);
        match call.args[0] {
            1 => id,                         // P_PID
            2 if id == 0 => 0,               // P_PGID, the caller's own
            2 => -id,                        // P_PGID
            3 => self.process_behind(t, id), // P_PIDFD
            _ => -1,                         // P_ALL
        }
    }

    /// The pid that a pidfd of a task refers to; one that no child has where it is not known.
    fn process_behind(&self, t: usize, fd: Fd) -> i32 {
        let path = format!("/proc/{}/fdinfo/{fd}", self.process(t).host);
        let info = std::fs::read_to_string(path).unwrap_or_default();
        let host =
            info.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse::<i32>().ok());
        host.and_then(|host| self.processes.iter().find(|p| p.host == host))
            .map_or(i32::MAX, |p| p.pid.0)
    }

    /// Whether any descriptor of a poll-like call is ready already.
    fn waits_for_any(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        let asked = self.polled(t, call)?;
        for &(fd, events) in &asked {
            if let Some(mask) = self.signal_mask_of(t, fd) {
                if self.has_pending(t, mask)? {
                    return Ok(None);
                }
                continue;
            }
            let Some(copy) = self.copy(t, fd) else { return Ok(None) };
            if descriptor::poll_now(&[(copy.as_raw_fd(), events)])?[0] != 0 {
                return Ok(None);
            }
        }
        let timeout = self.poll_timeout(t, call)?;
        if timeout == Some(0) {
            return Ok(None);
        }
        if self.tasks[t].deadline.is_none() {
            self.tasks[t].deadline = timeout.map(|length| self.clock.now() + length);
        }
        Ok(Some(WaitsFor::AnyOf { fds: asked.into_iter().map(|(fd, _)| fd).collect() }))
    }
}

/// A signal's bit in a mask.
pub(crate) fn signal_bit(signal: i32) -> u64 {
    1u64 << (signal - 1).clamp(0, 63)
}
