//! One run: the loop that lets one task at a time go on, by the schedule's choice.
//!
//! Invariants: between two steps every task is parked, stopped, gone, or inside the kernel for a
//! reason that the run knows; nobody moves but the task whose step it is. What a step does is
//! followed until that task is parked again. Numbers of events, processes and objects depend on
//! the schedule only.

use crate::attempt::Changes;
use crate::breakpoints::Breakpoints;
use crate::calls::locks::{FileId, FileLock};
use crate::calls::sysv::{Made, SysV};
use crate::clock::Clock;
use crate::course::Course;
use crate::descriptors::{Files, Objects};
use crate::error::{Misfit, Result};
use crate::futexes::Pages;
use crate::leftovers::Leftovers;
use crate::lineage::Lineages;
use crate::mappings::Mappings;
use crate::news::News;
use crate::process::{Life, Process};
use crate::random::{Random, Stream};
use crate::server::{Server, lost, read_all};
use crate::shared_memory::{Instruction, Looks, OwnMemory, Region, Shared};
use crate::sleeps_last::SleepsLast;
use crate::special::Special;
use crate::stacks::Stacks;
use crate::strategy::{self, Choice, Pick};
use crate::subject::Subject;
use crate::switches::Switches;
use crate::task::{Point, State, Task};
use crate::timers::{Countdown, Timer};
use crate::watchdog::Watchdog;
use forklings_model::{
    Descriptor, End, Ending, Event, EventKind, Frame, Limits, ObjectId, Pid, ProcId, Schedule,
    Signal, SignalSet, Stuck, TaskId, Trace,
};
use forklings_sys::descriptor;
use forklings_sys::ptrace::{Registers, Stopped};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of reads and writes that one trace keeps.
const ROOM: usize = 4 << 20;

/// A run that has ended.
pub(crate) struct Finished {
    /// What happened, as events.
    pub(crate) trace: Trace,
    /// How it went from decision to decision.
    pub(crate) course: Course,
    /// What it left in the kernel.
    pub(crate) leftovers: Leftovers,
    /// What happened, as the choices that led to it.
    pub(crate) happened: Vec<Choice>,
    /// Its clock at the end.
    pub(crate) clock: Clock,
}

