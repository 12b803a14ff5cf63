//! What a finding, an event, a demand or a wait means, in words. A file for each family of rules;
//! this one only sends each `Detail` to its sentence.
//!
//! Sentences are plain text without colours. Text of strangers within them went through
//! [`escape`](crate::escape).

mod cause;
mod deed;
pub mod demand;
mod descriptors;
pub mod end;
pub mod event;
pub mod inspected;
mod leaks;
mod limits;
mod memory;
pub mod name;
mod objects;
mod order;
mod pipe_ends;
mod pools;
mod processes;
mod signals;
mod standstill;
pub mod unwatched;
pub mod wait;

use forklings_model::{Detail, Finding, ProcId, Rule, Trace};

/// What there is to say about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What a right program does.
    pub expected: String,
    /// What this run did. Lines are separated by newlines; a line that begins with `│` quotes.
    pub happened: String,
    /// The likely cause.
    pub likely: String,
    /// What to try next.
    pub experiment: String,
    /// The manual page to read, with its section or heading.
    pub man: &'static str,
}

/// Says what a finding means, with what its trace tells about the cause.
#[must_use]
pub fn explain(finding: &Finding, trace: &Trace) -> Explanation {
    match &finding.detail {
        Detail::BuildFailed { diagnostics } => limits::build_failed(diagnostics),
        Detail::TodoLeft { todo } => limits::todo_left(todo),
        Detail::ProcessLimit { processes, proc } => limits::process_limit(*processes, *proc),
        Detail::MemoryLimit { mib, proc } => limits::memory_limit(*mib, *proc),
        Detail::OutputLimit { kib, proc } => limits::output_limit(*kib, *proc),
        Detail::TimeLimit { seconds, proc, computing } => {
            limits::time_limit(*seconds, *proc, *computing)
        }
        Detail::Crashed { proc, ending, panic } => {
            limits::crashed(*proc, *ending, panic.as_deref())
        }
        Detail::KilledBySignal { proc, signal, by } => {
            signals::killed_by_signal(*proc, *signal, *by)
        }
        Detail::EintrNotHandled { proc, call, signal } => {
            signals::eintr_not_handled(*proc, call, *signal)
        }
        Detail::UnsafeInHandler { proc, signal, function } => {
            signals::unsafe_in_handler(*proc, *signal, function)
        }
        Detail::MaskNotRestored { proc, demand, was, blocked } => {
            signals::mask_not_restored(*proc, demand, *was, *blocked)
        }
        Detail::HandlerNotRestored { proc, demand, changed } => {
            signals::handler_not_restored(*proc, demand, changed)
        }
        Detail::SignalLost { proc, signal, window } => {
            signals::signal_lost(*proc, *signal, *window)
        }
        Detail::TooManyProcesses { demand, seen, culprit } => {
            processes::too_many(demand, *seen, *culprit, trace)
        }
        Detail::TooManyWorkers { demand, seen, died } => {
            pools::too_many_workers(demand, *seen, *died)
        }
        Detail::TaskRunTwice { number, first, second } => {
            pools::task_run_twice(*number, *first, *second, trace)
        }
        Detail::WorkerDeathIgnored { worker, number, answer, told, waits } => {
            pools::worker_death_ignored(*worker, *number, answer.as_deref(), *told, waits, trace)
        }
        Detail::TaskLost { number, begun, waits } => {
            pools::task_lost(*number, *begun, waits, trace)
        }
        Detail::NotParallel { demand, at_work, waits } => {
            pools::not_parallel(demand, at_work, waits, trace)
        }
        Detail::ResultOrder { demand, actual } => pools::result_order(demand, actual),
        Detail::PanicIgnored { child, panic } => processes::panic_ignored(*child, panic),
        Detail::StatusLost { child, ending, parent, ignored_sigchld } => {
            processes::status_lost(*child, *ending, *parent, *ignored_sigchld)
        }
        Detail::WrongChildReaped { child, parent } => processes::wrong_child(*child, *parent),
        Detail::StatusMisread { child, ending, said } => {
            processes::status_misread(*child, *ending, said)
        }
        Detail::BusyWait { proc, call, times, naps } => {
            processes::busy_wait(*proc, call.as_deref(), *times, *naps)
        }
        Detail::ZombieLeft { child, ending, parent, .. } => {
            processes::zombie_left(*child, *ending, *parent, trace)
        }
        Detail::OrphanLeft { proc, parent, .. } => processes::orphan_left(*proc, *parent, trace),
        Detail::ShortIoIgnored { proc, write, fd, asked, moved } => {
            descriptors::short_io(*proc, *write, *fd, *asked, *moved)
        }
        Detail::PipeEndOpen { waiter, fd, object, end, holder, held, others, waits } => {
            let held = pipe_ends::Held {
                trace,
                waits,
                waiter: *waiter,
                fd: *fd,
                object: *object,
                end: *end,
                holder: *holder,
                held: *held,
                others,
                opened: finding.origin,
            };
            held.explain()
        }
        Detail::Deadlock { waits } => standstill::deadlock(waits, trace),
        Detail::SpuriousWakeup { task } => memory::spurious_wakeup(*task),
        Detail::WakeupLost { sleeper, by, waits } => {
            memory::wakeup_lost(*sleeper, *by, waits, trace)
        }
        Detail::LockAbandoned { holder, waiter, waits } => {
            memory::lock_abandoned(*holder, *waiter, waits, trace)
        }
        Detail::MutualExclusion { demand, first, second } => {
            memory::mutual_exclusion(demand, *first, *second)
        }
        Detail::LostUpdate { proc, read, by, lost, written } => {
            memory::lost_update((*proc, *read, *written), (*by, *lost))
        }
        Detail::DataRace { first, second, offset, size, .. } => {
            memory::data_race(*first, *second, *offset, *size)
        }
        Detail::DataRaceInModel { model, said } => inspected::data_race_in_model(model, said),
        Detail::UseRefused { reason, program, said } => {
            inspected::use_refused(reason, program, said)
        }
        Detail::MisuseCompiles { reason, program } => inspected::misuse_compiles(reason, program),
        Detail::ShmLeft { paths }
        | Detail::SemLeft { paths }
        | Detail::QueueLeft { paths }
        | Detail::FifoLeft { paths }
        | Detail::SocketLeft { paths }
        | Detail::TempLeft { paths } => objects::left(finding.rule(), paths),
        Detail::MappingLeft { proc, demand, mappings } => {
            leaks::mapping_left(*proc, demand, mappings)
        }
        Detail::MemoryLeaked { proc, demand, grown } => leaks::memory_leaked(*proc, demand, *grown),
        Detail::FdInherited { proc, program, fds } => {
            descriptors::fd_inherited(*proc, program, fds)
        }
        Detail::FdLeaked { fds } => descriptors::fd_leaked(fds),
        Detail::OrderBySleep { proc, asked, demand, confirmed } => {
            order::by_sleep(*proc, *asked, demand, *confirmed, trace)
        }
        Detail::OrderViolated { demand } => order::violated(demand, trace),
        Detail::OutputWrong { demand, actual } => order::output_wrong(demand, actual, trace),
        Detail::DiffersUnwatched { demand, actual } => unwatched::differs(demand, actual, trace),
    }
}

