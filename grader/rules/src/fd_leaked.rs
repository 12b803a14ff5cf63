//! fd-leaked: descriptors that the root left open. Its page: `docs/rules/fd-leaked.md`.

use crate::case::{At, Case, accuse};
use forklings_model::{Descriptor, Detail, Ending, Finding, ObjectId, ObjectKind, ProcId};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let Some(Ending::Exited(_)) = case.trace().root_ending() else { return Vec::new() };
    let root = case.run.life(ProcId::ROOT);
    if root.is_some_and(|root| root.fatal_panic().is_some()) {
        return Vec::new();
    }
    let open = &case.trace().left_open;
    let leaked: Vec<&Descriptor> =
        open.iter().filter(|fd| !fd.object.is_some_and(|pipe| is_self_pipe(case, pipe))).collect();
    let Some(first) = leaked.first() else { return Vec::new() };
    let made = leaked.iter().filter_map(|fd| case.run.maker(fd.object?)).map(|event| event.seq);
    let end = root.and_then(|root| root.ended).map(|(seq, _)| seq);
    let fds = leaked.iter().map(|fd| (fd.fd, fd.what.clone())).collect();
    vec![accuse(Detail::FdLeaked { fds }, made.chain(end)).at(first.made_at)]
}

/// Whether the root needs both ends of this pipe for as long as a handler may run.
fn is_self_pipe(case: &Case<'_>, object: ObjectId) -> bool {
    let open = &case.trace().left_open;
    case.run.is(Some(object), &ObjectKind::Pipe)
        && open.iter().filter(|fd| fd.object == Some(object)).count() >= 2
        && case.run.is_private(ProcId::ROOT, object)
        && case.run.serves_a_handler(ProcId::ROOT, object)
}