/// One run in progress.
pub(crate) struct Run<'a> {
    pub(crate) server: &'a Server,
    pub(crate) watchdog: &'a Watchdog,
    pub(crate) stacks: Option<&'a mut Stacks>,
    pub(crate) limits: Limits,
    /// CPU seconds that the run may use.
    pub(crate) cpu_seconds: u32,
    pub(crate) schedule: &'a Schedule,
    pub(crate) strategy: Box<dyn Pick>,
    pub(crate) fault_random: Random,
    pub(crate) subject_random: Random,
    pub(crate) course: Course,
    /// Everything that happened so far, choices and what had none.
    pub(crate) happened: Vec<Choice>,
    /// An order to follow in place of the schedule.
    pub(crate) order: Option<SleepsLast>,
    /// What decides in place of the strategy where the schedule's decisions end.
    pub(crate) switches: Option<Switches>,
    /// Number of events after which it is known that somebody computes without end: no need to
    /// wait for the limit again.
    pub(crate) endless_after: Option<usize>,
    /// Position among the events of the read that is told one more than stands there.
    pub(crate) misread: Option<usize>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) processes: Vec<Process>,
    pub(crate) objects: Objects,
    pub(crate) clock: Clock,
    pub(crate) events: Vec<Event>,
    pub(crate) sites: Vec<Vec<Frame>>,
    pub(crate) end: Option<End>,
    pub(crate) left_open: Vec<Descriptor>,
    pub(crate) unmodelled: Vec<String>,
    /// Whether a time-out, an alarm or a timer was held back while others went on.
    pub(crate) late_timeouts: bool,
    /// Whether memory that processes share was used without being followed.
    pub(crate) unwatched_memory: bool,
    /// Whether processes have memory that nobody can follow and that one of them may write: what is told
    /// there orders others too.
    pub(crate) unseen_memory: bool,
    /// Whether it is followed what memory processes get from the kernel.
    pub(crate) follows_memory: bool,
    pub(crate) replayable: bool,
    pub(crate) forks: u32,
    pub(crate) interruptions: u32,
    /// The places at which the schedule's strikes may happen.
    pub(crate) strikes: crate::strikes::Strikes,
    pub(crate) naps: u32,
    pub(crate) output: u64,
    pub(crate) alarms: BTreeMap<ProcId, Countdown>,
    /// Timers made by `timer_create`, by process and number.
    pub(crate) timers: BTreeMap<(ProcId, i32), Timer>,
    /// Descriptors that cannot be polled from here.
    pub(crate) special: BTreeMap<ObjectId, Special>,
    /// FIFOs that were opened, whatever they are called.
    pub(crate) fifos: BTreeMap<FileId, ObjectId>,
    /// POSIX message queues, by name.
    pub(crate) queues: BTreeMap<String, ObjectId>,
    /// System V objects, by number.
    pub(crate) sysv: BTreeMap<(SysV, i32), Made>,
    /// Those of them that did not exist before the run.
    pub(crate) own_sysv: BTreeSet<(SysV, i32)>,
    /// Likewise of the queues.
    pub(crate) own_queues: BTreeSet<String>,
    /// TCP sockets.
    pub(crate) network: BTreeSet<ObjectId>,
    /// Locks of open files.
    pub(crate) file_locks: BTreeMap<ObjectId, FileLock>,
    /// What may have changed for calls that were refused.
    pub(crate) changes: Changes,
    /// Number of events when those who were refused were last let try once more.
    pub(crate) chance_at: Option<usize>,
    /// Pages in which shared futexes were found.
    pub(crate) pages: Pages,
    /// Tasks that have gone to sleep on a futex.
    pub(crate) asleep: u64,
    /// Whether only those who look again and again were left, so that time passes.
    pub(crate) only_polls: bool,
    /// Every handler that was installed, by its number.
    pub(crate) handlers: Vec<crate::calls::Handler>,
    /// Where the functions stand that handlers must not call, by image.
    pub(crate) watched: BTreeMap<u32, crate::watch::Functions>,
    /// Breakpoints that are set, by the memory that they stand in.
    pub(crate) breakpoints: BTreeMap<ProcId, Breakpoints>,
    /// Mutexes, semaphores and conditions that were used.
    pub(crate) mutexes: BTreeMap<crate::futexes::Key, ObjectId>,
    /// How often a task has stopped before using one.
    pub(crate) mutex_stops: u32,
    /// Memory that processes share.
    pub(crate) regions: Vec<Region>,
    /// Instructions that access it, or stand between two that do, by image and address.
    pub(crate) code: HashMap<(u32, u64), Instruction>,
    /// Memory that processes do not share, as far as it was read for them.
    pub(crate) own: OwnMemory,
    /// Accesses to shared memory while several processes had it.
    pub(crate) accesses: u32,
    /// Programs executed so far.
    pub(crate) images: u32,
    /// Whether large writes are done one page at a time, as into a pipe that is nearly full.
    pub(crate) narrow_pipes: bool,
    pub(crate) patience: u32,
    /// Steps in a row after which a task must let others go first.
    pub(crate) turn: u32,
    /// Stops seen so far.
    pub(crate) stops: u32,
    /// What may have changed for those who wait.
    pub(crate) news: News,
    /// Bytes of reads and writes that the trace has room for.
    pub(crate) room: usize,
    /// Whether standard input is this program's own.
    pub(crate) terminal: bool,
    cancel: Option<Arc<AtomicBool>>,
}

