//! One subject under one explorer: a processor, a fork server, and as many runs as are wanted.

use crate::before_main;
use crate::course::Course;
use crate::error::{Misfit, Result};
use crate::names_left;
use crate::run::{Finished, Run};
use crate::server::Server;
use crate::sleeps_last::SleepsLast;
use crate::stacks::Stacks;
use crate::subject::Subject;
use crate::switches::{Switch, Switches};
use crate::watchdog::Watchdog;
use forklings_model::{End, Isolation, ProcId, Schedule, Trace};
use forklings_sandbox::CpuLease;

/// Runs one subject under schedules. Belongs to the thread that made it.
#[derive(Debug)]
pub struct Explorer {
    // The order of the fields is the order of their end.
    server: Option<Server>,
    watchdog: Watchdog,
    subject: Subject,
    lease: CpuLease,
    isolation: Isolation,
    time: Time,
}

/// What all runs so far had to do with time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Time {
    /// Whether one of them slept, waited with a time-out or looked at a clock.
    pub(crate) used: bool,
    /// Nanoseconds of virtual time for which one of them waited at most.
    pub(crate) most: u64,
}

/// How a run is made, beside its schedule.
#[derive(Debug, Default)]
struct Manner {
    /// Whether call stacks are recorded.
    stacks: bool,
    /// An order to follow in place of the schedule.
    order: Option<SleepsLast>,
    /// What decides in place of the schedule's strategy.
    switches: Option<Switches>,
    /// Number of events after which it is known that somebody computes without end.
    endless_after: Option<usize>,
    /// Position of the read that is told one more than stands there.
    misread: Option<usize>,
}

impl Explorer {
    /// Waits for a processor, then launches the subject and holds it where runs begin.
    ///
    /// # Errors
    /// What the machine refuses, and programs that do not reach their first instruction.
    pub fn launch(subject: Subject) -> Result<Self> {
        let lease = CpuLease::take()?;
        let watchdog = Watchdog::new(subject.cancel.clone());
        let server = Server::launch(&subject, &lease, &watchdog)?;
        let isolation = server.isolation();
        let time = Time::default();
        Ok(Self { server: Some(server), watchdog, subject, lease, isolation, time })
    }

    /// Runs the subject once. The schedule's decisions come first, then its strategy decides. Where it
    /// cannot be told from the run whether a store counts, another run finds out.
    ///
    /// # Errors
    /// When the tracer loses track, or the decisions do not fit; the next run starts from a new
    /// server then.
    pub fn run(&mut self, schedule: &Schedule) -> Result<Trace> {
        self.observe(schedule).map(|(trace, _)| trace)
    }

    /// Runs the subject once and notes the call stack of every event: slower, and otherwise the
    /// same run.
    ///
    /// # Errors
    /// As [`Explorer::run`].
    pub fn run_with_stacks(&mut self, schedule: &Schedule) -> Result<Trace> {
        let manner = Manner { stacks: true, ..Manner::default() };
        self.run_with(schedule, manner).map(|finished| finished.trace)
    }

    /// Runs the subject again under the schedule of a run, with call stacks. The decisions alone
    /// decide, and they must be neither too many nor too few.
    ///
    /// # Errors
    /// As [`Explorer::run`]; a run that goes on where the decisions end is a misfit too.
    pub fn replay(&mut self, schedule: &Schedule) -> Result<Trace> {
        self.repeat(schedule, None)
    }

    /// Runs the subject again as it ran in this trace, with call stacks. A process that computed
    /// there until its time was up is ended as soon as it is seen to compute again, after as many
    /// events: to wait for the limit once more would show nothing else.
    ///
    /// # Errors
    /// As [`Explorer::replay`].
    pub fn show(&mut self, seen: &Trace) -> Result<Trace> {
        let endless = matches!(seen.end, End::TimeLimit { computing: true, .. });
        self.repeat(&seen.schedule, endless.then_some(seen.events.len()))
    }

    fn repeat(&mut self, schedule: &Schedule, endless_after: Option<usize>) -> Result<Trace> {
        let manner = Manner { stacks: true, endless_after, ..Manner::default() };
        let trace = self.run_with(schedule, manner)?.trace;
        let (given, taken) = (schedule.decisions.len(), trace.schedule.decisions.len());
        if taken > given {
            return Err(Misfit::Beyond { given, taken }.into());
        }
        Ok(trace)
    }

