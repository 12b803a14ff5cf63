//! What is left of all findings of one run: a cause stands, and what it brings about is dropped.

use crate::crashed::is_panic_of_root;
use crate::output_wrong::is_lasting;
use forklings_model::{Demand, Detail, Finding, ProcId, Rule, Trace, Weight};

/// Settles what the rules found: waived rules first, then consequences of other findings, then
/// explanations of nothing. Sorted by precedence.
pub(crate) fn settle(trace: &Trace, mut findings: Vec<Finding>, waived: &[Rule]) -> Vec<Finding> {
    findings.retain(|finding| !waived.contains(&finding.rule()));
    if findings.iter().any(|finding| finding.rule() == Rule::TodoLeft) {
        findings.retain(|finding| finding.rule() == Rule::TodoLeft);
    }
    drop_what_was_cut_short(trace, &mut findings);
    drop_doubles(&mut findings);
    name_the_cause_of_a_panic(&mut findings);
    drop_idle_explanations(&mut findings);
    findings.sort_by_key(Finding::rule);
    findings
}

/// A run that was cut short is not asked for what it would have done later, nor for whom it left
/// behind.
fn drop_what_was_cut_short(trace: &Trace, findings: &mut Vec<Finding>) {
    if findings.iter().any(cuts_short) {
        findings.retain(|finding| match &finding.detail {
            Detail::OutputWrong { demand, .. } => is_lasting(trace, demand),
            Detail::ZombieLeft { .. } | Detail::OrphanLeft { .. } => false,
            _ => true,
        });
    } else if findings.iter().any(|f| matches!(f.rule(), Rule::ZombieLeft | Rule::OrphanLeft)) {
        // Text that is missing or late because nobody waited for it, or for whom it is about.
        findings.retain(|finding| match &finding.detail {
            Detail::OutputWrong { demand, .. } => is_lasting(trace, demand) || !is_text(demand),
            Detail::OrderViolated { .. } => false,
            _ => true,
        });
    }
}

/// Whether the finding says why the program's first process did not come to its own end.
fn cuts_short(finding: &Finding) -> bool {
    match finding.detail {
        Detail::ProcessLimit { .. }
        | Detail::MemoryLimit { .. }
        | Detail::OutputLimit { .. }
        | Detail::TimeLimit { .. }
        | Detail::Deadlock { .. }
        | Detail::WakeupLost { .. }
        | Detail::LockAbandoned { .. }
        | Detail::PipeEndOpen { .. } => true,
        Detail::WorkerDeathIgnored { answer: None, .. } | Detail::NotParallel { .. } => true,
        Detail::TaskLost { ref waits, .. } => !waits.is_empty(),
        Detail::Crashed { proc, .. } | Detail::KilledBySignal { proc, .. } => proc == ProcId::ROOT,
        // Where the time was up in the end it only explains.
        Detail::SignalLost { .. } => finding.weight == Weight::Accuses,
        _ => false,
    }
}

/// Whether the demand is about what the program prints, or what its processes do on the way: there
/// too, whoever was left behind may not have come to it.
fn is_text(demand: &Demand) -> bool {
    match demand {
        Demand::Is { .. }
        | Demand::Line { .. }
        | Demand::LineTimes { .. }
        | Demand::NoLine { .. }
        | Demand::NoLineAfterFailure { .. }
        | Demand::LinesInAnyOrder { .. }
        | Demand::Before { .. }
        | Demand::OneAtATime { .. }
        | Demand::TasksOnce(_)
        | Demand::Answers(_)
        | Demand::Done(_) => true,
        Demand::Ends(_)
        | Demand::Forks(_)
        | Demand::AtMostAlive(_)
        | Demand::Tree { .. }
        | Demand::ReapedBefore { .. }
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::WaitsAsleep
        | Demand::NobodyWaits
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. }
        | Demand::Workers(_) => false,
    }
}

/// Two rules can name one fact; the one that says more stays.
fn drop_doubles(findings: &mut Vec<Finding>) {
    for (better, worse) in [
        (Rule::SignalLost, Rule::PipeEndOpen),
        (Rule::SignalLost, Rule::Deadlock),
        (Rule::PipeEndOpen, Rule::Deadlock),
        (Rule::WakeupLost, Rule::Deadlock),
        (Rule::LockAbandoned, Rule::Deadlock),
        (Rule::LostUpdate, Rule::DataRace),
        (Rule::PipeEndOpen, Rule::WorkerDeathIgnored),
        (Rule::PipeEndOpen, Rule::TaskLost),
        (Rule::PipeEndOpen, Rule::NotParallel),
        (Rule::WorkerDeathIgnored, Rule::TaskLost),
        (Rule::WorkerDeathIgnored, Rule::NotParallel),
        (Rule::WorkerDeathIgnored, Rule::Deadlock),
        (Rule::WorkerDeathIgnored, Rule::BusyWait),
        (Rule::WorkerDeathIgnored, Rule::TimeLimit),
        (Rule::TaskLost, Rule::Deadlock),
        (Rule::NotParallel, Rule::Deadlock),
        // A task that kills its worker, run again and again, ends at some limit.
        (Rule::TaskRunTwice, Rule::ProcessLimit),
        (Rule::TaskRunTwice, Rule::OutputLimit),
        (Rule::TaskRunTwice, Rule::TimeLimit),
        (Rule::TooManyWorkers, Rule::TooManyProcesses),
        (Rule::TooManyWorkers, Rule::ProcessLimit),
        (Rule::TooManyProcesses, Rule::ProcessLimit),
    ] {
        let accuses = |finding: &Finding| finding.weight == Weight::Accuses;
        if findings.iter().any(|finding| finding.rule() == better && accuses(finding)) {
            findings.retain(|finding| finding.rule() != worse);
        }
    }
}

/// A panic after an interrupted call, a short transfer or a stolen child is that mistake, met by
/// an `unwrap`: the cause accuses in its place.
fn name_the_cause_of_a_panic(findings: &mut Vec<Finding>) {
    let Some(at) = findings.iter().position(is_panic_of_root) else { return };
    let panicked = findings[at].evidence.last().copied().unwrap_or(0);
    let cause = findings.iter_mut().find(|finding| {
        matches!(
            finding.rule(),
            Rule::WrongChildReaped | Rule::EintrNotHandled | Rule::ShortIoIgnored
        ) && finding.evidence.first().is_some_and(|first| *first < panicked)
    });
    if let Some(cause) = cause {
        cause.weight = Weight::Accuses;
        findings.remove(at);
    }
}

/// An explanation stands only beside something that it can explain.
fn drop_idle_explanations(findings: &mut Vec<Finding>) {
    let accused = findings.iter().any(|finding| {
        finding.weight == Weight::Accuses
            && !matches!(finding.rule(), Rule::TodoLeft | Rule::FdLeaked | Rule::FdInherited)
    });
    findings.retain(|finding| finding.weight == Weight::Accuses || accused);
}
