//! killed-by-signal: a signal ended the program that was not its own crash. Its page:
//! `docs/rules/killed-by-signal.md`.

use crate::case::{At, Case, accuse};
use crate::index::{Life, delivers};
use forklings_model::{Detail, Ending, EventKind, Finding, ProcId, Signal, SignalSource};

/// What the kernel sends, unasked, to a process that exceeds a resource limit: SIGXCPU, SIGXFSZ.
const LIMITS: [Signal; 2] = [Signal(24), Signal(25)];

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.run.lives().filter_map(|life| judge(case, life)).take(1).collect()
}

fn judge(case: &Case<'_>, life: &Life) -> Option<Finding> {
    let (seq, ending) = life.ended?;
    let Ending::Killed(signal) = ending else { return None };
    let delivered = case.run.of(life.proc).rfind(|event| delivers(event, signal));
    let source = delivered.and_then(|event| match event.kind {
        EventKind::SignalDelivered { source, .. } => Some(source),
        _ => None,
    });
    let accused = if life.proc == ProcId::ROOT {
        !signal.is_crash() && !case.demands_ending(ending)
    } else {
        LIMITS.contains(&signal) && source == Some(SignalSource::Kernel)
    };
    if !accused {
        return None;
    }
    let sent = case.run.sender(life.proc, signal).filter(|_| source != Some(SignalSource::Kernel));
    let by = match source {
        Some(SignalSource::Process(proc)) => Some(proc),
        Some(SignalSource::Kernel | SignalSource::Fault) => None,
        // SIGKILL is never seen arriving.
        None => sent.map(|event| event.task.proc),
    };
    let evidence = [Some(seq), delivered.map(|e| e.seq), sent.map(|e| e.seq)].into_iter().flatten();
    let site = case.run.of(life.proc).rev().find_map(|event| event.site);
    let detail = Detail::KilledBySignal { proc: life.proc, signal, by };
    Some(accuse(detail, evidence).at(site).from(sent.and_then(|event| event.site)))
}
