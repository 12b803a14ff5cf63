//! killed-by-signal: a signal ended the program that was not its own crash. Its page:
//! `docs/rules/killed-by-signal.md`.

use crate::case::{At, Case, accuse, explain};
use crate::index::{Life, delivers};
use forklings_model::{Detail, Ending, EventKind, Finding, ProcId, Signal, SignalSource, Weight};

/// What processes talk with, beside real-time signals: SIGUSR1, SIGUSR2.
const TALK: [Signal; 2] = [Signal(10), Signal(12)];
/// What the kernel sends, unasked, to a process that exceeds a resource limit: SIGXCPU, SIGXFSZ.
const LIMITS: [Signal; 2] = [Signal(24), Signal(25)];

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let mut killed: Vec<Finding> = case.run.lives().filter_map(|life| judge(case, life)).collect();
    // What rejects before what explains, and each in the order of birth.
    killed.sort_by_key(|finding| finding.weight == Weight::Explains);
    killed.truncate(1);
    killed
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
    let told = (TALK.contains(&signal) || signal.is_real_time())
        && matches!(source, Some(SignalSource::Process(sender)) if sender != life.proc);
    if !accused && !told {
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
    let finding = if accused { accuse(detail, evidence) } else { explain(detail, evidence) };
    Some(finding.at(site).from(sent.and_then(|event| event.site)))
}
