//! What time alone brings about: the ends of time-outs, alarms and timers. They come when nobody
//! can go on, or when those who can only look again and again whether it is time yet.

use crate::error::Result;
use crate::run::Run;
use crate::special::Special;
use crate::task::State;
use forklings_model::{Fault, ObjectId, ProcId};
use forklings_sys::timer;

/// Virtual time until something happens, once or again and again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Countdown {
    deadline: Option<u64>,
    interval: u64,
}

impl Countdown {
    /// Sets it to end at `deadline`, then every `interval` nanoseconds; 0 for once.
    pub(crate) fn until(deadline: u64, interval: u64) -> Self {
        Self { deadline: Some(deadline), interval }
    }

    /// Time left, at least one nanosecond, and the interval; zeros when it is not set.
    pub(crate) fn left(&self, now: u64) -> (u64, u64) {
        match self.deadline {
            Some(deadline) => (deadline.saturating_sub(now).max(1), self.interval),
            None => (0, 0),
        }
    }

    /// It has ended, and begins again if it repeats.
    fn ended(&mut self) {
        self.deadline = match (self.deadline, self.interval) {
            (Some(deadline), interval) if interval > 0 => Some(deadline + interval),
            _ => None,
        };
    }
}

/// A timer made by `timer_create`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    pub(crate) clock: i32,
    pub(crate) countdown: Countdown,
    /// The signal it sends; `None` for `SIGEV_NONE`.
    pub(crate) signal: Option<i32>,
    pub(crate) value: u64,
    /// The thread that gets it, as the host numbers it; otherwise the process does.
    pub(crate) thread: Option<i32>,
    /// Expiries while its last signal was still pending.
    pub(crate) overrun: i32,
}

/// Something that time brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A task's wait is over.
    Task(usize),
    /// An alarm rings.
    Alarm(ProcId),
    /// A timer sends its signal.
    Timer(ProcId, i32),
    /// A timer descriptor becomes readable.
    File(ObjectId),
}

impl Run<'_> {
    /// What comes next, and when.
    pub(crate) fn next_due(&self) -> Option<(u64, Due)> {
        let tasks = (0..self.tasks.len())
            .filter(|&t| matches!(self.tasks[t].state, State::Parked(..)) && !self.tasks[t].expired)
            .filter_map(|t| Some((self.tasks[t].deadline?, Due::Task(t))));
        let alarms = self
            .alarms
            .iter()
            .filter_map(|(&proc, alarm)| Some((alarm.deadline?, Due::Alarm(proc))));
        let timers = self.timers.iter().filter_map(|(&(proc, id), timer)| {
            Some((timer.countdown.deadline?, Due::Timer(proc, id)))
        });
        let files = self.special.iter().filter_map(|(&object, special)| match special {
            Special::Timer(timer) => Some((timer.countdown.deadline?, Due::File(object))),
            Special::Signals(_) | Special::Process(_) | Special::Epoll(_) => None,
        });
        tasks.chain(alarms).chain(timers).chain(files).min()
    }

    /// Whether time-outs, alarms and timers may end while others can go on.
    pub(crate) fn time_is_early(&self) -> bool {
        self.schedule.faults.contains(&Fault::EarlyTimeout)
    }

    /// Lets whatever is due by now happen.
    pub(crate) fn catch_up(&mut self) -> Result<()> {
        while let Some((then, due)) = self.next_due()
            && then <= self.clock.now()
        {
            self.bring_about(due)?;
        }
        Ok(())
    }

    /// The time for this has come.
    pub(crate) fn bring_about(&mut self, due: Due) -> Result<()> {
        match due {
            Due::Task(t) => self.tasks[t].expired = true,
            Due::Alarm(proc) => {
                if let Some(alarm) = self.alarms.get_mut(&proc) {
                    alarm.ended();
                }
                self.ring(
                    proc,
                    0,
                    timer::Expiry { signal: libc::SIGALRM, timer: 0, overrun: 0, value: 0 },
                )?;
            }
            Due::Timer(proc, id) => self.timer_ends(proc, id)?,
            Due::File(object) => self.file_timer_ends(object)?,
        }
        Ok(())
    }

    fn timer_ends(&mut self, proc: ProcId, id: i32) -> Result<()> {
        let Some(timer) = self.timers.get_mut(&(proc, id)) else { return Ok(()) };
        timer.countdown.ended();
        let timer = *timer;
        let Some(signal) = timer.signal else { return Ok(()) };
        if self.is_timer_pending(proc, signal, id)? {
            if let Some(timer) = self.timers.get_mut(&(proc, id)) {
                timer.overrun += 1;
            }
            return Ok(());
        }
        if let Some(timer) = self.timers.get_mut(&(proc, id)) {
            timer.overrun = 0;
        }
        let expiry = timer::Expiry { signal, timer: id, overrun: 0, value: timer.value };
        self.ring(proc, timer.thread.unwrap_or(0), expiry)
    }

    /// Whether a timer's last signal was not delivered yet. In a timer's signal the place of the
    /// sender holds the timer's number.
    fn is_timer_pending(&self, proc: ProcId, signal: i32, id: i32) -> Result<bool> {
        for task in self.tasks.iter().filter(|task| task.id.proc == proc) {
            let State::Parked(stopped, _) = &task.state else { continue };
            let pending = stopped.pending()?;
            if pending
                .iter()
                .any(|i| i.signal == signal && i.code == libc::SI_TIMER && i.sender == id)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The process, or one thread of it, really gets a timer's signal.
    fn ring(&mut self, proc: ProcId, thread: i32, expiry: timer::Expiry) -> Result<()> {
        let process = &self.processes[self.position(proc)?];
        let host = process.host;
        // Where it rings because nobody could go on, whoever waits was inside its call by then, but
        // where the call would end by it, and not by a time-out of its own, it may as well have
        // stood before it: the signal is lost then. Where time passes early, it may have stood
        // before any call.
        if !self.time_is_early() {
            let restarts = process.dispositions.of(expiry.signal).restart;
            for task in self.tasks.iter_mut().filter(|task| task.id.proc == proc) {
                let ends = !restarts && task.deadline.is_none() && !task.is_before_futex();
                task.inside |= !(ends || task.waits_for_signals_alone());
            }
        }
        match timer::send(host, (thread != 0).then_some(thread), expiry) {
            // A thread that has ended gets no signals; its process goes on.
            Err(error) if error.is_gone() => Ok(()),
            other => Ok(other?),
        }
    }

    fn file_timer_ends(&mut self, object: ObjectId) -> Result<()> {
        if let Some(Special::Timer(timer)) = self.special.get_mut(&object) {
            timer.countdown.ended();
            timer.expiries += 1;
            if timer.expiries > 1 {
                return Ok(());
            }
        }
        if let Some(copy) = self.copy_of_object(object) {
            timer::expire(&copy)?;
        }
        Ok(())
    }
}
