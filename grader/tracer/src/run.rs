//! One run: the loop that lets one task at a time go on, by the schedule's choice.
//!
//! Invariants: between two steps every task is parked, stopped, gone, or inside the kernel for a
//! reason that the run knows; nobody moves but the task whose step it is. What a step does is
//! followed until that task is parked again. Numbers of events, processes and objects depend on
//! the schedule only.

use crate::clock::Clock;
use crate::descriptors::{Files, Objects};
use crate::error::Result;
use crate::process::{Dispositions, Life, Process};
use crate::random::{Random, Stream};
use crate::ready::Ready;
use crate::server::{Server, lost, read_all};
use crate::stacks::Stacks;
use crate::strategy::{self, Choice, Pick, What};
use crate::subject::Subject;
use crate::task::{Call, Inside, Point, State, Task};
use crate::watchdog::Watchdog;
use forklings_model::{
    Descriptor, End, Ending, Event, EventKind, Frame, Limits, ObjectId, Pid, ProcId, Schedule,
    Signal, TaskId, Trace, Wait, WaitsFor,
};
use forklings_sys::descriptor;
use forklings_sys::ptrace::{self, Resume, Stopped};
use std::collections::BTreeMap;

/// Interruptions that one run may inject: a loop that retries shall come to its end.
const INTERRUPTIONS: u32 = 3;
/// How often a sleep may end while others are ready: in a row for one task, and in a whole run.
/// Enough to break an order that rests on sleep; few enough for a loop that naps between two looks
/// to see what it looks for.
const NAPS_IN_A_ROW: u32 = 4;
const NAPS: u32 = 40;
/// Polls in vain that a task may make in a row before others must go first; after the first such
/// row only a few.
const PATIENCE: u32 = 60;
const LESS_PATIENCE: u32 = 8;
/// Bytes of reads and writes that one trace keeps.
const ROOM: usize = 4 << 20;

/// Positions of tasks that wait, and for what.
type Waits = Vec<(usize, WaitsFor)>;