/// What happened, in one line beside other findings of the same test.
#[must_use]
pub fn brief(finding: &Finding, trace: &Trace) -> String {
    let said = explain(finding, trace);
    let first =
        |text: &str| text.lines().next().unwrap_or_default().trim_end_matches(':').to_owned();
    // What was printed instead takes many lines; what is missing says it in one.
    if matches!(finding.rule(), Rule::OutputWrong | Rule::OrderViolated | Rule::DiffersUnwatched) {
        format!("not met: {}", first(&said.expected))
    } else {
        first(&said.happened)
    }
}

/// What happened, in one line, for findings that say it without their run; of others the rule's name.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "only few findings are ever listed")]
pub fn without_trace(finding: &Finding) -> String {
    match &finding.detail {
        Detail::FdLeaked { fds } => descriptors::fd_leaked(fds).happened,
        Detail::FdInherited { proc, program, fds } => {
            descriptors::fd_inherited(*proc, program, fds).happened
        }
        Detail::BusyWait { proc, call, times, naps } => {
            processes::busy_wait(*proc, call.as_deref(), *times, *naps).happened
        }
        _ => finding.rule().name().to_owned(),
    }
}

/// The processes that a finding is about, the most important first.
#[must_use]
pub fn concerned(detail: &Detail) -> Vec<ProcId> {
    match detail {
        Detail::BuildFailed { .. }
        | Detail::UseRefused { .. }
        | Detail::TodoLeft { .. }
        | Detail::OrderViolated { .. }
        | Detail::OutputWrong { .. }
        | Detail::DataRaceInModel { .. }
        | Detail::MisuseCompiles { .. }
        | Detail::ResultOrder { .. }
        | Detail::TooManyWorkers { .. }
        | Detail::ShmLeft { .. }
        | Detail::SemLeft { .. }
        | Detail::QueueLeft { .. }
        | Detail::FifoLeft { .. }
        | Detail::SocketLeft { .. }
        | Detail::TempLeft { .. }
        | Detail::DiffersUnwatched { .. } => Vec::new(),
        Detail::FdLeaked { .. } => vec![ProcId::ROOT],
        Detail::ProcessLimit { proc, .. }
        | Detail::MemoryLimit { proc, .. }
        | Detail::OutputLimit { proc, .. }
        | Detail::TimeLimit { proc, .. }
        | Detail::Crashed { proc, .. }
        | Detail::EintrNotHandled { proc, .. }
        | Detail::UnsafeInHandler { proc, .. }
        | Detail::MaskNotRestored { proc, .. }
        | Detail::HandlerNotRestored { proc, .. }
        | Detail::SignalLost { proc, .. }
        | Detail::BusyWait { proc, .. }
        | Detail::ShortIoIgnored { proc, .. }
        | Detail::MappingLeft { proc, .. }
        | Detail::MemoryLeaked { proc, .. }
        | Detail::FdInherited { proc, .. }
        | Detail::OrderBySleep { proc, .. } => vec![*proc],
        Detail::KilledBySignal { proc, by, .. } => {
            [Some(*proc), *by].into_iter().flatten().collect()
        }
        Detail::TooManyProcesses { culprit, .. } => culprit.iter().copied().collect(),
        Detail::PanicIgnored { child, .. } | Detail::StatusMisread { child, .. } => vec![*child],
        Detail::StatusLost { child, parent, .. }
        | Detail::WrongChildReaped { child, parent }
        | Detail::ZombieLeft { child, parent, .. } => vec![*child, *parent],
        Detail::OrphanLeft { proc, parent, .. } => vec![*proc, *parent],
        Detail::PipeEndOpen { waiter, holder, waits, .. } => {
            let mut all = vec![*waiter, *holder];
            all.extend(waits.iter().map(|wait| wait.task.proc));
            all
        }
        Detail::Deadlock { waits }
        | Detail::TaskLost { waits, .. }
        | Detail::NotParallel { waits, .. } => waits.iter().map(|wait| wait.task.proc).collect(),
        Detail::TaskRunTwice { first, second, .. } => vec![first.proc, second.proc],
        Detail::WorkerDeathIgnored { worker, waits, .. } => {
            let others = waits.iter().map(|wait| wait.task.proc);
            std::iter::once(worker.proc).chain(others).collect()
        }
        Detail::SpuriousWakeup { task } => vec![task.proc],
        Detail::WakeupLost { sleeper, by, waits } => {
            let others = waits.iter().map(|wait| wait.task.proc);
            [Some(sleeper.proc), *by].into_iter().flatten().chain(others).collect()
        }
        Detail::LockAbandoned { holder, waiter, waits } => {
            let others = waits.iter().map(|wait| wait.task.proc);
            [*holder, waiter.proc].into_iter().chain(others).collect()
        }
        Detail::MutualExclusion { first, second, .. } => vec![*first, *second],
        Detail::LostUpdate { proc, by, .. } => vec![*proc, *by],
        Detail::DataRace { first, second, .. } => vec![first.0, second.0],
    }
}
