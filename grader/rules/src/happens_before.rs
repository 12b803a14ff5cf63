//! Which of two things happened before the other for certain, and not only in this run: whatever
//! passes from one process to another between them, by `fork`, a wait, a pipe, a signal, a lock or
//! an atomic operation. Two accesses to the same memory without such a path could as well have
//! happened at the same time.
//!
//! All that a process does is one thread here, whatever its threads do; whatever meets at an object
//! is taken to be ordered by it; and who has slept in the kernel knows all that was done until it
//! went on, since it is not always told what has woken it. So what is called unordered is so; some
//! that is ordered by chance is not told.

use forklings_model::{
    Access, AccessKind, AccessOrder, Event, EventKind, ForkKind, ObjectId, ProcId, SignalTarget,
    TaskId, Trace, WaitsFor,
};
use std::collections::{BTreeMap, BTreeSet};

/// How far each process was when something happened, as far as it can be known there.
type Clock = BTreeMap<ProcId, u32>;

fn join(clock: &mut Clock, other: &Clock) {
    for (&proc, &time) in other {
        let own = clock.entry(proc).or_default();
        *own = time.max(*own);
    }
}

/// Something at which processes meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// What a descriptor refers to, a mutex, a semaphore.
    Object(ObjectId),
    /// Signals and deaths on their way to a process.
    Inbox(ProcId),
    /// Eight bytes of shared memory.
    Word(ObjectId, u64),
    /// Files, their names and locks on them.
    Files,
    /// The ends of processes, of which many calls tell.
    Ends,
}

/// An access to shared memory, and when it happened.
pub(crate) struct Timed<'a> {
    pub(crate) event: &'a Event,
    pub(crate) access: &'a Access,
    /// The process's own time.
    time: u32,
    /// What had happened before, of every process.
    before: Clock,
}

impl Timed<'_> {
    /// Whether `other`, which came later in the run, could have come first as well.
    pub(crate) fn is_unordered_with(&self, other: &Self) -> bool {
        let proc = self.event.task.proc;
        proc != other.event.task.proc
            && other.before.get(&proc).is_none_or(|&known| known < self.time)
    }
}

/// Every access of a run to shared memory, in order.
pub(crate) fn accesses(trace: &Trace) -> Vec<Timed<'_>> {
    // Most runs have none, and what comes after the last tells nothing of them.
    let is_access = |event: &Event| matches!(event.kind, EventKind::Accessed(_));
    let Some(last) = trace.events.iter().rposition(is_access) else { return Vec::new() };
    let mut clocks: BTreeMap<ProcId, Clock> = BTreeMap::new();
    let mut places: BTreeMap<Place, Clock> = BTreeMap::new();
    let mut found = Vec::new();
    let mut slept: BTreeSet<TaskId> = BTreeSet::new();
    // Who made a process by `vfork`.
    let mut makers: BTreeMap<ProcId, ProcId> = BTreeMap::new();
    for event in &trace.events[..=last] {
        let proc = event.task.proc;
        if slept.remove(&event.task) {
            let all: Vec<Clock> = clocks.values().cloned().collect();
            let own = clocks.entry(proc).or_default();
            all.iter().for_each(|other| join(own, other));
        }
        // A loop that looks at memory is no sleep: it is told by what it sees there.
        if let EventKind::Blocked { on } = &event.kind
            && !matches!(on, WaitsFor::Memory)
        {
            slept.insert(event.task);
        }
        let clock = clocks.entry(proc).or_default();
        let time = clock.entry(proc).or_default();
        *time += 1;
        let time = *time;
        for place in learns(event) {
            if let Some(there) = places.get(&place) {
                join(clock, there);
            }
        }
        if let EventKind::Accessed(access) = &event.kind {
            found.push(Timed { event, access, time, before: clock.clone() });
        }
        for place in tells(event) {
            join(places.entry(place).or_default(), clock);
        }
        match event.kind {
            EventKind::Forked { child, how } => {
                let clock = clock.clone();
                join(clocks.entry(child).or_default(), &clock);
                if how == ForkKind::Vfork {
                    makers.insert(child, proc);
                }
            }
            // Until then its maker has stood still.
            EventKind::Exec { .. } | EventKind::Ended { .. } => {
                if let Some(maker) = makers.remove(&proc) {
                    let clock = clock.clone();
                    join(clocks.entry(maker).or_default(), &clock);
                }
            }
            _ => {}
        }
    }
    found
}

fn word(access: &Access) -> Place {
    Place::Word(access.object, access.offset / 8)
}

/// Where a process may learn by this event what others have done: that somebody has ended by almost
/// any.
fn learns(event: &Event) -> Vec<Place> {
    let own = Place::Inbox(event.task.proc);
    match &event.kind {
        EventKind::Accessed(access) => {
            let reads = access.kind != AccessKind::Store;
            let learns = reads && access.order != AccessOrder::Plain;
            // The kernel changes the lock of who has ended, and memory in calls.
            if learns {
                vec![word(access), Place::Ends, Place::Object(access.object)]
            } else {
                vec![]
            }
        }
        EventKind::Waited { .. }
        | EventKind::SignalDelivered { .. }
        | EventKind::SignalTaken { .. }
        | EventKind::Interrupted { .. }
        | EventKind::AskedParent { .. }
        | EventKind::SignalSent { .. } => vec![own, Place::Ends],
        EventKind::Read(io) | EventKind::Write(io) => {
            // A signal can be read, too.
            let object = io.object.map(Place::Object);
            object.into_iter().chain([own, Place::Ends, Place::Files]).collect()
        }
        _ => {
            let mut places = at_objects(event);
            if !places.is_empty() {
                places.push(Place::Ends);
            }
            places
        }
    }
}

/// Where others may learn of this event.
fn tells(event: &Event) -> Vec<Place> {
    let proc = event.task.proc;
    match &event.kind {
        EventKind::Accessed(access) => {
            let writes = access.kind != AccessKind::Load;
            if writes && access.order != AccessOrder::Plain { vec![word(access)] } else { vec![] }
        }
        EventKind::SignalSent { target, .. } => match *target {
            SignalTarget::Process(to) => vec![Place::Inbox(to)],
            SignalTarget::Task(to) => vec![Place::Inbox(to.proc)],
            _ => vec![Place::Ends],
        },
        EventKind::Zombie { parent } | EventKind::Discarded { parent } => {
            parent.map(Place::Inbox).into_iter().chain([Place::Ends]).collect()
        }
        EventKind::Ended { .. } | EventKind::Exiting | EventKind::Stopped { .. } => {
            vec![Place::Ends, Place::Inbox(proc)]
        }
        EventKind::Read(io) | EventKind::Write(io) => {
            io.object.map(Place::Object).into_iter().chain([Place::Files]).collect()
        }
        _ => at_objects(event),
    }
}

/// Calls that order those who make them, by what they are about.
fn at_objects(event: &Event) -> Vec<Place> {
    match &event.kind {
        EventKind::Used { object, .. } | EventKind::Closed { object, .. } => {
            object.map(Place::Object).into_iter().chain([Place::Files]).collect()
        }
        EventKind::Opened { object, .. } => vec![Place::Object(*object), Place::Files],
        EventKind::OpenFailed { .. } => vec![Place::Files],
        _ => Vec::new(),
    }
}