impl<'a> Run<'a> {
    /// Clones a root and prepares to follow it.
    pub(crate) fn begin(
        server: &'a mut Server,
        watchdog: &'a Watchdog,
        stacks: Option<&'a mut Stacks>,
        subject: &Subject,
        schedule: &'a Schedule,
    ) -> Result<Self> {
        if !subject.view.is_machine() {
            server.clean();
        }
        let root = server.root()?;
        let server: &'a Server = server;
        let host = root.stopped.tid();
        let blocked = SignalSet(root.stopped.signal_mask()?);
        let id = TaskId::main(ProcId::ROOT);
        let pid = Pid(root.pid);
        let process = Process {
            id: ProcId::ROOT,
            host,
            pid,
            parent: None,
            life: Life::Alive,
            ending: None,
            handle: descriptor::of_process(host)?,
            files: Files::standard(),
            dispositions: server.dispositions.clone(),
            group: root.pid,
            subreaper: false,
            dies_with_parent: 0,
            threads: 1,
            memory_of: ProcId::ROOT,
            shares_memory: false,
            shared: Shared::default(),
            pending_lock: None,
            mappings: Mappings::default(),
            vfork_parent: None,
            unreported_stop: false,
            unreported_continue: false,
            stopping: false,
            image: 0,
            last_answer: None,
        };
        let mut fault_random = Random::new(schedule.seed, Stream::Faults);
        let narrow_pipes = fault_random.one_in(2);
        let mut run = Self {
            server,
            watchdog,
            stacks,
            limits: subject.limits,
            cpu_seconds: subject.cpu_seconds.unwrap_or(subject.limits.seconds),
            schedule,
            strategy: strategy::of(schedule),
            fault_random,
            subject_random: Random::new(subject.random.unwrap_or(schedule.seed), Stream::Subject),
            course: Course::default(),
            happened: Vec::new(),
            order: None,
            switches: None,
            endless_after: None,
            misread: None,
            tasks: vec![Task::new(id, host, root.stopped)],
            processes: vec![process],
            objects: Objects::standard(),
            clock: Clock::new(subject.start),
            events: Vec::new(),
            sites: Vec::new(),
            end: None,
            left_open: Vec::new(),
            unmodelled: Vec::new(),
            late_timeouts: false,
            unwatched_memory: false,
            unseen_memory: false,
            follows_memory: subject.follows_memory,
            replayable: true,
            forks: 0,
            interruptions: 0,
            strikes: crate::strikes::Strikes::new(schedule),
            naps: 0,
            output: 0,
            alarms: BTreeMap::new(),
            timers: BTreeMap::new(),
            special: BTreeMap::new(),
            fifos: BTreeMap::new(),
            queues: BTreeMap::new(),
            sysv: BTreeMap::new(),
            own_sysv: BTreeSet::new(),
            own_queues: BTreeSet::new(),
            network: BTreeSet::new(),
            file_locks: BTreeMap::new(),
            changes: Changes::default(),
            chance_at: None,
            pages: Pages::new(),
            asleep: 0,
            only_polls: false,
            handlers: Vec::new(),
            watched: BTreeMap::new(),
            breakpoints: BTreeMap::new(),
            mutexes: BTreeMap::new(),
            mutex_stops: 0,
            regions: Vec::new(),
            code: HashMap::new(),
            own: OwnMemory::default(),
            accesses: 0,
            images: 0,
            narrow_pipes,
            patience: crate::step::PATIENCE,
            turn: crate::step::TURN,
            stops: 0,
            news: News::default(),
            room: ROOM,
            terminal: subject.terminal,
            cancel: subject.cancel.clone(),
        };
        run.replayable = !subject.terminal;
        run.processes[0].mappings = run.mappings_of(host);
        run.emit(0, EventKind::Started { parent: None, pid });
        run.tell_signals(blocked);
        Ok(run)
    }

    /// Says how the root treats signals when it begins, as far as that is not what it would be
    /// without a word.
    fn tell_signals(&mut self, blocked: SignalSet) {
        if !blocked.is_empty() {
            self.emit(0, EventKind::Mask { was: SignalSet::EMPTY, blocked });
        }
        let changed: Vec<_> = self.process(0).dispositions.changed().collect();
        for (signal, disposition) in changed {
            self.tell_disposition(0, Signal(signal), disposition);
        }
    }

