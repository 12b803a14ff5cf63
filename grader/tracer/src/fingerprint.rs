//! Tells orders apart that differ in something other than the order of unrelated steps.

use crate::common_files::{self, is_common_file};
use crate::lineage::Lineages;
use forklings_model::{
    AccessKind, Event, EventKind, IoResult, ObjectId, ProcId, SignalTarget, TaskId, Trace,
    WaitOutcome, WaitsFor,
};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// What steps have in common when their order matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A task's own steps happen one after the other.
    Task(TaskId),
    /// What a descriptor refers to.
    Object(ObjectId),
    /// A process's life, its children's deaths, and the signals that it gets.
    Family(ProcId),
    /// Eight bytes of shared memory: which of its words.
    Memory(ObjectId, u64),
    /// Files and their names.
    Files,
}

/// A number that is the same for two runs whose events happen in the same order wherever they
/// concern the same task, object or process, and come to the same: their happens-before orders are
/// equal. Closing a descriptor, or losing a parent, concerns nobody by itself; whoever notices (an
/// end of file, a broken pipe, another `getppid`) is told apart by what its call came to.
#[must_use]
pub fn fingerprint(trace: &Trace) -> u64 {
    // Each event's mark takes in the marks of the last event at each place that it touches, so a
    // mark stands for the event with all that happened before it. The sum forgets the order of
    // unrelated events, and the names do not depend on it.
    let mut names = Names::new(trace);
    let mut last: BTreeMap<Place, u64> = BTreeMap::new();
    let mut sum = hash(&std::mem::discriminant(&trace.end));
    for event in &trace.events {
        names.learn(event);
        let places = places(event, trace);
        if places.is_empty() {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        names.task(event.task).hash(&mut hasher);
        std::mem::discriminant(&event.kind).hash(&mut hasher);
        names.hash_outcome(&event.kind, &mut hasher);
        for &place in &places {
            names.hash_place(place, &mut hasher);
            last.get(&place).hash(&mut hasher);
        }
        let mark = hasher.finish();
        for place in places {
            last.insert(place, mark);
        }
        sum = sum.wrapping_add(mark);
    }
    sum
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Names of tasks and objects that do not follow the order of a run, as their numbers do.
struct Names<'a> {
    trace: &'a Trace,
    lineages: Lineages,
    tasks: BTreeMap<TaskId, u64>,
    objects: BTreeMap<ObjectId, u64>,
    /// Objects that each task was the first to mention.
    found: BTreeMap<TaskId, u32>,
}

impl<'a> Names<'a> {
    fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            lineages: Lineages::new(),
            tasks: BTreeMap::new(),
            // The standard streams are there before anybody.
            objects: (0..3).map(|n| (ObjectId(n), u64::from(n))).collect(),
            found: BTreeMap::new(),
        }
    }

    /// Takes in who is born and which objects come to be by an event.
    fn learn(&mut self, event: &Event) {
        if let Some((maker, made)) = Lineages::birth(event.task, &event.kind) {
            self.lineages.born(maker, made);
        }
        if let Some(object) = object_of(&event.kind)
            && !self.objects.contains_key(&object)
        {
            let nth = self.found.entry(event.task).or_default();
            *nth += 1;
            let nth = *nth;
            let name = hash(&("object", nth, self.task(event.task)));
            self.objects.insert(object, name);
        }
    }

    fn task(&mut self, task: TaskId) -> u64 {
        let lineages = &self.lineages;
        *self.tasks.entry(task).or_insert_with(|| hash(&lineages.of(task)))
    }

    fn process(&mut self, proc: ProcId) -> u64 {
        self.task(TaskId::main(proc))
    }

    fn hash_place(&mut self, place: Place, hasher: &mut DefaultHasher) {
        match place {
            Place::Task(task) => (0, self.task(task)).hash(hasher),
            Place::Object(object) => (1, self.objects.get(&object)).hash(hasher),
            Place::Family(proc) => (2, self.process(proc)).hash(hasher),
            Place::Files => 3.hash(hasher),
            Place::Memory(object, word) => (4, self.objects.get(&object), word).hash(hasher),
        }
    }

    /// What a call came to, where another order may make it come to something else.
    fn hash_outcome(&mut self, kind: &EventKind, hasher: &mut DefaultHasher) {
        if let EventKind::Read(io) | EventKind::Write(io) = kind {
            io.result.hash(hasher);
        } else if let EventKind::Waited { outcome, .. } = kind {
            std::mem::discriminant(outcome).hash(hasher);
            child_of(outcome).map(|child| self.process(child)).hash(hasher);
        } else if let EventKind::SignalSent { signal, errno, .. } = kind {
            (signal.0, errno.is_some()).hash(hasher);
        } else if let EventKind::SignalDelivered { signal, .. } = kind {
            signal.0.hash(hasher);
        } else if let EventKind::AskedParent { answer } = kind {
            // Pids need not repeat; whose they are does.
            let parent = self.trace.processes.iter().find(|p| p.pid == *answer);
            parent.map(|p| p.proc).map(|proc| self.process(proc)).hash(hasher);
        } else if let EventKind::Used { errno, .. } = kind {
            errno.hash(hasher);
        } else if let EventKind::OpenFailed { errno, .. } = kind {
            errno.hash(hasher);
        } else if let EventKind::Accessed(access) = kind {
            (access.before, access.after).hash(hasher);
        } else if let EventKind::Ended { ending } = kind {
            ending.hash(hasher);
        }
    }
}

