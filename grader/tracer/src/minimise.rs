//! A failing run made small: the fewest preemptions, then the fewest events, that still fail.
//!
//! Delta debugging over what is special about the run: parts of its switches are left out, halves
//! first, then ever smaller ones; what still fails and is smaller takes the run's place. Source:
//! Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002. A preemption
//! that cannot be left out may be late: who was preempted goes on until it has to stop. What still
//! has several switches or a preemption then may be stuck, as no single change makes it smaller: so
//! the plain run is tried with one switch each, those that preempt nobody first.
//!
//! It ends because each step makes the run's size smaller, and because its work is bounded. It knows
//! no rules: whoever calls says what fails.

use crate::course::Course;
use crate::explorer::Explorer;
use crate::switches::{Switch, When};
use forklings_model::{End, Fault, Schedule, Strategy, Trace};

/// Runs that are tried for one failure.
const RUNS: u32 = 100;
/// Runs among them that have a single switch.
const SINGLE: usize = 40;
/// Events of all these runs together: long runs get fewer tries.
const EVENTS: usize = 100_000;

/// How large a run is. Ordered as runs are better or worse to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// Times that a task which could go on had to let another one go first.
    pub preemptions: u32,
    /// Faults of the schedule.
    pub faults: usize,
    /// Events of the trace.
    pub events: usize,
    /// Choices other than the plain ones.
    pub switches: usize,
}

/// What became of a failing run.
#[derive(Clone, Debug)]
pub struct Minimised {
    /// The smallest run that still fails. Its schedule has all its decisions and replays alone.
    pub trace: Trace,
    /// Its size.
    pub size: Size,
    /// The size of the run before.
    pub before: Size,
    /// Runs that were tried.
    pub runs: u32,
}

/// Makes a failing run small. With `drop_faults` it may fail without its schedule's faults too.
/// `None` when it does not fail again under its own schedule: then nothing is known of it.
///
/// Deterministic: equal runs are made equally small.
pub fn minimise(
    explorer: &mut Explorer,
    seen: &Trace,
    drop_faults: bool,
    fails: &mut dyn FnMut(&Trace) -> bool,
) -> Option<Minimised> {
    if !seen.replayable || computes(seen) {
        return None;
    }
    let again = explorer.observe(&seen.schedule).ok()?;
    if again.0.schedule.decisions != seen.schedule.decisions || !usable(&again.0, fails) {
        return None;
    }
    let first = Candidate::new(again);
    let before = first.size;
    let events = first.trace.events.len();
    let mut search = Search {
        explorer,
        fails,
        seed: seen.schedule.seed,
        best: first,
        runs: 1,
        events,
        over: false,
        tried_single: false,
    };
    if drop_faults {
        search.without_faults();
    }
    search.switches();
    let Search { best: Candidate { mut trace, size, .. }, runs, .. } = search;
    trace.schedule.strategy = Strategy::Minimised { preemptions: size.preemptions };
    Some(Minimised { trace, size, before, runs })
}

/// Whether somebody computed until its time was up: each try would take as long again.
fn computes(trace: &Trace) -> bool {
    matches!(trace.end, End::TimeLimit { computing: true, .. })
}

/// Whether a run fails, and fails whenever it is repeated.
fn usable(trace: &Trace, fails: &mut dyn FnMut(&Trace) -> bool) -> bool {
    trace.replayable && !matches!(trace.end, End::Abandoned { .. }) && fails(trace)
}

/// A run that fails.
struct Candidate {
    trace: Trace,
    switches: Vec<Switch>,
    size: Size,
}

impl Candidate {
    fn new((trace, course): (Trace, Course)) -> Self {
        let size = Size {
            preemptions: course.preemptions(),
            faults: trace.schedule.faults.len(),
            events: trace.events.len(),
            switches: course.switches.len(),
        };
        Self { trace, switches: course.switches, size }
    }
}

/// The search in progress.
struct Search<'a> {
    explorer: &'a mut Explorer,
    fails: &'a mut dyn FnMut(&Trace) -> bool,
    seed: u64,
    best: Candidate,
    runs: u32,
    /// Events of all runs together.
    events: usize,
    /// Whether no more may be tried.
    over: bool,
    /// Whether runs with a single switch were tried.
    tried_single: bool,
}

