//! crashed: a process died of a fault of its own. Its page: `docs/rules/crashed.md`.

use crate::case::{At, Case, accuse};
use crate::index::Life;
use crate::limits::was_refused_memory;
use crate::todo_left::is_todo;
use forklings_model::{Detail, Ending, Finding, ProcId, Signal};

/// What comes on standard error before an abort that nobody asked for: from Rust's runtime, from
/// `assert(3)`, from glibc's allocator and its stack protector.
const INVOLUNTARY: [&str; 8] = [
    "panicked at ",
    "fatal runtime error",
    "overflowed its stack",
    "Assertion",
    "free()",
    "malloc",
    "corrupted",
    "stack smashing",
];

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let crash = case.run.lives().filter(|life| crashed(case, life));
    // Number, as a number of an event: the first death of the run is the cause to show.
    let Some(life) = crash.min_by_key(|life| life.ended.map(|(seq, _)| seq)) else {
        return Vec::new();
    };
    let Some((seq, ending)) = life.ended else { return Vec::new() };
    let panic = life.panic.as_ref();
    let evidence = panic.map(|panic| panic.seq).into_iter().chain([seq]).chain(life.forked);
    let detail =
        Detail::Crashed { proc: life.proc, ending, panic: panic.map(|p| p.message.clone()) };
    let site = panic.and_then(|panic| case.run.site(panic.seq)).or(case.run.site(seq));
    let last = || case.run.of(life.proc).rev().find_map(|event| event.site);
    let forked = life.forked.and_then(|seq| case.run.site(seq));
    vec![accuse(detail, evidence).at(site.or_else(last)).from(forked)]
}

fn crashed(case: &Case<'_>, life: &Life) -> bool {
    let Some(ending) = life.ending() else { return false };
    if life.proc == ProcId::ROOT && case.demands_ending(ending) {
        return false;
    }
    match ending {
        Ending::Killed(signal) => {
            signal.is_crash()
                && !was_refused_memory(life)
                && (life.proc == ProcId::ROOT || !on_purpose(case, life, signal))
        }
        Ending::Exited(_) => {
            life.proc == ProcId::ROOT
                && life.fatal_panic().is_some_and(|panic| !is_todo(&panic.message))
        }
    }
}

/// Whether a child's deadly signal was sent on purpose.
fn on_purpose(case: &Case<'_>, life: &Life, signal: Signal) -> bool {
    let Some(sent) = case.run.sender(life.proc, signal) else { return false };
    // Somebody else sent it, or `raise`. A process also sends itself what `abort` raises, and
    // then only the text before tells a decision from a fault.
    sent.task.proc != life.proc
        || signal != Signal::ABRT
        || !INVOLUNTARY.iter().any(|text| life.stderr.contains(text))
}

/// Whether the finding is about a panic of the root.
pub(crate) fn is_panic_of_root(finding: &Finding) -> bool {
    matches!(
        finding.detail,
        Detail::Crashed { proc: ProcId::ROOT, ending: Ending::Exited(_), panic: Some(_) }
    )
}
