//! A moment of a run: what is known of every process after so many of its events. A pure value, folded
//! from the events; what they do not tell is not in it. It draws nothing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each part of the state is changed by few of the many kinds of events"
)]

use forklings_model::{
    Action, Ending, Event, EventKind, Fd, ObjectId, PipeEnd, ProcId, Signal, SignalSet,
    SignalSource, SignalTarget, TaskId, Trace, WaitOutcome, WaitsFor,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a run between two of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Every process that was born, by number.
    pub processes: BTreeMap<ProcId, Process>,
}

/// What is known of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Whether it lives.
    pub life: Life,
    /// Its threads that have not ended, by number.
    pub tasks: BTreeMap<u32, Task>,
    /// Its descriptors, those included that were open before the run.
    pub descriptors: BTreeMap<Fd, Descriptor>,
    /// Signals that were generated for it and have not taken effect, as far as that shows: they are
    /// blocked now, or are seen to take effect later.
    pub pending: BTreeSet<Signal>,
}

/// Whether a process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It does.
    Alive,
    /// It was stopped by this signal.
    Stopped(Signal),
    /// It has let go of its descriptors and is about to die.
    Exiting,
    /// It has died, which nobody can see yet.
    Dead(Ending),
    /// It has died, and its status waits to be taken.
    Zombie(Ending),
    /// It has died, and its status was taken or thrown away.
    Gone(Ending),
}

/// What is known of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// What it waits for, from the moment when it began to wait until it goes on, with the number of
    /// the event in which it began.
    pub waits: Option<(u32, WaitsFor)>,
    /// The signals that its wait is meant for, where it waits for signals.
    pub awaited: Option<SignalSet>,
    /// The signals that it blocks, a handler's own mask not counted.
    pub blocked: SignalSet,
    /// Signals whose handlers run, the innermost last.
    pub handles: Vec<Signal>,
}

/// A descriptor of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What it refers to.
    pub object: ObjectId,
    /// Which end of it, where it is a pipe.
    pub end: Option<PipeEnd>,
    /// Whether it closes on exec.
    pub close_on_exec: bool,
}

impl Moment {
    /// The moment after the first `count` events.
    #[must_use]
    pub fn after(trace: &Trace, count: usize) -> Self {
        let count = count.min(trace.events.len());
        let mut moment = Self::default();
        for event in &trace.events[..count] {
            moment.take_in(event, trace);
        }
        for (proc, process) in &mut moment.processes {
            process.pending = pending(trace, count, *proc, process);
        }
        moment
    }

    fn take_in(&mut self, event: &Event, trace: &Trace) {
        let own = event.task.proc;
        match event.kind {
            EventKind::Started { parent, .. } => self.is_born(own, parent, event.task, trace),
            EventKind::Forked { child, .. } => self.is_born(child, Some(own), event.task, trace),
            EventKind::Waited { outcome: WaitOutcome::Reaped { child, ending, .. }, .. } => {
                if let Some(process) = self.processes.get_mut(&child) {
                    process.life = Life::Gone(ending);
                }
            }
            _ => {}
        }
        let Some(process) = self.processes.get_mut(&own) else { return };
        process.lives(&event.kind);
        process.changes_descriptors(&event.kind);
        process.changes_threads(event);
    }

    /// A process is there. Either may tell it first: the return of the fork, or what the child does.
    fn is_born(&mut self, child: ProcId, parent: Option<ProcId>, maker: TaskId, trace: &Trace) {
        if self.processes.contains_key(&child) {
            return;
        }
        let parent = parent.and_then(|parent| self.processes.get(&parent));
        let made_by = |process: &Process| {
            // The child has the mask of the thread that forked; which one that is shows in its event.
            let thread = process.tasks.get(&maker.thread).or(process.tasks.get(&1));
            let blocked = thread.map_or_else(|| first_mask(trace, child), |task| task.blocked);
            (process.descriptors.clone(), blocked)
        };
        let (descriptors, blocked) =
            parent.map_or_else(|| (standard(), first_mask(trace, child)), made_by);
        let task = Task { blocked, ..Task::default() };
        let tasks = BTreeMap::from([(1, task)]);
        let pending = BTreeSet::new();
        let process = Process { life: Life::Alive, tasks, descriptors, pending };
        self.processes.insert(child, process);
    }
}

impl Process {
    fn lives(&mut self, kind: &EventKind) {
        self.life = match (kind, self.life) {
            (EventKind::Stopped { signal }, Life::Alive) => Life::Stopped(*signal),
            (EventKind::Continued, Life::Stopped(_)) => Life::Alive,
            (EventKind::Exiting, Life::Alive) => Life::Exiting,
            // Whoever is killed when the run is over has two ends: the first is its own.
            (EventKind::Ended { ending }, Life::Alive | Life::Stopped(_) | Life::Exiting) => {
                Life::Dead(*ending)
            }
            (EventKind::Zombie { .. }, Life::Dead(ending)) => Life::Zombie(ending),
            (EventKind::Discarded { .. }, Life::Dead(ending) | Life::Zombie(ending)) => {
                Life::Gone(ending)
            }
            (_, life) => life,
        };
    }

