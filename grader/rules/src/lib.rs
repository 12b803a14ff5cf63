//! The rules: pure functions from a trace, and what a test demands of it, to findings.
//!
//! Nothing here runs, reads or prints anything. Each rule has a file of its own name and a page in
//! the book (`docs/rules/`) that states its exact predicate; the page comes first. All share one
//! `index` over the trace. To add a rule: its page, its name in `forklings-model`, its
//! file, its line in `RULES` and in `page.rs`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule is about the few kinds of event that it names, and blind to all others"
)]

mod busy_wait;
mod case;
mod crashed;
mod data_race;
mod deadlock;
mod deeds;
mod differs_unwatched;
mod eintr_not_handled;
mod errno;
mod fd_inherited;
mod fd_leaked;
mod handler_not_restored;
mod happens_before;
mod index;
mod killed_by_signal;
mod left_behind;
mod limits;
mod lines;
mod lock_abandoned;
mod lost_update;
mod mapping_left;
mod mask_not_restored;
mod memory;
mod memory_leaked;
mod misreading;
mod mutual_exclusion;
mod not_parallel;
mod order_by_sleep;
mod order_violated;
mod orphan_left;
mod output_wrong;
mod page;
mod panic_ignored;
mod pipe_end_open;
mod relief;
mod result_order;
mod short_io_ignored;
mod signal_lost;
mod spurious_wakeup;
mod status_lost;
mod status_misread;
mod task_lost;
mod task_run_twice;
mod tasks;
mod todo_left;
mod too_many_processes;
mod too_many_workers;
mod tree;
mod unsafe_in_handler;
mod verdict;
mod wakeup_lost;
mod without_contract;
mod worker_death_ignored;
mod wrong_child_reaped;
mod zombie_left;

#[cfg(test)]
mod tests;

pub use busy_wait::is_library_s_own;
pub use differs_unwatched::unwatched;
pub use page::page;
pub use without_contract::{Seen, without_contract};

use case::Case;
use forklings_model::{Demand, End, Finding, Rule, Trace, Waiver};

/// What a rule is: it finds every place in the case where it is broken.
type Find = fn(&Case<'_>) -> Vec<Finding>;

/// Every rule that looks at runs, in order of precedence. `build-failed` is the builder's, and
/// `differs-unwatched` looks at a run that nobody traced ([`unwatched`]).
const RULES: [(Rule, Find); 48] = [
    (Rule::TodoLeft, todo_left::find),
    (Rule::ProcessLimit, limits::process_limit),
    (Rule::MemoryLimit, limits::memory_limit),
    (Rule::OutputLimit, limits::output_limit),
    (Rule::Crashed, crashed::find),
    (Rule::KilledBySignal, killed_by_signal::find),
    (Rule::TooManyProcesses, too_many_processes::find),
    (Rule::TooManyWorkers, too_many_workers::find),
    (Rule::TaskRunTwice, task_run_twice::find),
    (Rule::PanicIgnored, panic_ignored::find),
    (Rule::StatusLost, status_lost::find),
    (Rule::WrongChildReaped, wrong_child_reaped::find),
    (Rule::EintrNotHandled, eintr_not_handled::find),
    (Rule::UnsafeInHandler, unsafe_in_handler::find),
    (Rule::ShortIoIgnored, short_io_ignored::find),
    (Rule::StatusMisread, status_misread::find),
    (Rule::MaskNotRestored, mask_not_restored::find),
    (Rule::HandlerNotRestored, handler_not_restored::find),
    (Rule::SignalLost, signal_lost::find),
    (Rule::PipeEndOpen, pipe_end_open::find),
    (Rule::SpuriousWakeup, spurious_wakeup::find),
    (Rule::MutualExclusion, mutual_exclusion::find),
    (Rule::LostUpdate, lost_update::find),
    (Rule::DataRace, data_race::find),
    (Rule::WakeupLost, wakeup_lost::find),
    (Rule::LockAbandoned, lock_abandoned::find),
    (Rule::WorkerDeathIgnored, worker_death_ignored::find),
    (Rule::TaskLost, task_lost::find),
    (Rule::NotParallel, not_parallel::find),
    (Rule::Deadlock, deadlock::find),
    (Rule::BusyWait, busy_wait::find),
    (Rule::TimeLimit, limits::time_limit),
    (Rule::OrderBySleep, order_by_sleep::find),
    (Rule::ResultOrder, result_order::find),
    (Rule::OutputWrong, output_wrong::find),
    (Rule::OrderViolated, order_violated::find),
    (Rule::ZombieLeft, zombie_left::find),
    (Rule::OrphanLeft, orphan_left::find),
    (Rule::ShmLeft, left_behind::shm),
    (Rule::SemLeft, left_behind::sem),
    (Rule::QueueLeft, left_behind::queue),
    (Rule::FifoLeft, left_behind::fifo),
    (Rule::SocketLeft, left_behind::socket),
    (Rule::TempLeft, left_behind::temp),
    (Rule::MappingLeft, mapping_left::find),
    (Rule::MemoryLeaked, memory_leaked::find),
    (Rule::FdInherited, fd_inherited::find),
    (Rule::FdLeaked, fd_leaked::find),
];

/// The rules that say whether a demand was met.
const ON_DEMAND: [Find; 17] = [
    too_many_processes::find,
    too_many_workers::find,
    task_run_twice::find,
    status_lost::find,
    mask_not_restored::find,
    handler_not_restored::find,
    busy_wait::naps,
    mutual_exclusion::find,
    worker_death_ignored::find,
    task_lost::find,
    not_parallel::find,
    result_order::find,
    order_by_sleep::find,
    order_violated::find,
    output_wrong::find,
    mapping_left::find,
    memory_leaked::find,
];

/// Judges a trace by itself, without any demand: what is wrong in every program. Explanations are
/// among the findings only where another finding accuses. A run that was abandoned says nothing.
#[must_use]
pub fn judge(trace: &Trace) -> Vec<Finding> {
    verdict(trace, &[], &[])
}

/// Whether one demand was met: `None`, or what was there instead. A run that was abandoned meets
/// every demand.
#[must_use]
pub fn demand(trace: &Trace, demand: &Demand) -> Option<Finding> {
    if is_abandoned(trace) {
        return None;
    }
    let case = Case::new(trace, std::slice::from_ref(demand));
    ON_DEMAND
        .iter()
        .flat_map(|find| find(&case))
        .find(|finding| finding.weight == forklings_model::Weight::Accuses)
}

/// Judges a trace with everything that a test demands, and without the rules that it waives.
/// Empty when the run was right; else sorted by precedence, the cause before its consequences.
#[must_use]
pub fn verdict(trace: &Trace, demands: &[Demand], waivers: &[Waiver]) -> Vec<Finding> {
    if is_abandoned(trace) {
        return Vec::new();
    }
    let case = Case::new(trace, demands);
    let findings = RULES.iter().flat_map(|(_, find)| find(&case)).collect();
    let waived: Vec<Rule> = waivers.iter().map(|waiver| waiver.rule).collect();
    verdict::settle(trace, findings, &waived)
}

fn is_abandoned(trace: &Trace) -> bool {
    matches!(trace.end, End::Abandoned { .. })
}
