//! fd-inherited: a program got descriptors that are not its business. Its page:
//! `docs/rules/fd-inherited.md`.

use crate::case::{At, Case, accuse};
use forklings_model::{Detail, Event, EventKind, Fd, Finding, ObjectId, ObjectKind};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.trace().events.iter().filter_map(|event| judge(case, event)).collect()
}

fn judge(case: &Case<'_>, exec: &Event) -> Option<Finding> {
    let EventKind::Exec { program, inherited, .. } = &exec.kind else { return None };
    let stray: Vec<(Fd, ObjectId)> = inherited
        .iter()
        .copied()
        .filter(|(fd, object)| *fd > 2 && !is_standard(case, *object))
        .filter(|(fd, object)| case.run.maker(*object).is_some() && !given(case, exec, *fd))
        .collect();
    let makers = || stray.iter().filter_map(|(_, object)| case.run.maker(*object));
    let first = makers().next()?;
    let proc = exec.task.proc;
    let forked = case.run.life(proc).and_then(|life| life.forked);
    let detail = Detail::FdInherited {
        proc,
        program: program.clone(),
        fds: stray.iter().map(|(fd, object)| (*fd, case.run.name(*object))).collect(),
    };
    let evidence = makers().map(|event| event.seq).chain(forked).chain([exec.seq]);
    Some(accuse(detail, evidence).at(exec.site).from(first.site))
}

fn is_standard(case: &Case<'_>, object: ObjectId) -> bool {
    [ObjectKind::Stdin, ObjectKind::Stdout, ObjectKind::Stderr]
        .iter()
        .any(|kind| case.run.is(Some(object), kind))
}

/// Whether the process that executes prepared this descriptor for the program itself, after its
/// own fork: by making this number, or by clearing its close-on-exec flag.
fn given(case: &Case<'_>, exec: &Event, wanted: Fd) -> bool {
    case.run.of(exec.task.proc).filter(|event| event.seq < exec.seq).any(|event| match event.kind {
        EventKind::Duplicated { to, .. } => to == wanted,
        EventKind::DescriptorFlags { fd, close_on_exec: Some(false), .. } => fd == wanted,
        _ => false,
    })
}