/// Where an event stands in the order: after the last one at each of these places. None for what
/// nobody notices.
fn places(event: &Event, trace: &Trace) -> Vec<Place> {
    let task = Place::Task(event.task);
    let own = Place::Family(event.task.proc);
    match &event.kind {
        // What happens to a process while it does something else.
        EventKind::Zombie { parent } | EventKind::Discarded { parent } => {
            [Some(own), parent.map(Place::Family)].into_iter().flatten().collect()
        }
        EventKind::SignalMerged { .. } => vec![own],
        // Noticed by an end of file, a broken pipe, another answer of `getppid`.
        EventKind::Exiting | EventKind::Orphaned { .. } => Vec::new(),
        // That a lock was held says who came first. Other waits are told by what ends them.
        EventKind::Blocked { on: WaitsFor::Futex { .. } } => vec![task],
        EventKind::Blocked { .. } => Vec::new(),
        EventKind::Forked { child, .. } => vec![task, Place::Family(*child)],
        EventKind::Started { .. }
        | EventKind::Ended { .. }
        | EventKind::SignalDelivered { .. }
        | EventKind::SignalTaken { .. }
        | EventKind::Stopped { .. }
        | EventKind::Continued => vec![task, own],
        EventKind::Waited { outcome, .. } => {
            let child = child_of(outcome).map(Place::Family);
            [Some(task), Some(own), child].into_iter().flatten().collect()
        }
        EventKind::SignalSent { target, .. } => match target {
            SignalTarget::Process(proc) => vec![task, Place::Family(*proc)],
            SignalTarget::Task(to) => vec![task, Place::Family(to.proc)],
            SignalTarget::Nobody(_) => vec![task],
            SignalTarget::Group(_) | SignalTarget::Everybody => {
                let all = trace.processes.iter().map(|process| Place::Family(process.proc));
                all.chain([task]).collect()
            }
        },
        EventKind::Read(IoResult { object, .. }) | EventKind::Write(IoResult { object, .. }) => {
            [Some(task), object.map(|object| of_object(object, trace))]
                .into_iter()
                .flatten()
                .collect()
        }
        EventKind::Used { object, .. } => {
            vec![task, object.map_or(Place::Files, |object| of_object(object, trace))]
        }
        // Who only reads is told by what was read.
        EventKind::Accessed(access) => match access.kind {
            AccessKind::Load => vec![task],
            AccessKind::Store | AccessKind::Update => {
                vec![task, Place::Memory(access.object, access.offset / 8)]
            }
        },
        EventKind::Opened { object, .. } if is_common(*object, trace) => vec![task, Place::Files],
        EventKind::OpenFailed { path, .. } if common_files::is_common(path) => {
            vec![task, Place::Files]
        }
        EventKind::ForkFailed { .. }
        | EventKind::ThreadStarted { .. }
        | EventKind::ThreadEnded
        | EventKind::Exec { .. }
        | EventKind::ExecFailed { .. }
        | EventKind::Disposition { .. }
        | EventKind::Mask { .. }
        | EventKind::AwaitsSignals { .. }
        | EventKind::HandlerReturned { .. }
        | EventKind::UnsafeCall { .. }
        | EventKind::Interrupted { .. }
        | EventKind::Pipe { .. }
        | EventKind::Opened { .. }
        | EventKind::Named { .. }
        | EventKind::MemoryTaken { .. }
        | EventKind::MemoryGivenBack { .. }
        | EventKind::OpenFailed { .. }
        | EventKind::Duplicated { .. }
        | EventKind::DescriptorFlags { .. }
        | EventKind::Closed { .. }
        | EventKind::PolledInVain { .. }
        | EventKind::TimedOut { .. }
        | EventKind::Slept { .. }
        | EventKind::AskedParent { .. }
        | EventKind::Injected { .. }
        | EventKind::SessionOrGroup { .. }
        | EventKind::BecameSubreaper
        | EventKind::Refused { .. }
        | EventKind::Unmodelled { .. } => vec![task],
    }
}

/// A file that others may have opened too is more than one object.
fn of_object(object: ObjectId, trace: &Trace) -> Place {
    if is_common(object, trace) { Place::Files } else { Place::Object(object) }
}

fn is_common(object: ObjectId, trace: &Trace) -> bool {
    trace.object(object).is_some_and(|object| is_common_file(&object.kind))
}

/// The object that an event is about.
fn object_of(kind: &EventKind) -> Option<ObjectId> {
    if let EventKind::Pipe { object, .. }
    | EventKind::Opened { object, .. }
    | EventKind::Duplicated { object, .. } = kind
    {
        return Some(*object);
    }
    if let EventKind::Read(IoResult { object, .. })
    | EventKind::Write(IoResult { object, .. })
    | EventKind::Closed { object, .. }
    | EventKind::Used { object, .. } = kind
    {
        return *object;
    }
    if let EventKind::Accessed(access) = kind {
        return Some(access.object);
    }
    None
}

fn child_of(outcome: &WaitOutcome) -> Option<ProcId> {
    match outcome {
        WaitOutcome::Reaped { child, .. } | WaitOutcome::Seen(child) | WaitOutcome::Job(child) => {
            Some(*child)
        }
        WaitOutcome::NothingYet | WaitOutcome::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests;
