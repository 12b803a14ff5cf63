//! Would it block? Answered from the tracer's own tables and by polling copies of descriptors,
//! never by letting a task run and looking whether it sleeps. Each family of calls has its own
//! oracle beside its model, in `calls`.

use crate::error::Result;
use crate::follow::is_from_tracer;
use crate::run::Run;
use crate::task::{Call, Point, State};
use forklings_model::{Action, WaitsFor};
use forklings_sys::ptrace::Stopped;

/// How often in a row a signal may come just before a task's call: who sends again and again until
/// it is heard shall be heard.
const FORESTALLED: u32 = 3;

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
            State::Parked(_, Point::Start | Point::Return | Point::Mutex(_)) => {
                return Ok(Ready::Yes);
            }
            State::Parked(_, Point::Spin(_) | Point::Access(_)) => {
                let waits =
                    self.still_refused(t) && !self.tasks[t].endless && !self.signal_is_due(t)?;
                return Ok(if waits { Ready::Blocked(WaitsFor::Memory) } else { Ready::Yes });
            }
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
        if matches!(call.number, libc::SYS_nanosleep | libc::SYS_clock_nanosleep) {
            return self.sleeps(t, &call);
        }
        let waits = match self.known_wait(t) {
            Some(known) => known,
            None => {
                let found = self.waits(t, &call)?;
                self.remember_wait(t, &call, found.as_ref());
                found
            }
        };
        let Some(waits) = waits else { return Ok(Ready::Yes) };
        if self.signal_wakes(t, &call)? {
            // A large write that has begun is past its beginning, and so is who sleeps on a futex.
            let task = &self.tasks[t];
            let begins = task.written == 0
                && !task.inside
                && task.sleeper.is_none()
                && task.forestalled < FORESTALLED;
            return Ok(if begins && self.handler_is_due(t)? {
                Ready::Signalled
            } else {
                Ready::Yes
            });
        }
        Ok(Ready::Blocked(waits))
    }

    /// What a call would wait for; `None` when it would not.
    fn waits(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        match call.number {
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_recvmmsg
            | libc::SYS_accept
            | libc::SYS_accept4 => self.waits_to_read(t, call),
            libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_sendto
            | libc::SYS_sendmsg
            | libc::SYS_sendmmsg => self.waits_to_write(t, call),
            libc::SYS_splice | libc::SYS_tee | libc::SYS_sendfile | libc::SYS_vmsplice => {
                self.waits_to_splice(t, call)
            }
            libc::SYS_connect => Ok(self.waits_to_connect(t, call)),
            libc::SYS_wait4 => Ok(self.waits_for_child(t, call.int(0), call.int(2))),
            libc::SYS_waitid => Ok(self.waits_with_waitid(t, call)),
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2 => self.waits_for_any(t, call),
            libc::SYS_futex => self.waits_on_futex(t, call),
            libc::SYS_pause | libc::SYS_rt_sigsuspend => Ok(Some(WaitsFor::Signal)),
            libc::SYS_rt_sigtimedwait => self.waits_for_signals(t, call),
            libc::SYS_open | libc::SYS_openat | libc::SYS_openat2 | libc::SYS_creat => {
                Ok(self.waits_for_peer(t))
            }
            libc::SYS_flock | libc::SYS_fcntl => Ok(self.waits_for_lock(t, call)),
            libc::SYS_semop | libc::SYS_semtimedop | libc::SYS_msgsnd | libc::SYS_msgrcv => {
                Ok(self.waits_for_sysv(t, call))
            }
            libc::SYS_mq_timedsend | libc::SYS_mq_timedreceive => self.waits_for_queue(t, call),
            _ => Ok(None),
        }
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

    /// Whether a pending signal does something as soon as a task runs.
    pub(crate) fn signal_is_due(&self, t: usize) -> Result<bool> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(false) };
        Ok(!self.no_signal_came(t) && self.is_struck(t, stopped, None)?)
    }

    /// Whether a pending signal would end a blocking call: it is let through and does something.
    /// Signals without effect stay pending and disturb nobody.
    pub(crate) fn signal_wakes(&self, t: usize, call: &Call) -> Result<bool> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(false) };
        self.is_interrupted(t, stopped, call)
    }

    /// As [`Run::signal_wakes`], for a task that is being moved.
    pub(crate) fn is_interrupted(&self, t: usize, stopped: &Stopped, call: &Call) -> Result<bool> {
        Ok(!self.no_signal_came(t) && self.is_struck(t, stopped, self.mask_given(t, call))?)
    }

    /// Whether a pending signal does something as soon as a task that is being moved runs.
    pub(crate) fn signal_came(&self, t: usize, stopped: &Stopped) -> Result<bool> {
        Ok(!self.no_signal_came(t) && self.is_struck(t, stopped, None)?)
    }

    /// Whether no signal was pending for a task when it was looked at, and none can have come since.
    fn no_signal_came(&self, t: usize) -> bool {
        self.tasks[t].no_signal_at.get() == Some(self.news.of_signals())
    }

    /// Whether a pending signal does something to a task that blocks these, or what it blocks now.
    fn is_struck(&self, t: usize, stopped: &Stopped, mask: Option<u64>) -> Result<bool> {
        let mut pending = stopped.pending()?;
        // The watchdog may have come a moment too late.
        pending.retain(|i| i.signal != libc::SIGSTOP || !is_from_tracer(i));
        if pending.is_empty() {
            self.tasks[t].no_signal_at.set(Some(self.news.of_signals()));
            return Ok(false);
        }
        let mask = match mask {
            Some(mask) => mask,
            None => stopped.signal_mask()?,
        };
        let dispositions = &self.process(t).dispositions;
        Ok(pending
            .iter()
            .any(|i| mask & signal_bit(i.signal) == 0 && dispositions.has_effect(i.signal)))
    }
}

/// A signal's bit in a mask.
pub(crate) fn signal_bit(signal: i32) -> u64 {
    1u64 << (signal - 1).clamp(0, 63)
}