    /// Follows the run to its end and ends everybody who is left.
    pub(crate) fn finish(mut self, subject: &Subject) -> Result<Finished> {
        let outcome = self.steps();
        self.end_everybody();
        outcome?;
        // The next run's processes get the same pids.
        (0..self.processes.len()).try_for_each(|p| self.await_release(p))?;
        let leftovers = self.leftovers();
        let end = self.end.take().ok_or_else(|| lost("a run without an end"))?;
        let mut schedule = self.schedule.clone();
        let given = schedule.decisions.len();
        schedule.decisions = self.course.decisions();
        // A run that was given up says nothing of its schedule.
        let given_up = matches!(end, End::Abandoned { .. });
        if !given_up && self.order.is_none() && given > schedule.decisions.len() {
            return Err(Misfit::Left { given, taken: schedule.decisions.len() }.into());
        }
        let trace = Trace {
            program: subject.program.clone(),
            args: subject.args.clone(),
            schedule,
            events: self.events,
            processes: self
                .processes
                .iter()
                .map(|p| forklings_model::Process { proc: p.id, pid: p.pid, parent: None })
                .collect(),
            objects: self.objects.into_inner(),
            sites: self.sites,
            before_main: Vec::new(),
            stdout: read_all(&self.server.stdout),
            stderr: read_all(&self.server.stderr),
            end,
            left_open: self.left_open,
            left_behind: None,
            unmodelled: self.unmodelled,
            late_timeouts: self.late_timeouts,
            unwatched_memory: self.unwatched_memory,
            replayable: self.replayable,
            isolation: self.server.isolation(),
        }
        .with_parents();
        self.course.places = self.strikes.places();
        let clock = self.clock;
        Ok(Finished { trace, course: self.course, leftovers, happened: self.happened, clock })
    }

    fn steps(&mut self) -> Result<()> {
        while self.end.is_none() {
            if self.is_cancelled() {
                self.abandon("it was stopped from outside", []);
                break;
            }
            self.look_into_kernel()?;
            if std::mem::take(&mut self.only_polls) {
                self.catch_up()?;
            }
            let (choices, waits) = self.choices()?;
            if choices.is_empty() {
                self.nobody_can_go(waits)?;
            } else {
                let choice = self.decide(choices)?;
                self.happened.push(Choice::new(choice.who, choice.what));
                self.perform(choice)?;
            }
            let limit = u64::from(self.limits.seconds) * 1_000_000_000;
            if self.end.is_none() && self.clock.now() > limit {
                let proc = self.events.last().map_or(ProcId::ROOT, |event| event.task.proc);
                let seconds = self.limits.seconds;
                self.end = Some(End::TimeLimit { seconds, proc, computing: false, site: None });
            }
        }
        Ok(())
    }

    /// Gives the run up: nothing can be said of the program.
    pub(crate) fn abandon(&mut self, reason: &str, stuck: impl IntoIterator<Item = Stuck>) {
        let stuck = stuck.into_iter().collect();
        self.end = Some(End::Abandoned { reason: reason.to_owned(), stuck });
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }

    /// Adds an event of a task, at its current place in the code.
    pub(crate) fn emit(&mut self, t: usize, kind: EventKind) {
        let site = self.tasks[t].site;
        self.record(self.tasks[t].id, kind, site);
    }

    /// Adds an event that happens to a process rather than being done by it.
    pub(crate) fn emit_for(&mut self, proc: ProcId, kind: EventKind) {
        self.record(TaskId::main(proc), kind, None);
    }

    fn record(&mut self, task: TaskId, kind: EventKind, site: Option<forklings_model::SiteId>) {
        if let Some((maker, made)) = Lineages::birth(task, &kind) {
            self.strategy.born(maker, made);
        }
        let seq = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        self.events.push(Event { seq, task, at: self.clock.now(), kind, site });
    }

