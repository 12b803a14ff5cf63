//! process-limit, memory-limit, output-limit and time-limit: the run was ended by a limit. Their
//! pages are in `docs/rules/`.

use crate::case::{At, Case, accuse};
use crate::index::Life;
use forklings_model::{Detail, End, Ending, EventKind, Finding, ProcId, Signal};

/// What Rust's allocator says before it aborts, in two halves around the number of bytes.
const REFUSED: (&str, &str) = ("memory allocation of ", " bytes failed");

/// Events shown of a process that reached a limit.
const SHOWN: usize = 4;

pub(crate) fn process_limit(case: &Case<'_>) -> Vec<Finding> {
    let End::ProcessLimit { processes, proc } = case.trace().end else { return Vec::new() };
    let forks = || {
        let events = case.trace().events.iter();
        events.filter(|event| matches!(event.kind, EventKind::Forked { .. }))
    };
    let evidence = forks().take(SHOWN).map(|event| event.seq);
    let site = forks().rfind(|event| event.task.proc == proc).or(forks().next_back());
    let detail = Detail::ProcessLimit { processes, proc };
    vec![accuse(detail, evidence).at(site.and_then(|event| event.site))]
}

pub(crate) fn memory_limit(case: &Case<'_>) -> Vec<Finding> {
    if let End::MemoryLimit { mib, proc } = case.trace().end {
        return vec![limit(case, Detail::MemoryLimit { mib, proc }, proc)];
    }
    // The trace does not say what the limit was: the kernel refused, and the program gave up.
    let refused = case.run.lives().find(|life| was_refused_memory(life));
    refused
        .map(|life| limit(case, Detail::MemoryLimit { mib: 0, proc: life.proc }, life.proc))
        .into_iter()
        .collect()
}

/// Whether the process died because its allocator got no memory.
pub(crate) fn was_refused_memory(life: &Life) -> bool {
    let (before, after) = REFUSED;
    life.ending() == Some(Ending::Killed(Signal::ABRT))
        && life
            .stderr
            .split(before)
            .skip(1)
            .any(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(after))
}

pub(crate) fn output_limit(case: &Case<'_>) -> Vec<Finding> {
    let End::OutputLimit { kib, proc } = case.trace().end else { return Vec::new() };
    vec![limit(case, Detail::OutputLimit { kib, proc }, proc)]
}

pub(crate) fn time_limit(case: &Case<'_>) -> Vec<Finding> {
    let End::TimeLimit { seconds, proc, computing, site } = case.trace().end else {
        return Vec::new();
    };
    let finding = limit(case, Detail::TimeLimit { seconds, proc, computing }, proc);
    vec![if site.is_some() { finding.at(site) } else { finding }]
}

/// A finding about `proc` that shows what its own code did last.
fn limit(case: &Case<'_>, detail: Detail, proc: ProcId) -> Finding {
    let own = case.run.of(proc).rev().map(|event| event.seq);
    let own = own.filter(|seq| !case.trace().before_main.contains(seq));
    let evidence = own.take(SHOWN);
    let site = case.run.of(proc).rev().find_map(|event| event.site);
    accuse(detail, evidence).at(site)
}
