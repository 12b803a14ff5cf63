//! The way through the schedules: one exploration for each set of faults, run by run, until the
//! budget is used, nothing new comes, or somebody presses Ctrl-C.

use super::faults::{Faults, Places};
use super::gather::Gathered;
use crate::progress::Schedules;
use forklings_model::{Command, End, Explored, Schedule, Stopped, Survey, Trace};
use forklings_tracer::{Exploration, Explorer, Mix};
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs that a limit ended after which more would only take as long again.
const LIMITS_REACHED: u32 = 3;
/// Runs that the tracer had to give up after which it is no use to go on.
const GIVEN_UP: u32 = 3;
/// The part of the budget that goes to schedules in which nothing strikes yet: one in so many.
const FIRST: u32 = 4;

/// Distance between the first schedules of two seeds.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What shall be tried.
pub(super) struct Plan {
    pub(super) mix: Mix,
    pub(super) faults: Faults,
    pub(super) budget: u32,
    pub(super) seed: u64,
}

/// Tries it.
pub(super) fn tour(
    command: &Command,
    plan: &Plan,
    explorer: &mut Explorer,
    watch: &mut dyn Schedules,
    cancel: &AtomicBool,
) -> (Survey, Vec<(String, Schedule)>) {
    let mut tour = Tour {
        command,
        gathered: Gathered::new(command),
        limits_reached: 0,
        given_up: 0,
        given_up_drawn: 0,
        given_up_unsure: 0,
        stopped: None,
    };
    let mut places = Places::default();
    let mut tried: Vec<Explored> = Vec::new();
    let mut sets = vec![plan.faults.first()];
    let mut next = 0;
    while next < sets.len() && tour.stopped.is_none() {
        let used: u32 = tried.iter().map(|explored| explored.schedules).sum();
        let left = plan.budget.saturating_sub(used);
        // The first set alone tells what there is to try after it, so it gets its share first.
        let shares = match next {
            0 if plan.faults.strike() => FIRST,
            _ => u32::try_from(sets.len() - next).unwrap_or(1),
        };
        let share = forklings_tracer::Plan {
            budget: left.div_ceil(shares),
            mix: plan.mix.clone(),
            faults: sets[next].clone(),
            // Near seeds shall not share schedules, which are numbered from here on.
            seed: plan.seed.wrapping_mul(SPREAD).wrapping_add(used.into()),
            ..forklings_tracer::Plan::new(0)
        };
        let mut exploration = Exploration::new(share);
        loop {
            if cancel.load(Ordering::Relaxed) {
                tour.stopped = Some(Stopped::Interrupted);
                break;
            }
            match exploration.next(explorer) {
                Ok(Some(trace)) => {
                    places.add(&trace);
                    tour.note(&trace, cancel);
                }
                Ok(None) => break,
                Err(error) => tour.stopped = Some(Stopped::Failed(error.to_string())),
            }
            let now = sum(tried.iter().cloned().chain([exploration.explored()]));
            watch.tried(&now, &tour.gathered.brief());
            if tour.stopped.is_some() {
                break;
            }
        }
        tried.push(exploration.explored());
        if next == 0 {
            sets.extend(plan.faults.further(&places));
        }
        next += 1;
    }
    // What was found is shown now, also after Ctrl-C: a second one ends that too.
    cancel.store(false, Ordering::Relaxed);
    let mut explored = sum(tried.into_iter());
    // A run without an end says nothing of the program, so nothing may rest on it.
    explored.schedules -= tour.given_up.min(explored.schedules);
    // The order of a run that was cut short counts for nothing.
    explored.distinct_orders = explored.distinct_orders.min(explored.schedules);
    explored.drawn -= tour.given_up_drawn.min(explored.drawn);
    explored.exhausted &= tour.given_up == 0;
    explored.not_replayable -= tour.given_up_unsure.min(explored.not_replayable);
    let stopped = tour.stopped.unwrap_or(Stopped::Done);
    sets.truncate(next);
    let (survey, results) = tour.gathered.finish(explorer, explored, stopped, sets);
    (Survey { given_up: tour.given_up, ..survey }, results)
}

struct Tour<'a> {
    command: &'a Command,
    gathered: Gathered,
    limits_reached: u32,
    given_up: u32,
    /// Those among them that were drawn at random.
    given_up_drawn: u32,
    /// Those that need not be the same when repeated.
    given_up_unsure: u32,
    stopped: Option<Stopped>,
}

impl Tour<'_> {
    fn note(&mut self, trace: &Trace, cancel: &AtomicBool) {
        if let End::Abandoned { reason, .. } = &trace.end {
            self.given_up += 1;
            self.given_up_drawn += u32::from(trace.schedule.strategy.draws());
            self.given_up_unsure += u32::from(!trace.replayable);
            if cancel.load(Ordering::Relaxed) {
                self.stopped = Some(Stopped::Interrupted);
            } else if self.given_up >= GIVEN_UP {
                self.stopped = Some(Stopped::Failed(reason.clone()));
            }
            return;
        }
        let seen =
            forklings_rules::without_contract(trace, &self.command.demands, &self.command.waivers);
        self.limits_reached += match trace.end {
            // It took that long for real.
            End::TimeLimit { computing: true, .. } => LIMITS_REACHED,
            End::TimeLimit { .. }
            | End::ProcessLimit { .. }
            | End::MemoryLimit { .. }
            | End::OutputLimit { .. } => 1,
            End::Root { .. } | End::Deadlock { .. } | End::NoRun | End::Abandoned { .. } => 0,
        };
        self.gathered.add(trace, seen);
        if self.limits_reached >= LIMITS_REACHED {
            self.stopped = Some(Stopped::Enough);
        }
    }
}

/// What several explorations amount to together.
fn sum(mut all: impl Iterator<Item = Explored>) -> Explored {
    let Some(mut total) = all.next() else { return Explored::default() };
    for explored in all {
        total.schedules += explored.schedules;
        total.drawn += explored.drawn;
        total.distinct_orders += explored.distinct_orders;
        // As far as the one that went least far.
        total.preemptions = match (total.exhausted, explored.exhausted) {
            (true, true) => None,
            (true, false) => explored.preemptions,
            (false, true) => total.preemptions,
            (false, false) => total.preemptions.min(explored.preemptions),
        };
        total.exhausted &= explored.exhausted;
        total.saturated = explored.saturated;
        total.not_replayable += explored.not_replayable;
        total.late_timeouts |= explored.late_timeouts;
        total.unwatched_memory |= explored.unwatched_memory;
        for call in explored.unmodelled {
            if !total.unmodelled.contains(&call) {
                total.unmodelled.push(call);
            }
        }
    }
    total
}
