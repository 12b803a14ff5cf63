//! What could happen next, and which of it does. A choice is made only where there are several; the
//! numbers of the choices made are the schedule's decisions, by which a run is replayed.

use crate::error::{Misfit, Result};
use crate::process::Life;
use crate::ready::Ready;
use crate::run::Run;
use crate::strategy::{Choice, What};
use crate::task::{Point, State, Task};
use crate::timers::Due;
use forklings_model::{EventKind, ObjectId, ProcId, TaskId, WaitsFor};

/// How often a sleep may end while others are ready: in a row for one task, and in a whole run.
/// Enough to break an order that rests on sleep; few enough for a loop that naps between two looks
/// to see what it looks for.
const NAPS_IN_A_ROW: u32 = 4;
const NAPS: u32 = 40;

/// Positions of tasks that wait, and for what.
pub(crate) type Waits = Vec<(usize, WaitsFor)>;

impl Run<'_> {
    /// Everything that could happen next, in a fixed order, and what the others wait for.
    pub(crate) fn choices(&mut self) -> Result<(Vec<Choice>, Waits)> {
        let mut choices = Vec::new();
        let mut waits = Vec::new();
        let mut sleepers = Vec::new();
        let early = self.time_is_early();
        for t in 0..self.tasks.len() {
            let who = self.tasks[t].id;
            match self.ready(t)? {
                Ready::Yes => {
                    choices.push(Choice::new(who, What::Go));
                    if self.may_close_first(t) {
                        choices.push(Choice::new(who, What::CloseFirst));
                    }
                }
                Ready::Signalled => {
                    choices.push(Choice::new(who, What::Go));
                    choices.push(Choice::new(who, What::HandleFirst));
                }
                Ready::Preceded => choices.push(Choice::new(who, What::HandleFirst)),
                Ready::Sleeps => sleepers.push(t),
                Ready::Blocked(on) => {
                    self.announce(t, &on)?;
                    if self.can_interrupt(t) {
                        choices.push(Choice::new(who, What::Interrupt));
                    }
                    if self.tasks[t].deadline.is_some() && (early || self.sleeps_otherwise(t)) {
                        sleepers.push(t);
                    }
                    waits.push((t, on));
                }
                Ready::Absent => {}
            }
        }
        // Time may pass while others are ready, but it passes for all sleepers alike, and only as
        // far as the run may last: who sleeps longer than that is woken when nobody else can go.
        // It never passes over what is due earlier, and time-outs and alarms wait for everybody
        // unless the schedule says otherwise.
        let limit = u64::from(self.limits.seconds) * 1_000_000_000;
        if let Some((then, due)) = self.next_due()
            && then < limit
        {
            let (may_end, choice) = match due {
                Due::Task(t) => {
                    let again = self.tasks[t].naps < NAPS_IN_A_ROW;
                    let wake = Choice::new(self.tasks[t].id, What::Wake);
                    (sleepers.contains(&t), again.then_some(wake))
                }
                Due::Alarm(proc) | Due::Timer(proc, _) => {
                    (early, Some(Choice::new(TaskId::main(proc), What::Ring)))
                }
                Due::File(object) => {
                    let ring = Choice::new(TaskId::main(ProcId::ROOT), What::Ring);
                    (early || sleeps_on(object, &waits), Some(ring))
                }
            };
            if may_end {
                choices.extend(choice.filter(|_| self.naps < NAPS));
            } else {
                self.late_timeouts |= !early && !choices.is_empty();
            }
        }
        for process in &self.processes {
            if matches!(process.life, Life::Unseen(_)) {
                choices.push(Choice::new(TaskId::main(process.id), What::Reveal));
            }
        }
        Ok((choices, waits))
    }

    /// Whether a task that waits in a call with a time-out does nothing but sleep.
    fn sleeps_otherwise(&self, t: usize) -> bool {
        let State::Parked(_, Point::Call(call)) = &self.tasks[t].state else { return false };
        self.sleeps_in_poll(t, call).is_some()
    }

    /// Takes the schedule's decision where there is one, the strategy's otherwise.
    ///
    /// # Errors
    /// When the schedule's decision cannot be taken here.
    pub(crate) fn decide(&mut self, mut choices: Vec<Choice>) -> Result<Choice> {
        self.leave_out_held_up(&mut choices)?;
        let held = |choice: &Choice, tasks: &[Task]| {
            choice.what == What::Go && tasks.iter().any(|t| t.id == choice.who && t.held_back)
        };
        if choices.iter().any(|choice| !held(choice, &self.tasks)) {
            choices.retain(|choice| !held(choice, &self.tasks));
        } else {
            // Who uses a mutex again and again may do so for its work.
            if self.tasks.iter().any(|task| task.held_back && task.polls > 0) {
                // Only those who poll are left: time passes.
                self.clock.pass();
                self.only_polls = true;
            }
            // They may pass each other something in memory, which nobody sees: so all of them ask in
            // turn.
            let tries = |choice: &Choice| {
                let task = self.tasks.iter().find(|task| task.id == choice.who);
                task.map_or(0, |task| task.polls + task.in_a_row)
            };
            let fewest = choices.iter().map(tries).min();
            choices.retain(|choice| Some(tries(choice)) == fewest);
        }
        if let Some(order) = &mut self.order {
            return Ok(order.next(&choices));
        }
        let mut picked = 0;
        if choices.len() > 1 {
            if self.strategy.looks_at_touches() {
                for choice in &mut choices {
                    choice.touches = self.touches(choice);
                }
            }
            picked = match (self.given(choices.len())?, &mut self.switches) {
                (Some(given), _) => given,
                (None, Some(switches)) => self.course.follow(switches, &choices),
                (None, None) => self.strategy.pick(&choices),
            };
            self.course.chose(&choices, picked);
        }
        self.strategy.happens(&choices, picked);
        let choice = choices.swap_remove(picked);
        self.course.stepped(choice.who);
        Ok(choice)
    }

    /// Whoever stands before a mutex that is held does not go while anybody else can.
    fn leave_out_held_up(&self, choices: &mut Vec<Choice>) -> Result<()> {
        let mut held_up = Vec::with_capacity(choices.len());
        for choice in choices.iter() {
            let task = self.tasks.iter().position(|task| task.id == choice.who);
            let goes = task.filter(|_| choice.what == What::Go);
            held_up.push(goes.map_or(Ok(false), |t| self.is_held_up(t))?);
        }
        if held_up.contains(&false) {
            let mut held_up = held_up.into_iter();
            choices.retain(|_| !held_up.next().unwrap_or(false));
        }
        Ok(())
    }

    /// The schedule's next decision, if it has one left.
    fn given(&self, choices: usize) -> Result<Option<usize>> {
        let number = self.course.junctions.len();
        match self.schedule.decisions.get(number) {
            Some(decision) if decision.fits(choices) => Ok(Some(decision.picked.into())),
            Some(decision) => Err(Misfit::Choice { number, decision, choices }.into()),
            None => Ok(None),
        }
    }

    fn announce(&mut self, t: usize, on: &WaitsFor) -> Result<()> {
        if !self.tasks[t].announced {
            self.tasks[t].announced = true;
            if let Some((call, awaited)) = self.awaited_signals(t)? {
                let call = crate::calls::name(call);
                self.emit(t, EventKind::AwaitsSignals { call, awaited });
            }
            self.emit(t, EventKind::Blocked { on: on.clone() });
        }
        Ok(())
    }
}

/// Whether somebody sleeps by reading this timer.
fn sleeps_on(timer: ObjectId, waits: &Waits) -> bool {
    let reads = |on: &WaitsFor| matches!(on, WaitsFor::Readable { object, .. } if *object == timer);
    waits.iter().any(|(_, on)| reads(on))
}
