//! Tells orders apart that differ in something other than the order of unrelated steps.

use forklings_model::{Event, EventKind, ObjectId, ProcId, Trace, WaitOutcome};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// What steps have in common when their order matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Task(forklings_model::TaskId),
    Object(ObjectId),
    Family(ProcId),
}

/// A number that is the same for two runs whose events happen in the same order wherever they
/// concern the same task, object or process: their happens-before orders are equal.
#[must_use]
pub fn fingerprint(trace: &Trace) -> u64 {
    // Each event's mark takes in the marks of the last event at each place that it touches, so a
    // mark stands for the event with all that happened before it. The sum forgets the order of
    // unrelated events.
    let mut last: BTreeMap<Place, u64> = BTreeMap::new();
    let mut sum = 0u64;
    for event in &trace.events {
        if matches!(event.kind, EventKind::Blocked { .. }) {
            continue;
        }
        let places = places(event);
        let mut hasher = DefaultHasher::new();
        event.task.hash(&mut hasher);
        std::mem::discriminant(&event.kind).hash(&mut hasher);
        for place in &places {
            last.get(place).hash(&mut hasher);
        }
        let mark = hasher.finish();
        for place in places {
            last.insert(place, mark);
        }
        sum = sum.wrapping_add(mark);
    }
    sum
}

fn places(event: &Event) -> Vec<Place> {
    let mut places = vec![Place::Task(event.task)];
    let own = Place::Family(event.task.proc);
    match &event.kind {
        EventKind::Forked { child, .. } => places.push(Place::Family(*child)),
        EventKind::Started { .. }
        | EventKind::Ended { .. }
        | EventKind::Discarded { .. }
        | EventKind::Orphaned { .. }
        | EventKind::SignalDelivered { .. }
        | EventKind::SignalTaken { .. }
        | EventKind::Stopped { .. }
        | EventKind::Continued => places.push(own),
        EventKind::Zombie { parent } => {
            places.push(own);
            places.extend(parent.map(Place::Family));
        }
        EventKind::Waited { outcome, .. } => {
            places.push(own);
            if let WaitOutcome::Reaped { child, .. }
            | WaitOutcome::Seen(child)
            | WaitOutcome::Job(child) = outcome
            {
                places.push(Place::Family(*child));
            }
        }
        EventKind::SignalSent { target, .. } => match target {
            forklings_model::SignalTarget::Process(proc) => places.push(Place::Family(*proc)),
            forklings_model::SignalTarget::Task(task) => places.push(Place::Family(task.proc)),
            forklings_model::SignalTarget::Nobody(_)
            | forklings_model::SignalTarget::Group(_)
            | forklings_model::SignalTarget::Everybody => {}
        },
        EventKind::Read(io) | EventKind::Write(io) => {
            places.extend(io.object.map(Place::Object));
        }
        EventKind::Closed { object, .. } => places.extend(object.map(Place::Object)),
        EventKind::ForkFailed { .. }
        | EventKind::ThreadStarted { .. }
        | EventKind::ThreadEnded
        | EventKind::Exec { .. }
        | EventKind::ExecFailed { .. }
        | EventKind::Blocked { .. }
        | EventKind::SignalMerged { .. }
        | EventKind::Disposition { .. }
        | EventKind::Mask { .. }
        | EventKind::AwaitsSignals { .. }
        | EventKind::HandlerReturned { .. }
        | EventKind::UnsafeCall { .. }
        | EventKind::Interrupted { .. }
        | EventKind::Pipe { .. }
        | EventKind::Opened { .. }
        | EventKind::OpenFailed { .. }
        | EventKind::Duplicated { .. }
        | EventKind::DescriptorFlags { .. }
        | EventKind::PolledInVain { .. }
        | EventKind::Slept { .. }
        | EventKind::AskedParent { .. }
        | EventKind::Injected { .. }
        | EventKind::SessionOrGroup { .. }
        | EventKind::BecameSubreaper
        | EventKind::Exiting
        | EventKind::Refused { .. }
        | EventKind::Unmodelled { .. } => {}
    }
    places
}