    fn changes_descriptors(&mut self, kind: &EventKind) {
        let table = &mut self.descriptors;
        let mut put = |fd: Fd, object: ObjectId, end: Option<PipeEnd>, close_on_exec: bool| {
            table.insert(fd, Descriptor { object, end, close_on_exec });
        };
        match kind {
            EventKind::Pipe { read, write, object, close_on_exec, .. } => {
                put(*read, *object, Some(PipeEnd::Read), *close_on_exec);
                put(*write, *object, Some(PipeEnd::Write), *close_on_exec);
            }
            EventKind::Opened { fd, object, close_on_exec } => {
                put(*fd, *object, None, *close_on_exec);
            }
            EventKind::Duplicated { from, to, object, close_on_exec } => {
                let end = table.get(from).and_then(|copied| copied.end);
                let copy = Descriptor { object: *object, end, close_on_exec: *close_on_exec };
                table.insert(*to, copy);
            }
            EventKind::DescriptorFlags { fd, close_on_exec: Some(closes), .. } => {
                if let Some(descriptor) = table.get_mut(fd) {
                    descriptor.close_on_exec = *closes;
                }
            }
            EventKind::Closed { fd, errno: None, .. } => {
                table.remove(fd);
            }
            EventKind::Exec { inherited, .. } => {
                table.retain(|fd, _| *fd <= 2 || inherited.iter().any(|(kept, _)| kept == fd));
            }
            EventKind::Exiting | EventKind::Ended { .. } => table.clear(),
            _ => {}
        }
    }

    fn changes_threads(&mut self, event: &Event) {
        match &event.kind {
            EventKind::ThreadStarted { thread } => {
                let blocked = self.tasks.get(&event.task.thread).map(|task| task.blocked);
                let task = Task { blocked: blocked.unwrap_or_default(), ..Task::default() };
                self.tasks.insert(thread.thread, task);
            }
            EventKind::ThreadEnded => {
                self.tasks.remove(&event.task.thread);
            }
            EventKind::Exec { .. } => self.tasks.retain(|thread, _| *thread == 1),
            EventKind::Ended { .. } => self.tasks.clear(),
            _ => {}
        }
        if let Some(task) = self.tasks.get_mut(&event.task.thread) {
            task.takes_in(event);
        }
    }
}

impl Task {
    fn takes_in(&mut self, event: &Event) {
        let kind = &event.kind;
        match kind {
            // These happen to a process, whose thread may go on waiting.
            EventKind::Orphaned { .. }
            | EventKind::SignalMerged { .. }
            | EventKind::Stopped { .. }
            | EventKind::Continued => {}
            EventKind::Blocked { on } => self.waits = Some((event.seq, on.clone())),
            EventKind::AwaitsSignals { awaited, .. } => {
                (self.waits, self.awaited) = (None, Some(*awaited));
            }
            _ => (self.waits, self.awaited) = (None, None),
        }
        match kind {
            EventKind::Mask { blocked, .. } => self.blocked = *blocked,
            EventKind::SignalDelivered { signal, action: Action::Handler, .. } => {
                self.handles.push(*signal);
            }
            EventKind::HandlerReturned { blocked } => {
                self.blocked = *blocked;
                self.handles.pop();
            }
            EventKind::Exec { .. } => self.handles.clear(),
            _ => {}
        }
    }
}

/// What a program finds open when nobody says otherwise: objects 0, 1 and 2.
fn standard() -> BTreeMap<Fd, Descriptor> {
    let open = |n: u32| Descriptor { object: ObjectId(n), end: None, close_on_exec: false };
    BTreeMap::from([(0, open(0)), (1, open(1)), (2, open(2))])
}

/// What a process blocks when it begins, by its first change of it.
fn first_mask(trace: &Trace, proc: ProcId) -> SignalSet {
    let mut own = trace.events.iter().filter(|event| event.task == TaskId::main(proc));
    let first = own.find_map(|event| match event.kind {
        EventKind::Mask { was, .. } => Some(was),
        _ => None,
    });
    first.unwrap_or(SignalSet::EMPTY)
}

/// Signals that are pending for a process after so many events.
fn pending(trace: &Trace, count: usize, proc: ProcId, process: &Process) -> BTreeSet<Signal> {
    let mut pending = BTreeMap::new();
    if process.tasks.is_empty() {
        return BTreeSet::new();
    }
    for event in &trace.events[..count] {
        match event.kind {
            EventKind::SignalSent { signal, target, errno: None } => {
                let by = event.task.proc;
                if let Some(certain) = reaches(target, proc) {
                    pending.insert(signal, (!certain).then_some(by));
                }
            }
            EventKind::Zombie { parent } if parent == Some(proc) => {
                pending.insert(Signal::CHLD, None);
            }
            EventKind::SignalDelivered { signal, .. } | EventKind::SignalTaken { signal }
                if event.task.proc == proc =>
            {
                pending.remove(&signal);
            }
            _ => {}
        }
    }
    let blocked = process
        .tasks
        .values()
        .fold(SignalSet::EMPTY.complement(), |all, task| all.both(task.blocked));
    let later = |wanted: Signal, by: Option<ProcId>| {
        trace.events[count..].iter().filter(|event| event.task.proc == proc).any(
            |event| match event.kind {
                EventKind::SignalDelivered { signal, source, .. } => {
                    signal == wanted && by.is_none_or(|by| source == SignalSource::Process(by))
                }
                EventKind::SignalTaken { signal } => signal == wanted,
                _ => false,
            },
        )
    };
    // Whether a signal to a group was for this process shows only when it takes effect.
    let is_pending = |(signal, by): (Signal, Option<ProcId>)| {
        ((by.is_none() && blocked.has(signal)) || later(signal, by)).then_some(signal)
    };
    pending.into_iter().filter_map(is_pending).collect()
}

/// Whether a signal to this target is for a process, and whether that is certain.
fn reaches(target: SignalTarget, proc: ProcId) -> Option<bool> {
    match target {
        SignalTarget::Process(to) => (to == proc).then_some(true),
        SignalTarget::Task(to) => (to.proc == proc).then_some(true),
        SignalTarget::Group(_) | SignalTarget::Everybody => Some(false),
        SignalTarget::Nobody(_) => None,
    }
}