/// One run in progress.
pub(crate) struct Run<'a> {
    pub(crate) server: &'a Server,
    pub(crate) watchdog: &'a Watchdog,
    pub(crate) stacks: Option<&'a mut Stacks>,
    pub(crate) limits: Limits,
    pub(crate) schedule: &'a Schedule,
    strategy: Box<dyn Pick>,
    pub(crate) fault_random: Random,
    pub(crate) subject_random: Random,
    decisions: Vec<u16>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) processes: Vec<Process>,
    pub(crate) objects: Objects,
    pub(crate) clock: Clock,
    pub(crate) events: Vec<Event>,
    pub(crate) sites: Vec<Vec<Frame>>,
    pub(crate) end: Option<End>,
    pub(crate) left_open: Vec<Descriptor>,
    pub(crate) unmodelled: Vec<String>,
    pub(crate) replayable: bool,
    pub(crate) forks: u32,
    pub(crate) interruptions: u32,
    pub(crate) naps: u32,
    pub(crate) output: u64,
    pub(crate) alarms: BTreeMap<ProcId, crate::calls::time::Alarm>,
    /// Masks of signalfd objects.
    pub(crate) signal_masks: BTreeMap<u32, u64>,
    /// Whether large writes are done one page at a time, as into a pipe that is nearly full.
    pub(crate) narrow_pipes: bool,
    pub(crate) patience: u32,
    /// Stops seen so far.
    pub(crate) stops: u32,
    /// Bytes of reads and writes that the trace has room for.
    pub(crate) room: usize,
    /// Whether standard input is this program's own.
    pub(crate) terminal: bool,
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
        server.clean();
        let root = server.root()?;
        let server: &'a Server = server;
        let host = root.stopped.tid();
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
            dispositions: Dispositions::new(),
            group: root.pid,
            subreaper: false,
            threads: 1,
            vfork_parent: None,
            unreported_stop: false,
            last_answer: None,
        };
        let mut fault_random = Random::new(schedule.seed, Stream::Faults);
        let narrow_pipes = fault_random.one_in(2);
        let mut run = Self {
            server,
            watchdog,
            stacks,
            limits: subject.limits,
            schedule,
            strategy: strategy::of(schedule),
            fault_random,
            subject_random: Random::new(schedule.seed, Stream::Subject),
            decisions: Vec::new(),
            tasks: vec![Task::new(id, host, root.stopped)],
            processes: vec![process],
            objects: Objects::standard(),
            clock: Clock::new(),
            events: Vec::new(),
            sites: Vec::new(),
            end: None,
            left_open: Vec::new(),
            unmodelled: Vec::new(),
            replayable: true,
            forks: 0,
            interruptions: 0,
            naps: 0,
            output: 0,
            alarms: BTreeMap::new(),
            signal_masks: BTreeMap::new(),
            narrow_pipes,
            patience: PATIENCE,
            stops: 0,
            room: ROOM,
            terminal: subject.terminal,
        };
        run.replayable = !subject.terminal;
        run.emit(0, EventKind::Started { parent: None, pid });
        Ok(run)
    }

    /// Follows the run to its end and ends everybody who is left.
    pub(crate) fn finish(mut self, subject: &Subject) -> Result<Trace> {
        let outcome = self.steps();
        self.end_everybody();
        outcome?;
        let end = self.end.take().ok_or_else(|| lost("a run without an end"))?;
        let mut schedule = self.schedule.clone();
        schedule.decisions = self.decisions;
        Ok(Trace {
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
            stdout: read_all(&self.server.stdout),
            stderr: read_all(&self.server.stderr),
            end,
            left_open: self.left_open,
            unmodelled: self.unmodelled,
            replayable: self.replayable,
            isolation: self.server.isolation(),
        }
        .with_parents())
    }

    fn steps(&mut self) -> Result<()> {
        while self.end.is_none() {
            self.look_into_kernel()?;
            let (choices, waits) = self.choices()?;
            if choices.is_empty() {
                self.nobody_can_go(waits)?;
            } else {
                let choice = self.decide(choices);
                self.perform(choice)?;
            }
            let limit = u64::from(self.limits.seconds) * 1_000_000_000;
            if self.end.is_none() && self.clock.now() > limit {
                let proc = self.events.last().map_or(ProcId::ROOT, |event| event.task.proc);
                let seconds = self.limits.seconds;
                self.end = Some(End::TimeLimit { seconds, proc, computing: false });
            }
        }
        Ok(())
    }

    /// Everything that could happen next, in a fixed order, and what the others wait for.
    fn choices(&mut self) -> Result<(Vec<Choice>, Waits)> {
        let mut choices = Vec::new();
        let mut waits = Vec::new();
        let mut sleepers = Vec::new();
        for t in 0..self.tasks.len() {
            let who = self.tasks[t].id;
            match self.ready(t)? {
                Ready::Yes => choices.push(Choice { who, what: What::Go }),
                Ready::Signalled => {
                    choices.push(Choice { who, what: What::Go });
                    choices.push(Choice { who, what: What::HandleFirst });
                }
                Ready::Sleeps => sleepers.push(t),
                Ready::Blocked(on) => {
                    self.announce(t, &on);
                    if self.can_interrupt(t) {
                        choices.push(Choice { who, what: What::Interrupt });
                    }
                    waits.push((t, on));
                }
                Ready::Absent => {}
            }
        }
        // Time may pass while others are ready, but it passes for all sleepers alike, and only as
        // far as the run may last: who sleeps longer than that is woken when nobody else can go.
        let limit = u64::from(self.limits.seconds) * 1_000_000_000;
        if let Some(first) = sleepers.iter().copied().min_by_key(|&t| self.tasks[t].deadline)
            && self.tasks[first].deadline.is_some_and(|deadline| deadline < limit)
            && self.tasks[first].naps < NAPS_IN_A_ROW
            && self.naps < NAPS
        {
            choices.push(Choice { who: self.tasks[first].id, what: What::Wake });
        }
        for process in &self.processes {
            if matches!(process.life, Life::Unseen(_)) {
                choices.push(Choice { who: TaskId::main(process.id), what: What::Reveal });
            }
        }
        Ok((choices, waits))
    }

    /// Takes the schedule's decision where there is one, the strategy's otherwise.
    fn decide(&mut self, mut choices: Vec<Choice>) -> Choice {
        let held = |choice: &Choice, tasks: &[Task]| {
            choice.what == What::Go && tasks.iter().any(|t| t.id == choice.who && t.held_back)
        };
        if choices.iter().any(|choice| !held(choice, &self.tasks)) {
            choices.retain(|choice| !held(choice, &self.tasks));
        } else {
            // Only those who poll are left: time passes.
            self.clock.pass();
        }
        if let [only] = choices[..] {
            return only;
        }
        let given = self.schedule.decisions.get(self.decisions.len()).copied().map(usize::from);
        let picked = match given {
            Some(given) if given < choices.len() => given,
            _ => self.strategy.pick(&choices),
        };
        self.decisions.push(u16::try_from(picked).unwrap_or(u16::MAX));
        choices[picked]
    }

    fn perform(&mut self, choice: Choice) -> Result<()> {
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
            What::Wake => {
                let t = self.task_position(choice.who)?;
                let deadline = self.tasks[t].deadline.unwrap_or(0);
                self.clock.advance_to(deadline);
                self.tasks[t].expired = true;
                self.tasks[t].naps += 1;
                self.naps += 1;
                self.go(t)?;
                self.let_others_go(Some(t));
            }
            What::Go => {
                let t = self.task_position(choice.who)?;
                let polls = self.tasks[t].polls;
                self.go(t)?;
                if self.tasks[t].polls > polls {
                    if self.tasks[t].polls >= self.patience {
                        self.tasks[t].held_back = true;
                        self.patience = self.patience.max(self.tasks[t].polls) + LESS_PATIENCE;
                    }
                } else {
                    self.tasks[t].polls = 0;
                    self.clock.busy();
                    self.let_others_go(Some(t));
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
                task.naps = 0;
            }
        }
    }

    /// Lets a parked task perform what it stands before.
    fn go(&mut self, t: usize) -> Result<()> {
        match std::mem::replace(&mut self.tasks[t].state, State::Moving) {
            State::Parked(stopped, Point::Start | Point::Return) => {
                self.resume_and_follow(t, stopped, None, Resume::Free, 0)
            }
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
                let mut registers = call.registers;
                // Skipped, and back before the `syscall` instruction, which is two bytes long.
                registers.orig_rax = u64::MAX;
                registers.rax = call.number.cast_unsigned();
                registers.rip -= 2;
                stopped.set_registers(&registers)?;
                self.tasks[t].call_done();
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

    /// Nobody can go on: time passes until a time-out, or this is a deadlock.
    fn nobody_can_go(&mut self, waits: Waits) -> Result<()> {
        let task = (0..self.tasks.len())
            .filter(|&t| matches!(self.tasks[t].state, State::Parked(..)))
            .filter_map(|t| Some((self.tasks[t].deadline?, t)))
            .min();
        let alarm = self.alarms.iter().map(|(&proc, alarm)| (alarm.deadline, proc)).min();
        match (task, alarm) {
            (Some((deadline, t)), alarm) if alarm.is_none_or(|(then, _)| deadline <= then) => {
                self.clock.advance_to(deadline);
                self.tasks[t].expired = true;
                self.go(t)
            }
            (_, Some((deadline, proc))) => {
                self.clock.advance_to(deadline);
                self.ring(proc)
            }
            (_, None) if self.somebody_in_kernel() => self.wait_for_kernel(),
            (_, None) if self.terminal && waits.iter().any(|(_, on)| is_stdin(on)) => {
                descriptor::poll(&[(0, libc::POLLIN)], -1)?;
                Ok(())
            }
            (_, None) => {
                let waits = waits
                    .into_iter()
                    .map(|(t, on)| Wait { task: self.tasks[t].id, on, site: self.tasks[t].site })
                    .collect();
                self.end = Some(End::Deadlock { waits });
                Ok(())
            }
        }
    }

    fn announce(&mut self, t: usize, on: &WaitsFor) {
        if !self.tasks[t].announced {
            self.tasks[t].announced = true;
            self.emit(t, EventKind::Blocked { on: on.clone() });
        }
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
        let seq = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        self.events.push(Event { seq, task, at: self.clock.now(), kind, site });
    }

    /// Adds the events that a poll in vain leaves.
    pub(crate) fn in_vain(&mut self, t: usize, call: i64) {
        self.tasks[t].polls += 1;
        self.emit(t, EventKind::PolledInVain { call: crate::calls::name(call) });
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

    /// Whether the schedule's signal may strike a task: it waits in a call of the root, and a
    /// handler without `SA_RESTART` stands ready.
    fn can_interrupt(&self, t: usize) -> bool {
        let Some(signal) = self.schedule.faults.iter().find_map(|fault| match fault {
            forklings_model::Fault::Eintr(signal) => Some(*signal),
            forklings_model::Fault::ForkEagain { .. }
            | forklings_model::Fault::ShortRead
            | forklings_model::Fault::ShortWrite => None,
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

    fn lets_through(&self, t: usize, signal: Signal) -> bool {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return false };
        stopped.signal_mask().is_ok_and(|mask| mask & (1 << (signal.0 - 1)) == 0)
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

    /// Whether a task stands inside a call without a model.
    fn somebody_in_kernel(&self) -> bool {
        self.tasks.iter().any(|t| matches!(t.state, State::InKernel(_, _, Inside::Unmodelled)))
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
        if let (Some(stacks), Point::Call(call)) = (self.stacks.as_deref_mut(), point) {
            let site = stacks.site(&stopped, &call.registers, &mut self.sites);
            self.tasks[t].site = site;
        }
        self.tasks[t].state = State::Parked(stopped, point);
    }

    /// Notes where in the code a call stands that is not parked at.
    pub(crate) fn note_site(&mut self, t: usize, stopped: &Stopped, call: &Call) {
        if let Some(stacks) = self.stacks.as_deref_mut() {
            self.tasks[t].site = stacks.site(stopped, &call.registers, &mut self.sites);
        }
    }
}

/// Whether a wait is for a line to be typed.
fn is_stdin(on: &WaitsFor) -> bool {
    matches!(on, WaitsFor::Readable { object: ObjectId(0), .. })
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
