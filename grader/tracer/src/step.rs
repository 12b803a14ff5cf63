//! One step of a run: what was chosen happens.

use crate::attempt::Class;
use crate::choose::Waits;
use crate::error::Result;
use crate::ready::signal_bit;
use crate::run::Run;
use crate::server::lost;
use crate::shared_memory::Made;
use crate::strategy::{Choice, What};
use crate::task::{Inside, Point, State};
use crate::timers::Due;
use forklings_model::{End, EventKind, ObjectId, ProcId, Signal, Wait, WaitsFor};
use forklings_sys::descriptor;
use forklings_sys::ptrace::{self, Resume};

/// Interruptions that one run may inject: a loop that retries shall come to its end.
const INTERRUPTIONS: u32 = 3;
/// Polls in vain that a task may make in a row before others must go first; after the first such
/// row only a few.
pub(crate) const PATIENCE: u32 = 60;
const LESS_PATIENCE: u32 = 8;
/// Uses of the same mutexes in a row, and of nothing else, after which others must go first: who
/// does that may wait for somebody to change what the mutex guards.
const SPINS: u32 = 60;
/// Steps in a row after which others must go first, if they can: who looks at a file again and again
/// waits for them, and no strategy shall starve them. After the first such row fewer.
pub(crate) const TURN: u32 = 1_000;
const SHORT_TURN: u32 = 100;