    /// Adds the events that a poll in vain leaves.
    pub(crate) fn in_vain(&mut self, t: usize, call: i64) {
        self.tasks[t].polls += 1;
        self.emit(t, EventKind::PolledInVain { call: crate::calls::name(call) });
    }

    /// Adds the event of a wait whose time is up.
    pub(crate) fn timed_out(&mut self, t: usize, call: i64) {
        self.emit(t, EventKind::TimedOut { call: crate::calls::name(call) });
    }

    /// Says that from here on the run need not repeat.
    pub(crate) fn unmodelled(&mut self, t: usize, call: i64) {
        let call = crate::calls::name(call);
        self.replayable = false;
        if !self.unmodelled.contains(&call) {
            self.unmodelled.push(call.clone());
            self.emit(t, EventKind::Unmodelled { call });
        }
    }

    pub(crate) fn position(&self, proc: ProcId) -> Result<usize> {
        self.processes
            .iter()
            .position(|p| p.id == proc)
            .ok_or_else(|| lost(format!("{proc} is unknown")))
    }

    pub(crate) fn task_position(&self, id: TaskId) -> Result<usize> {
        self.tasks.iter().position(|t| t.id == id).ok_or_else(|| lost(format!("{id} is unknown")))
    }

    /// The process of a task.
    pub(crate) fn process(&self, t: usize) -> &Process {
        let id = self.tasks[t].id.proc;
        let n = usize::try_from(id.0).unwrap_or(1) - 1;
        &self.processes[n]
    }

    /// The process of a task, to change.
    pub(crate) fn process_mut(&mut self, t: usize) -> &mut Process {
        let id = self.tasks[t].id.proc;
        let n = usize::try_from(id.0).unwrap_or(1) - 1;
        &mut self.processes[n]
    }

    /// The living process with this pid, as the program knows it.
    pub(crate) fn by_pid(&self, pid: i32) -> Option<&Process> {
        self.processes.iter().find(|p| p.pid.0 == pid && !matches!(p.life, Life::Gone))
    }

    /// Threads that are alive, over all processes.
    pub(crate) fn alive(&self) -> usize {
        self.tasks.iter().filter(|t| !matches!(t.state, State::Gone)).count()
    }

    /// The root ended like this.
    pub(crate) fn root_ended(&mut self, ending: Ending) {
        if self.end.is_none() {
            let alive = self.processes.iter().filter(|p| p.is_alive()).map(|p| p.id).collect();
            self.end = Some(End::Root { ending, alive });
        }
    }

    /// Puts a stopped task before a call, and notes where in the code it stands.
    pub(crate) fn park(&mut self, t: usize, stopped: Stopped, point: Point) {
        if let Point::Call(call) = point {
            self.note_site(t, &stopped, &call.registers);
            self.tasks[t].looks = Looks::default();
        }
        self.tasks[t].computes = false;
        self.tasks[t].known_wait = None;
        self.tasks[t].state = State::Parked(stopped, point);
    }

    /// The process has another image now.
    pub(crate) fn forget_stacks(&mut self, stopped: &Stopped) {
        if let Some(stacks) = self.stacks.as_deref_mut() {
            stacks.forget(stopped.tid());
        }
    }

    /// Notes where in the code a task stands, if stacks are recorded.
    pub(crate) fn note_site(&mut self, t: usize, stopped: &Stopped, registers: &Registers) {
        if let Some(stacks) = self.stacks.as_deref_mut() {
            self.tasks[t].site = stacks.site(stopped, registers, &mut self.sites);
        }
    }
}

/// Fills in who forked whom, which the events know.
trait WithParents {
    fn with_parents(self) -> Self;
}

impl WithParents for Trace {
    fn with_parents(mut self) -> Self {
        for event in &self.events {
            if let EventKind::Started { parent, .. } = event.kind
                && let Some(process) = self.processes.iter_mut().find(|p| p.proc == event.task.proc)
            {
                process.parent = parent;
            }
        }
        self
    }
}
