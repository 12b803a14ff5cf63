//! shm-left, sem-left, queue-left, fifo-left, socket-left and temp-left: something with a name
//! outlived the program. Their pages are in `docs/rules/`.

use crate::case::{At, Case, accuse};
use forklings_model::{
    Detail, End, Ending, Event, EventKind, Finding, LeftBehind, LeftKind, ObjectKind, ProcId,
};
use std::path::Path;

pub(crate) fn shm(case: &Case<'_>) -> Vec<Finding> {
    find(case, LeftKind::SharedMemory, |paths| Detail::ShmLeft { paths })
}

pub(crate) fn sem(case: &Case<'_>) -> Vec<Finding> {
    find(case, LeftKind::Semaphore, |paths| Detail::SemLeft { paths })
}

pub(crate) fn queue(case: &Case<'_>) -> Vec<Finding> {
    find(case, LeftKind::Queue, |paths| Detail::QueueLeft { paths })
}

pub(crate) fn fifo(case: &Case<'_>) -> Vec<Finding> {
    find(case, LeftKind::Fifo, |paths| Detail::FifoLeft { paths })
}

pub(crate) fn socket(case: &Case<'_>) -> Vec<Finding> {
    find(case, LeftKind::Socket, |paths| Detail::SocketLeft { paths })
}

pub(crate) fn temp(case: &Case<'_>) -> Vec<Finding> {
    find(case, LeftKind::Temporary, |paths| Detail::TempLeft { paths })
}

fn find(case: &Case<'_>, kind: LeftKind, detail: fn(Vec<String>) -> Detail) -> Vec<Finding> {
    let End::Root { ending: Ending::Exited(_), alive } = &case.trace().end else {
        return Vec::new();
    };
    let root = case.run.life(ProcId::ROOT);
    if !alive.is_empty() || root.is_some_and(|root| root.fatal_panic().is_some()) {
        return Vec::new();
    }
    // Whoever was to remove it may be the one that the schedule killed.
    if case.run.lives().any(|life| case.run.struck_down(life.proc)) {
        return Vec::new();
    }
    let left = case.trace().left_behind.iter().flatten().filter(|left| left.kind == kind);
    let left: Vec<&LeftBehind> = left.collect();
    if left.is_empty() {
        return Vec::new();
    }
    let paths = left.iter().map(|left| left.path.clone()).collect();
    let makers: Vec<&Event> = left.iter().filter_map(|left| maker(case, left)).collect();
    let end = root.and_then(|root| root.ended).map(|(seq, _)| seq);
    let site = makers.first().and_then(|event| event.site);
    let evidence = makers.iter().map(|event| event.seq).chain(end);
    vec![accuse(detail(paths), evidence).at(site)]
}

/// The call that made it: of what has no path the first that was about it.
fn maker<'a>(case: &Case<'a>, left: &LeftBehind) -> Option<&'a Event> {
    let Some(wanted) = left.object else { return named(case, &left.path) };
    case.trace().events.iter().find(|event| {
        matches!(event.kind, EventKind::Used { object: Some(object), .. } if object == wanted)
    })
}

/// The call that made it, as far as the path that it was given tells: the last that gave it this
/// name, since the name may have been taken away before; else the first that opened it.
fn named<'a>(case: &Case<'a>, path: &str) -> Option<&'a Event> {
    let mut events = case.trace().events.iter();
    let named = events.clone().rfind(
        |event| matches!(&event.kind, EventKind::Named { path: given } if is_path(path, given)),
    );
    named.or_else(|| {
        events.find(|event| {
            let EventKind::Opened { object, .. } = event.kind else { return false };
            match case.trace().object(object).map(|object| &object.kind) {
                Some(
                    ObjectKind::File(given) | ObjectKind::Fifo(given) | ObjectKind::Queue(given),
                ) => is_path(path, given),
                _ => false,
            }
        })
    })
}

/// Whether a call that was given the one path may have meant the other, which is whole.
fn is_path(whole: &str, given: &str) -> bool {
    let given = given.trim_start_matches("./");
    !given.is_empty() && Path::new(whole).ends_with(given.trim_start_matches('/'))
}