    /// Runs the subject once, and tells how the run went.
    pub(crate) fn observe(&mut self, schedule: &Schedule) -> Result<(Trace, Course)> {
        self.run_with(schedule, Manner::default()).map(|finished| (finished.trace, finished.course))
    }

    /// Runs the subject plainly but for these switches, and tells how the run went. The schedule
    /// has no decisions.
    pub(crate) fn follow(
        &mut self,
        schedule: &Schedule,
        switches: &[Switch],
    ) -> Result<(Trace, Course)> {
        let switches = Some(Switches::new(switches.to_vec()));
        let manner = Manner { switches, ..Manner::default() };
        self.run_with(schedule, manner).map(|finished| (finished.trace, finished.course))
    }

    /// Runs the subject in the order of this schedule but for the clock: no sleep ends while
    /// anybody else can go on. What comes out otherwise than under the schedule itself was decided
    /// by a sleep. The trace's decisions do not repeat it.
    ///
    /// # Errors
    /// As [`Explorer::run`].
    pub fn run_with_sleeps_last(&mut self, schedule: &Schedule) -> Result<Trace> {
        let happened = self.run_with(schedule, Manner::default())?.happened;
        let order = SleepsLast::new(happened);
        let manner = Manner { order: Some(order), ..Manner::default() };
        self.run_with(schedule, manner).map(|finished| finished.trace)
    }

    /// What stands between the subject and the machine.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Gives the processor back; what was run, and what its runs had to do with time.
    pub(crate) fn end(self) -> (Subject, Time) {
        // First the tracees, then who watches over them.
        drop(self.server);
        (self.subject, self.time)
    }

    /// Runs the subject again, but for one read of shared memory, which is told one more than stands
    /// there.
    pub(crate) fn run_misreading(&mut self, schedule: &Schedule, read: usize) -> Result<Trace> {
        let manner = Manner { misread: Some(read), ..Manner::default() };
        self.run_once(schedule, manner).map(|finished| finished.trace)
    }

    fn run_with(&mut self, schedule: &Schedule, manner: Manner) -> Result<Finished> {
        // Only what its decisions repeat can be tried once more.
        let repeats = manner.order.is_none();
        let mut finished = self.run_once(schedule, manner)?;
        if repeats {
            self.mark_counts(&mut finished.trace);
        }
        Ok(finished)
    }

    fn run_once(&mut self, schedule: &Schedule, manner: Manner) -> Result<Finished> {
        let mut server = match self.server.take() {
            Some(server) => server,
            None => Server::launch(&self.subject, &self.lease, &self.watchdog)?,
        };
        let kills = server.held.out_of_memory_kills();
        let mut stacks = manner.stacks.then(|| Stacks::new(&server.held, &self.subject));
        // A server that failed is not used again; dropping it ends everybody in its sandbox.
        let mut run =
            Run::begin(&mut server, &self.watchdog, stacks.as_mut(), &self.subject, schedule)?;
        run.order = manner.order;
        run.switches = manner.switches;
        run.endless_after = manner.endless_after;
        run.misread = manner.misread;
        let mut finished = run.finish(&self.subject)?;
        let trace = &mut finished.trace;
        let passed = finished.clock.passed();
        self.time.used |= finished.clock.told() || passed > 0 || trace.late_timeouts;
        self.time.most = self.time.most.max(passed);
        if let Some(stacks) = &mut stacks {
            trace.before_main = before_main::events(trace);
            stacks.name_lines(&mut trace.sites);
        }
        if server.held.out_of_memory_kills() > kills {
            let proc = trace.events.last().map_or(ProcId::ROOT, |event| event.task.proc);
            trace.end = End::MemoryLimit { mib: self.subject.limits.memory_mib, proc };
        }
        let changes = server.held.changes();
        trace.left_behind =
            changes.as_ref().map(|changes| names_left::of(changes, &finished.leftovers));
        server.remove(&finished.leftovers)?;
        // The next run shall find what this one found: a changed machine is not used again.
        if changes.is_none_or(|changes| !changes.any) {
            self.server = Some(server);
        }
        Ok(finished)
    }
}
