//! Whether something was done that a test demands and no output shows. It knows no rule.

use crate::case::Case;
use crate::index::{Life, is_write, transfer};
use forklings_model::{
    Deed, Ending, Event, EventKind, ObjectId, ObjectKind, ProcId, Signal, SignalTarget,
};
use std::collections::{BTreeMap, BTreeSet};

/// What happened instead; `None` when it was done. Where a call without a model ran, it may have
/// done it.
pub(crate) fn instead(case: &Case<'_>, deed: Deed) -> Option<String> {
    if !case.trace().unmodelled.is_empty() {
        return None;
    }
    match deed {
        Deed::ChildEnds(ending) => other_endings(case, ending),
        Deed::BytesPass(wanted) => fewer_bytes(case, wanted),
        Deed::ChildReadsToTheEnd => {
            let seen = case.trace().events.iter().any(|event| {
                event.task.proc != ProcId::ROOT
                    && received(case, event).is_some_and(|(_, bytes)| bytes == 0)
            });
            (!seen).then(|| "no child got an end of file".to_owned())
        }
        Deed::ZombieInspected => {
            let seen = case.trace().events.iter().any(|event| inspects(case, event));
            (!seen).then(|| "nobody opened a file of a zombie in /proc".to_owned())
        }
        Deed::ZombieSignalled(signal) => {
            let seen = case.trace().events.iter().any(|event| signals(case, event, signal));
            (!seen).then(|| format!("no zombie was sent {signal}"))
        }
    }
}

fn other_endings(case: &Case<'_>, wanted: Ending) -> Option<String> {
    let children = case.run.lives().filter(|life| life.proc != ProcId::ROOT);
    let endings: Vec<Ending> = children.filter_map(Life::ending).collect();
    if endings.contains(&wanted) {
        return None;
    }
    let list: Vec<String> = endings.iter().map(Ending::to_string).collect();
    Some(if list.is_empty() { "no child ended".to_owned() } else { list.join(", ") })
}

fn fewer_bytes(case: &Case<'_>, wanted: u32) -> Option<String> {
    let events = &case.trace().events;
    let mut writers: BTreeMap<ObjectId, BTreeSet<ProcId>> = BTreeMap::new();
    for event in events.iter().filter(|event| is_write(event)) {
        if let Some(object) = transfer(event).and_then(|io| io.object) {
            writers.entry(object).or_default().insert(event.task.proc);
        }
    }
    let passed = |event: &Event| {
        let (object, bytes) = received(case, event)?;
        // Without a writer it is one that has not yet come to the end of its write.
        let writers = writers.get(&object);
        let by_others = writers.is_none_or(|all| all.iter().any(|proc| *proc != event.task.proc));
        by_others.then_some(bytes)
    };
    let sum: u64 = events.iter().filter_map(passed).sum();
    (sum < u64::from(wanted)).then(|| format!("{sum} bytes"))
}

/// A read from a pipe or socket that succeeded, with the number of bytes.
fn received(case: &Case<'_>, event: &Event) -> Option<(ObjectId, u64)> {
    let io = transfer(event).filter(|_| !is_write(event))?;
    let object = io.object?;
    match &case.trace().object(object)?.kind {
        ObjectKind::Pipe => {}
        ObjectKind::Other(call) if call.starts_with("socket") || call.starts_with("accept") => {}
        _ => return None,
    }
    Some((object, io.result.ok()?))
}

fn inspects(case: &Case<'_>, event: &Event) -> bool {
    let EventKind::Opened { object, .. } = event.kind else { return false };
    let Some(ObjectKind::File(path)) = case.trace().object(object).map(|object| &object.kind)
    else {
        return false;
    };
    let pid = path.strip_prefix("/proc/").and_then(|rest| rest.split('/').next()?.parse().ok());
    case.run.lives().any(|life| Some(life.pid.0) == pid && is_zombie(life, event.seq))
}

fn signals(case: &Case<'_>, event: &Event, wanted: Signal) -> bool {
    match event.kind {
        EventKind::SignalSent { signal, target: SignalTarget::Process(to), errno: None } => {
            signal == wanted && case.run.life(to).is_some_and(|life| is_zombie(life, event.seq))
        }
        _ => false,
    }
}

/// Whether a process was a zombie when the event with this number came.
fn is_zombie(life: &Life, seq: u32) -> bool {
    life.zombie.is_some_and(|(since, _)| since < seq)
        && life.reaped.is_none_or(|reaping| seq < reaping.seq)
}