impl Search<'_> {
    /// Leaves out one fault after the other.
    fn without_faults(&mut self) {
        let mut n = 0;
        while n < self.best.size.faults && !self.over {
            let mut faults = self.best.trace.schedule.faults.clone();
            faults.remove(n);
            let switches = self.best.switches.clone();
            if !self.attempt(&switches, faults) {
                n += 1;
            }
        }
    }

    /// Leaves out parts of the switches, and lets preemptions come late, until nothing helps.
    fn switches(&mut self) {
        loop {
            let before = self.best.size;
            let mut part = self.best.switches.len();
            while part > 0 && !self.over {
                self.without_parts(part);
                part /= 2;
            }
            self.with_patience();
            self.with_one_switch();
            if self.over || self.best.size == before {
                return;
            }
        }
    }

    /// Lets whoever is preempted go on until it cannot, one preemption after the other.
    fn with_patience(&mut self) {
        let mut n = self.best.switches.len();
        while n > 0 && !self.over {
            n -= 1;
            let mut switches = self.best.switches.clone();
            if switches[n].when == When::Preempting {
                switches[n].when = When::Patient;
                let faults = self.best.trace.schedule.faults.clone();
                self.attempt(&switches, faults);
                n = n.min(self.best.switches.len());
            }
        }
    }

    /// Tries the plain run with a single switch, unless the best run is as simple already.
    fn with_one_switch(&mut self) {
        let size = self.best.size;
        let plain = size.preemptions == 0 && size.switches <= 1;
        if plain || self.over || std::mem::replace(&mut self.tried_single, true) {
            return;
        }
        let faults = self.best.trace.schedule.faults.clone();
        let Some((_, course)) = self.run(&[], faults.clone()) else { return };
        let mut single = course.alternatives;
        single.retain(|switch| switch.when == When::Free || size.preemptions > 1);
        single.sort_by_key(|switch| switch.when == When::Preempting);
        for switch in single.iter().take(SINGLE) {
            if self.over || self.attempt(&[*switch], faults.clone()) {
                return;
            }
        }
    }

    /// Leaves out each part of so many switches, the last one first: what comes before it stays as
    /// it was.
    fn without_parts(&mut self, part: usize) {
        let mut end = self.best.switches.len();
        while end > 0 && !self.over {
            let start = end.saturating_sub(part);
            let mut switches = self.best.switches.clone();
            switches.drain(start..end);
            let faults = self.best.trace.schedule.faults.clone();
            self.attempt(&switches, faults);
            // What is left may have become shorter than what was asked for.
            end = start.min(self.best.switches.len());
        }
    }

    /// Runs these switches. Gives whether they take the place of the best run so far.
    fn attempt(&mut self, switches: &[Switch], faults: Vec<Fault>) -> bool {
        let Some(run) = self.run(switches, faults) else { return false };
        if !usable(&run.0, self.fails) {
            return false;
        }
        let candidate = Candidate::new(run);
        let smaller = candidate.size < self.best.size;
        if smaller {
            self.best = candidate;
        }
        smaller
    }

    /// Runs these switches, if there is still a run left.
    fn run(&mut self, switches: &[Switch], faults: Vec<Fault>) -> Option<(Trace, Course)> {
        if self.runs >= RUNS || self.events >= EVENTS {
            self.over = true;
            return None;
        }
        self.runs += 1;
        let strategy = Strategy::Minimised { preemptions: 0 };
        let schedule = Schedule { faults, ..Schedule::new(strategy, self.seed) };
        match self.explorer.follow(&schedule, switches) {
            Ok(run) => {
                self.events += run.0.events.len();
                // Whoever gave up, or was told to, does not go on trying.
                self.over |= computes(&run.0) || matches!(run.0.end, End::Abandoned { .. });
                Some(run)
            }
            // What the tracer cannot follow is not tried again and again.
            Err(_) => {
                self.over = true;
                None
            }
        }
    }
}
