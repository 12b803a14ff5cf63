//! An exploration: many runs of one subject under one plan, with an account of what was tried. It
//! judges nothing: it gives traces, one after the other.
//!
//! Deterministic: equal explorations of a subject give equal schedules. What later runs take from
//! earlier ones stands in their schedules, so each can be run again alone.

mod chance;
mod enumeration;
mod learnt;
mod places;
mod plan;
mod rotation;
mod tree;

use crate::course::Course;
use crate::error::{Result, TracerError};
use crate::explorer::Explorer;
use crate::fingerprint::fingerprint;
use enumeration::Enumeration;
use forklings_model::{Explored, Schedule, Strategy, Trace};
use learnt::Learnt;
use places::Places;
pub use plan::{Mix, Plan};
use std::collections::BTreeSet;

/// Many runs of one subject under one plan.
#[derive(Debug)]
pub struct Exploration {
    plan: Plan,
    learnt: Learnt,
    enumeration: Enumeration,
    /// Where faults strike in turn.
    places: Places,
    orders: BTreeSet<u64>,
    /// Schedules that no enumeration gave.
    turns: u32,
    /// Schedules since the last new order.
    nothing_new: u32,
    explored: Explored,
}

impl Exploration {
    /// Nothing has been tried yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let most = match plan.mix {
            Mix::Only(Strategy::Exhaustive { preemptions }) => Some(preemptions),
            Mix::Only(_) | Mix::Rotation => None,
        };
        Self {
            enumeration: Enumeration::new(!chance::draws(&plan.faults), most, plan.seed),
            places: Places::new(&plan.faults),
            plan,
            learnt: Learnt::default(),
            orders: BTreeSet::new(),
            turns: 0,
            nothing_new: 0,
            explored: Explored::default(),
        }
    }

    /// Runs the next schedule. `None` when the budget is used up, when every schedule was tried,
    /// and when nothing new comes.
    ///
    /// # Errors
    /// As [`Explorer::run`]. The exploration cannot go on after that.
    pub fn next(&mut self, explorer: &mut Explorer) -> Result<Option<Trace>> {
        if self.is_over() {
            return Ok(None);
        }
        let mut schedule = self.schedule();
        let mut run = explorer.observe(&schedule);
        if let Err(TracerError::Misfit(_)) = run {
            // A subject that does not repeat itself cannot be enumerated; its runs still count.
            self.enumeration.give_up();
            schedule = self.turn();
            run = explorer.observe(&schedule);
        }
        let (trace, course) = run?;
        self.explored.isolation = explorer.isolation();
        self.note(&schedule, &trace, &course);
        Ok(Some(trace))
    }

    /// Does not stop when nothing new comes: somebody wants to know how often something happens.
    pub fn go_on_when_saturated(&mut self) {
        self.plan.saturation = None;
    }

    /// What was tried so far.
    #[must_use]
    pub fn explored(&self) -> Explored {
        let mut explored = self.explored.clone();
        explored.exhausted = self.enumeration.is_exhausted();
        explored.preemptions = self.enumeration.bound();
        let stopped = !explored.exhausted && self.left() > 0;
        explored.saturated =
            self.plan.saturation.filter(|&most| stopped && self.nothing_new >= most);
        explored
    }

    fn is_over(&self) -> bool {
        let left = self.left();
        let saturated = self.plan.saturation.is_some_and(|most| {
            // An enumeration that is nearly done is worth more than the time it takes.
            self.nothing_new >= most
                && self.places.all_tried()
                && !self.enumeration.ends_within(most.min(left))
        });
        let enumerated = self.only_enumerates() && self.enumeration.is_over();
        let exhausted = self.plan.stop_when_exhausted && self.enumeration.is_exhausted();
        left == 0 || saturated || enumerated || exhausted
    }

    fn only_enumerates(&self) -> bool {
        matches!(self.plan.mix, Mix::Only(Strategy::Exhaustive { .. }))
    }

    fn left(&self) -> u32 {
        self.plan.budget.saturating_sub(self.explored.schedules)
    }

    fn schedule(&mut self) -> Schedule {
        let enumerates = match self.plan.mix {
            Mix::Only(_) => self.only_enumerates() && self.explored.schedules > 0,
            // Every second one, or all of them when only few are left.
            Mix::Rotation => {
                self.turns >= rotation::FIRST_TURN
                    && self.enumeration.ends_within(self.left())
                    && (self.explored.schedules % 2 == 1
                        || self.enumeration.open() <= u64::from(self.left() / 4))
            }
        };
        if enumerates && let Some(untried) = self.enumeration.untried() {
            let strategy = Strategy::Exhaustive { preemptions: untried.preemptions };
            return Schedule { decisions: untried.decisions, ..self.with(strategy) };
        }
        self.turn()
    }

    /// The next schedule of the mix, which is not one of the enumeration's.
    fn turn(&self) -> Schedule {
        let strategy = match &self.plan.mix {
            Mix::Only(Strategy::Exhaustive { .. }) => Strategy::Exhaustive { preemptions: 0 },
            Mix::Only(strategy) => strategy.clone(),
            Mix::Rotation => rotation::strategy(self.turns),
        };
        self.with(self.learnt.put_into(strategy))
    }

    fn with(&self, strategy: Strategy) -> Schedule {
        let seed = self.plan.seed.wrapping_add(self.explored.schedules.into());
        Schedule {
            faults: self.places.put_into(&self.plan.faults),
            ..Schedule::new(strategy, seed)
        }
    }

    fn note(&mut self, schedule: &Schedule, trace: &Trace, course: &Course) {
        let drawn = schedule.strategy.draws();
        let enumerated = matches!(schedule.strategy, Strategy::Exhaustive { .. });
        self.explored.schedules += 1;
        self.explored.drawn += u32::from(drawn);
        self.explored.not_replayable += u32::from(!trace.replayable);
        for call in &trace.unmodelled {
            if !self.explored.unmodelled.contains(call) {
                self.explored.unmodelled.push(call.clone());
            }
        }
        self.explored.late_timeouts |= trace.late_timeouts;
        self.explored.unwatched_memory |= trace.unwatched_memory;
        let new = self.orders.insert(fingerprint(trace));
        self.nothing_new = if new { 0 } else { self.nothing_new + 1 };
        self.explored.distinct_orders = u32::try_from(self.orders.len()).unwrap_or(u32::MAX);
        self.turns += u32::from(!enumerated);
        self.learnt.add(trace, course);
        self.places.add(schedule, course);
        self.enumeration.add(trace, course, enumerated.then_some(schedule.decisions.len()));
    }
}