impl Run<'_> {
    /// Lets what was chosen happen.
    pub(crate) fn perform(&mut self, choice: Choice) -> Result<()> {
        let (who, what) = (choice.who, choice.what);
        // Whatever else happens than a task's own step, a signal may come of it, and the task may be led
        // on in the same step.
        if what != What::Go {
            self.news.for_all();
        }
        self.take_step(choice)?;
        if what != What::Go {
            self.news.for_all();
        }
        // A call that was tried in vain has changed nothing.
        let in_vain =
            what == What::Go && self.task_position(who).is_ok_and(|t| self.still_refused(t));
        if !in_vain {
            self.changes.note(Class::Steps);
        }
        Ok(())
    }

    fn take_step(&mut self, choice: Choice) -> Result<()> {
        match choice.what {
            What::Reveal => {
                let p = self.position(choice.who.proc)?;
                self.reveal(p)?;
                self.let_others_go(None);
            }
            What::Interrupt => {
                let t = self.task_position(choice.who)?;
                self.interrupt(t)?;
            }
            What::HandleFirst => {
                let t = self.task_position(choice.who)?;
                self.handle_first(t)?;
                self.let_others_go(Some(t));
            }
            What::CloseFirst => {
                let t = self.task_position(choice.who)?;
                self.close_first(t)?;
                self.let_others_go(Some(t));
            }
            What::Wake => {
                let t = self.task_position(choice.who)?;
                self.tasks[t].naps += 1;
                self.naps += 1;
                self.time_passes()?;
                self.let_others_go(Some(t));
            }
            What::Ring => {
                self.naps += 1;
                self.time_passes()?;
                self.let_others_go(None);
            }
            What::Go => {
                let t = self.task_position(choice.who)?;
                if self.is_struck_down(t)? {
                    self.let_others_go(None);
                    return Ok(());
                }
                let (polls, spins) = (self.tasks[t].polls, self.tasks[t].spins);
                let uses_mutex = matches!(self.tasks[t].state, State::Parked(_, Point::Mutex(_)));
                self.go(t)?;
                if self.tasks[t].polls > polls {
                    if self.tasks[t].polls >= self.patience {
                        self.tasks[t].held_back = true;
                        self.patience = self.patience.max(self.tasks[t].polls) + LESS_PATIENCE;
                    }
                } else if self.tasks[t].spins > spins && spins >= SPINS {
                    self.tasks[t].held_back = true;
                } else {
                    if !uses_mutex {
                        self.tasks[t].spins = 0;
                        self.tasks[t].used_in_a_row.clear();
                    }
                    self.tasks[t].polls = 0;
                    self.clock.busy();
                    self.let_others_go(Some(t));
                    self.tasks[t].in_a_row += 1;
                    if self.tasks[t].in_a_row >= self.turn {
                        self.tasks[t].held_back = true;
                        self.turn = SHORT_TURN;
                    }
                }
            }
        }
        Ok(())
    }

    /// Somebody made progress, so those who poll may look again.
    fn let_others_go(&mut self, but: Option<usize>) {
        for (n, task) in self.tasks.iter_mut().enumerate() {
            if Some(n) != but {
                task.held_back = false;
                task.in_a_row = 0;
                task.naps = 0;
            }
        }
    }

    /// Lets a parked task perform what it stands before.
    fn go(&mut self, t: usize) -> Result<()> {
        self.note_telling(t);
        if !matches!(self.tasks[t].state, State::Parked(_, Point::Access(_) | Point::Mutex(_))) {
            self.own.forget();
        }
        match std::mem::replace(&mut self.tasks[t].state, State::Moving) {
            State::Parked(stopped, Point::Start | Point::Return) => match self.trap(t, stopped)? {
                Made::Stands(stopped) => self.resume_and_follow(t, stopped, None, Resume::Free, 0),
                Made::Halted(halt) => self.follow_halt(t, halt, None),
            },
            State::Parked(stopped, Point::Access(access)) => self.go_access(t, stopped, access),
            State::Parked(stopped, Point::Mutex(call)) => {
                self.enters_mutex(t, call)?;
                self.use_at_once(t, &stopped, call)?;
                match self.work_ahead(t, stopped)? {
                    Some(stopped) => self.resume_and_follow(t, stopped, None, Resume::Free, 0),
                    None => Ok(()),
                }
            }
            State::Parked(stopped, Point::Spin(spin)) => self.look_again(t, stopped, spin),
            State::Parked(stopped, Point::Call(call)) => self.execute(t, stopped, call),
            other
            @ (State::InKernel(..) | State::GroupStopped(_) | State::Moving | State::Gone) => {
                self.tasks[t].state = other;
                Err(lost(format!("{} is not parked", self.tasks[t].id)))
            }
        }
    }

    /// The signal came just before the call that a task stands before: its handler runs first, and
    /// the call begins afterwards. This is the window in which a wake-up is lost.
    fn handle_first(&mut self, t: usize) -> Result<()> {
        match std::mem::replace(&mut self.tasks[t].state, State::Moving) {
            State::Parked(stopped, Point::Call(call)) => {
                // Skipped, and back before it.
                stopped.set_registers(&call.again())?;
                let before = self.tasks[t].forestalled;
                self.tasks[t].call_done();
                self.tasks[t].forestalled = before + 1;
                self.resume_and_follow(t, stopped, None, Resume::Free, 0)
            }
            other @ (State::Parked(..)
            | State::InKernel(..)
            | State::GroupStopped(_)
            | State::Moving
            | State::Gone) => {
                self.tasks[t].state = other;
                Err(lost(format!("{} is not before a call", self.tasks[t].id)))
            }
        }
    }

    /// Whether the schedule's signal may strike a task: it waits in a call of the root, and a
    /// handler without `SA_RESTART` stands ready.
    pub(crate) fn can_interrupt(&self, t: usize) -> bool {
        let Some(signal) = self.schedule.faults.iter().find_map(|fault| match fault {
            forklings_model::Fault::Eintr(signal) => Some(*signal),
            forklings_model::Fault::ForkEagain { .. }
            | forklings_model::Fault::ShortRead
            | forklings_model::Fault::ShortWrite
            | forklings_model::Fault::EarlyTimeout
            | forklings_model::Fault::Strike { .. } => None,
        }) else {
            return false;
        };
        let disposition = self.process(t).dispositions.of(signal.0);
        self.tasks[t].id.proc == ProcId::ROOT
            && self.interruptions < INTERRUPTIONS
            && self.tasks[t].written == 0
            && disposition.action == forklings_model::Action::Handler
            && !disposition.restart
            && matches!(self.tasks[t].state, State::Parked(..))
            && self.lets_through(t, signal)
    }

    /// Whether a signal would strike a task inside of the call that it stands before.
    fn lets_through(&self, t: usize, signal: Signal) -> bool {
        let State::Parked(_, Point::Call(call)) = &self.tasks[t].state else { return false };
        self.mask_within(t, call).is_ok_and(|mask| mask & signal_bit(signal.0) == 0)
    }

    fn interrupt(&mut self, t: usize) -> Result<()> {
        let fault = self
            .schedule
            .faults
            .iter()
            .copied()
            .find(|fault| matches!(fault, forklings_model::Fault::Eintr(_)));
        if let Some(fault @ forklings_model::Fault::Eintr(signal)) = fault {
            self.interruptions += 1;
            self.emit(t, EventKind::Injected { fault });
            ptrace::kill_thread(self.process(t).host, self.tasks[t].tid, signal.0)?;
            self.go(t)?;
        }
        Ok(())
    }

    /// Nobody can go on: time passes until a time-out, or this is a deadlock.
    pub(crate) fn nobody_can_go(&mut self, waits: Waits) -> Result<()> {
        self.news.for_all();
        if self.await_network(&waits)? {
            return Ok(());
        }
        match self.next_due() {
            Some((_, due)) => {
                if let Due::Task(t) = due {
                    self.course.stepped(self.tasks[t].id);
                }
                self.time_passes()
            }
            None if self.somebody_in_kernel() => self.wait_for_kernel(),
            None if self.last_chance() || self.lookers_go_on() || self.give_up_spins(&waits) => {
                Ok(())
            }
            None if self.terminal && waits.iter().any(|(_, on)| is_stdin(on)) => {
                descriptor::poll(&[(0, libc::POLLIN)], -1)?;
                Ok(())
            }
            None => {
                let wait = |(t, mut on): (usize, WaitsFor)| {
                    if let WaitsFor::Futex { address, holder, word, changed, .. } = &mut on {
                        *holder = self.holder(t);
                        *word = self.shared_word(t, *address);
                        *changed = self.sleeps_in_vain(t, *address);
                    }
                    Wait { task: self.tasks[t].id, on, site: self.tasks[t].site }
                };
                let waits = waits.into_iter().map(wait).collect();
                self.end = Some(End::Deadlock { waits });
                Ok(())
            }
        }
    }

    /// Time passes until what is due next, and that happens.
    fn time_passes(&mut self) -> Result<()> {
        let Some((then, due)) = self.next_due() else { return Ok(()) };
        self.clock.advance_to(then);
        self.news.for_all();
        self.bring_about(due)?;
        match due {
            Due::Task(t) => self.go(t),
            Due::Alarm(_) | Due::Timer(..) | Due::File(_) => Ok(()),
        }
    }

    /// Before all is said to wait for ever, whoever was refused may try once more: what lets a call
    /// through may have happened in a way that nobody counts.
    fn last_chance(&mut self) -> bool {
        let events = self.events.len();
        let refused = self.tasks.iter().any(|task| task.refusal.is_some());
        let again = refused && self.chance_at != Some(events);
        if again {
            self.chance_at = Some(events);
            self.changes.note_all();
        }
        again
    }

    /// Whether a task stands inside a call without a model.
    pub(crate) fn somebody_in_kernel(&self) -> bool {
        self.tasks.iter().any(|t| matches!(t.state, State::InKernel(_, _, Inside::Unmodelled)))
    }
}

/// Whether a wait is for a line to be typed.
fn is_stdin(on: &WaitsFor) -> bool {
    matches!(on, WaitsFor::Readable { object: ObjectId(0), .. })
}
