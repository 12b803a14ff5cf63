//! Which processes and events of a run matter for a finding. Knows nothing of cells and drawing.

use super::Room;
use crate::sentence::concerned;
use crate::sentence::name::{output_stream, parent};
use forklings_model::{
    Demand, Detail, Event, EventKind, Family, Finding, IoResult, ObjectId, ObjectKind, ProcId,
    Signal, Span, Trace, WaitOutcome, WaitsFor,
};
use std::collections::BTreeSet;

const EINTR: i32 = 4;

/// What was chosen.
pub(super) struct Choice {
    /// Processes to show, ascending.
    pub(super) columns: Vec<ProcId>,
    /// Processes that belong to the matter and found no room.
    pub(super) left_out: Vec<ProcId>,
    /// Events to show.
    pub(super) shown: BTreeSet<u32>,
    /// Events that would have been shown, had there been room.
    pub(super) elided: BTreeSet<u32>,
}

/// Chooses at most so many processes and events as there is room for.
pub(super) fn choose(trace: &Trace, finding: &Finding, room: Room) -> Choice {
    let (columns, left_out) = columns(trace, finding, room.columns);
    let evidence = trimmed(&finding.evidence);
    let before_main: BTreeSet<u32> = trace.before_main.iter().copied().collect();
    let matter = Matter::new(trace, finding, &columns);
    let scored: Vec<(u32, u32)> = trace
        .events
        .iter()
        .filter(|event| columns.contains(&event.task.proc))
        // What a runtime prepared matters where it is evidence, and nowhere else.
        .filter(|event| evidence.contains(&event.seq) || !before_main.contains(&event.seq))
        .map(|event| match evidence.contains(&event.seq) {
            true => (100, event.seq),
            false => (matter.score(event), event.seq),
        })
        .filter(|(score, _)| *score > 0)
        .collect();
    let (dull, scored): (Vec<_>, Vec<_>) =
        scored.into_iter().partition(|(score, seq)| *score < 100 && matter.goes_on(*seq));
    let mut scored = scored;
    // The highest scores win; among equals the later event, which is nearer to the failure.
    scored.sort_by_key(|&(score, seq)| std::cmp::Reverse((score, seq)));
    // That a dead child became a zombie is seen from its column: no gap for it.
    let zombie = |seq: u32| {
        let event = trace.events.iter().find(|event| event.seq == seq);
        event.is_some_and(|event| matches!(event.kind, EventKind::Zombie { .. }))
    };
    let elided = scored.iter().skip(room.rows).map(|&(_, seq)| seq).filter(|&seq| !zombie(seq));
    let elided = elided.chain(repeated(trace, finding)).chain(dull.iter().map(|(_, seq)| *seq));
    let elided = elided.collect();
    let shown = scored.iter().take(room.rows).map(|&(_, seq)| seq).collect();
    Choice { columns, left_out, shown, elided }
}

/// Long evidence is shown by its ends: fifty equal polls prove no more to the eye than five.
fn trimmed(evidence: &[u32]) -> BTreeSet<u32> {
    const HEAD: usize = 3;
    const TAIL: usize = 4;
    if evidence.len() <= HEAD + TAIL + 1 {
        return evidence.iter().copied().collect();
    }
    let (head, tail) = (evidence.iter().take(HEAD), evidence.iter().rev().take(TAIL));
    head.chain(tail).copied().collect()
}

/// Events that only repeat what the evidence shows: where they stood, the picture says so.
fn repeated<'t>(trace: &'t Trace, finding: &'t Finding) -> impl Iterator<Item = u32> + 't {
    let asker =
        if let Detail::BusyWait { proc, .. } = &finding.detail { Some(*proc) } else { None };
    let again = trace.events.iter().filter(move |event| {
        asker == Some(event.task.proc)
            && matches!(
                event.kind,
                EventKind::PolledInVain { .. }
                    | EventKind::TimedOut { .. }
                    | EventKind::Slept { .. }
            )
    });
    finding.evidence.iter().copied().chain(again.map(|event| event.seq))
}

/// The processes to show and those that found no room.
fn columns(trace: &Trace, finding: &Finding, most: usize) -> (Vec<ProcId>, Vec<ProcId>) {
    let mut wanted: Vec<ProcId> = Vec::new();
    let mut want = |proc: ProcId| {
        if trace.process(proc).is_some() && !wanted.contains(&proc) {
            wanted.push(proc);
        }
    };
    let about = concerned(&finding.detail);
    about.iter().copied().for_each(&mut want);
    for &seq in &finding.evidence {
        let event = trace.events.iter().find(|event| event.seq == seq);
        event.iter().for_each(|event| want(event.task.proc));
    }
    about.iter().filter_map(|&proc| parent(trace, proc)).for_each(&mut want);
    want(ProcId::ROOT);
    // A small run is shown whole: a sibling often is the other half of the story.
    if trace.processes.len() <= most || (about.is_empty() && finding.evidence.is_empty()) {
        trace.processes.iter().for_each(|process| want(process.proc));
    }
    let left_out = wanted.split_off(most.min(wanted.len()));
    wanted.sort_unstable();
    (wanted, left_out)
}

/// What the finding is about, as far as it decides which events matter.
struct Matter<'t> {
    trace: &'t Trace,
    columns: &'t [ProcId],
    family: Family,
    standstill: bool,
    objects: Vec<ObjectId>,
    last_blocks: BTreeSet<u32>,
    /// Output before this event is more of the same.
    quiet_before: u32,
    /// The lines that the broken demand names.
    lines: Vec<&'t str>,
    /// Every fork counts, also of processes that are not shown.
    counts: bool,
}

impl<'t> Matter<'t> {
    fn new(trace: &'t Trace, finding: &'t Finding, columns: &'t [ProcId]) -> Self {
        let detail = &finding.detail;
        let standstill = matches!(
            detail,
            Detail::PipeEndOpen { .. }
                | Detail::Deadlock { .. }
                | Detail::WakeupLost { .. }
                | Detail::LockAbandoned { .. }
                | Detail::WorkerDeathIgnored { .. }
                | Detail::TaskLost { .. }
                | Detail::NotParallel { .. }
                | Detail::SignalLost { .. }
        );
        let objects = objects(trace, finding);
        let last = trace.events.last().map_or(0, |event| event.seq);
        let floods = matches!(detail, Detail::OutputLimit { .. });
        let last_blocks = columns
            .iter()
            .filter_map(|proc| {
                let own = |event: &&Event| event.task.proc == *proc;
                let last = trace.events.iter().rev().find(own)?;
                matches!(last.kind, EventKind::Blocked { .. }).then_some(last.seq)
            })
            .collect();
        let family = finding.rule().family();
        let lines = lines(detail);
        let counts =
            matches!(detail, Detail::TooManyProcesses { .. } | Detail::ProcessLimit { .. });
        let quiet_before = if floods { last.saturating_sub(5) } else { 0 };
        Self {
            trace,
            columns,
            family,
            standstill,
            objects,
            last_blocks,
            quiet_before,
            lines,
            counts,
        }
    }

    fn is_pipe(&self, io: &IoResult) -> bool {
        let object = io.object.and_then(|object| self.trace.object(object));
        object.is_some_and(|o| matches!(o.kind, ObjectKind::Pipe | ObjectKind::Fifo(_)))
    }

    fn prints_demanded_line(&self, io: &IoResult) -> bool {
        let text = String::from_utf8_lossy(&io.bytes);
        text.lines().any(|line| self.lines.contains(&line))
    }

    fn tells_of_shown_death(&self, event: &Event) -> bool {
        let before = self.trace.events.iter().rev().find(|other| other.seq < event.seq);
        before.is_some_and(|other| {
            matches!(other.kind, EventKind::Zombie { .. })
                && self.columns.contains(&other.task.proc)
        })
    }

    /// Whether the event is a transfer in the middle of a row of its like: a large message goes
    /// through a pipe in many, of which the first and the last tell enough.
    fn goes_on(&self, seq: u32) -> bool {
        // The number of an event is its position.
        let Ok(at) = usize::try_from(seq) else { return false };
        let Some(event) = self.trace.events.get(at) else { return false };
        let Some(io) = moved(event) else { return false };
        let like = |other: &&Event| {
            moved(other).is_some_and(|other| other.object == io.object)
                && std::mem::discriminant(&other.kind) == std::mem::discriminant(&event.kind)
        };
        let own = |other: &&Event| other.task == event.task && self.score(other) > 0;
        let (before, after) = (&self.trace.events[..at], &self.trace.events[at + 1..]);
        let before = before.iter().rfind(own).filter(like);
        let after = after.iter().find(own).filter(like);
        self.is_pipe(io) && before.is_some() && after.is_some()
    }

    /// How much the event helps to understand, 0 for not at all.
    fn score(&self, event: &Event) -> u32 {
        let told = matches!(self.family, Family::Order | Family::Limits | Family::Pools);
        match &event.kind {
            EventKind::Forked { child, .. } if self.columns.contains(child) => 50,
            EventKind::Blocked { .. } if self.last_blocks.contains(&event.seq) => 48,
            EventKind::Ended { .. } => 46,
            EventKind::Waited { outcome: WaitOutcome::Reaped { child, .. }, .. }
                if self.columns.contains(child) =>
            {
                45
            }
            EventKind::Injected { .. }
            | EventKind::Interrupted { .. }
            | EventKind::ForkFailed { .. }
            | EventKind::ExecFailed { .. } => 44,
            EventKind::Zombie { .. } if !self.standstill => 40,
            EventKind::Orphaned { .. }
            | EventKind::Discarded { .. }
            | EventKind::Exec { .. }
            | EventKind::Stopped { .. } => 40,
            EventKind::TimedOut { .. } | EventKind::Slept { .. }
                if self.family == Family::Order =>
            {
                38
            }
            EventKind::Pipe { object, .. } | EventKind::Duplicated { object, .. }
                if self.objects.contains(object) =>
            {
                36
            }
            EventKind::Closed { object: Some(object), .. } if self.objects.contains(object) => 36,
            EventKind::SignalDelivered { signal, .. } | EventKind::SignalMerged { signal } => {
                // Of many SIGCHLD only those matter that tell of a death that is shown.
                match *signal == Signal::CHLD && !self.tells_of_shown_death(event) {
                    true => 0,
                    false => 41,
                }
            }
            EventKind::Read(io) | EventKind::Write(io) if io.result.is_err() => 44,
            EventKind::Write(io) if output_stream(self.trace, io.object).is_some() => {
                // Rust's advice after a panic is nobody's event, nor is the end of a line alone.
                if io.bytes.starts_with(b"note: run with `RUST_BACKTRACE") || io.bytes == b"\n" {
                    return 0;
                }
                if self.prints_demanded_line(io) {
                    return 60;
                }
                if told && event.seq >= self.quiet_before { 28 } else { 0 }
            }
            EventKind::Read(io) | EventKind::Write(io)
                if io.object.is_some_and(|object| self.objects.contains(&object)) =>
            {
                34
            }
            // Wrong output of a program with pipes is mostly made on the way through them.
            EventKind::Read(io) | EventKind::Write(io)
                if self.family == Family::Order && self.is_pipe(io) =>
            {
                42
            }
            // EINTR has an event of its own.
            EventKind::Waited { outcome: WaitOutcome::Failed(errno), .. } if *errno != EINTR => 26,
            EventKind::Forked { .. } if self.counts => 10,
            EventKind::SignalTaken { .. } => 41,
            EventKind::SignalSent { .. } | EventKind::Disposition { .. }
                if self.family == Family::Signals =>
            {
                39
            }
            EventKind::Mask { was, blocked }
                if self.family == Family::Signals && !was.is_of_libc() && !blocked.is_of_libc() =>
            {
                38
            }
            EventKind::Started { .. }
            | EventKind::Mask { .. }
            | EventKind::AwaitsSignals { .. }
            | EventKind::HandlerReturned { .. }
            | EventKind::UnsafeCall { .. }
            | EventKind::Forked { .. }
            | EventKind::ThreadStarted { .. }
            | EventKind::ThreadEnded
            | EventKind::Zombie { .. }
            | EventKind::Waited { .. }
            | EventKind::Blocked { .. }
            | EventKind::SignalSent { .. }
            | EventKind::Disposition { .. }
            | EventKind::Pipe { .. }
            | EventKind::Opened { .. }
            | EventKind::Named { .. }
            | EventKind::MemoryTaken { .. }
            | EventKind::MemoryGivenBack { .. }
            | EventKind::OpenFailed { .. }
            | EventKind::Duplicated { .. }
            | EventKind::DescriptorFlags { .. }
            | EventKind::Closed { .. }
            | EventKind::Read(_)
            | EventKind::Write(_)
            | EventKind::PolledInVain { .. }
            | EventKind::TimedOut { .. }
            | EventKind::Slept { .. }
            | EventKind::AskedParent { .. }
            | EventKind::Used { .. }
            | EventKind::Accessed(_)
            | EventKind::Continued
            | EventKind::Exiting
            | EventKind::SessionOrGroup { .. }
            | EventKind::BecameSubreaper
            | EventKind::Refused { .. }
            | EventKind::Unmodelled { .. } => 0,
        }
    }
}

/// A read or write that moved bytes.
fn moved(event: &Event) -> Option<&IoResult> {
    let (EventKind::Read(io) | EventKind::Write(io)) = &event.kind else { return None };
    Some(io).filter(|io| io.result.is_ok_and(|n| n > 0))
}

/// The lines that a broken demand names.
fn lines(detail: &Detail) -> Vec<&str> {
    let (Detail::OrderBySleep { demand, .. }
    | Detail::OrderViolated { demand }
    | Detail::MaskNotRestored { demand, .. }
    | Detail::HandlerNotRestored { demand, .. }
    | Detail::MappingLeft { demand, .. }
    | Detail::MemoryLeaked { demand, .. }
    | Detail::OutputWrong { demand, .. }) = detail
    else {
        return Vec::new();
    };
    match demand {
        Demand::Before { first, second } => vec![first, second],
        Demand::Line { line, .. }
        | Demand::ReapedBefore { line }
        | Demand::LineTimes { line, .. }
        | Demand::NoLineAfterFailure { line }
        | Demand::NoLine { line, .. } => {
            vec![line]
        }
        Demand::Is { .. }
        | Demand::LinesInAnyOrder { .. }
        | Demand::Ends(_)
        | Demand::Forks(_)
        | Demand::AtMostAlive(_)
        | Demand::Tree { .. }
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::WaitsAsleep
        | Demand::NobodyWaits
        | Demand::OneAtATime { .. }
        | Demand::Unmapped { during: None }
        | Demand::GrowsAtMost { during: None, .. }
        | Demand::TasksOnce(_)
        | Demand::Answers(_)
        | Demand::Workers(_)
        | Demand::Done(_) => Vec::new(),
        Demand::Unmapped { during: Some(Span { from, to }) }
        | Demand::GrowsAtMost { during: Some(Span { from, to }), .. } => vec![from, to],
        Demand::MaskRestored { from, to } | Demand::HandlersRestored { from, to } => {
            vec![from, to]
        }
    }
}

/// The pipes that the finding is about.
fn objects(trace: &Trace, finding: &Finding) -> Vec<ObjectId> {
    if let Detail::PipeEndOpen { object, .. } = &finding.detail {
        return vec![*object];
    }
    if let Detail::Deadlock { waits }
    | Detail::WorkerDeathIgnored { waits, .. }
    | Detail::TaskLost { waits, .. }
    | Detail::NotParallel { waits, .. } = &finding.detail
    {
        let pipe = |on: &WaitsFor| match on {
            WaitsFor::Readable { object, .. } | WaitsFor::Writable { object, .. } => Some(*object),
            WaitsFor::AnyOf { .. }
            | WaitsFor::Child { .. }
            | WaitsFor::Signal
            | WaitsFor::Futex { .. }
            | WaitsFor::VforkChild { .. }
            | WaitsFor::Memory
            | WaitsFor::FifoPeer { .. }
            | WaitsFor::Lock { .. }
            | WaitsFor::Semaphore { .. }
            | WaitsFor::Message { .. }
            | WaitsFor::Connection { .. }
            | WaitsFor::Continue
            | WaitsFor::Unmodelled { .. } => None,
        };
        return waits.iter().filter_map(|wait| pipe(&wait.on)).collect();
    }
    if let Detail::ShortIoIgnored { .. } = &finding.detail {
        return trace
            .events
            .iter()
            .filter(|event| finding.evidence.contains(&event.seq))
            .filter_map(|event| {
                if let EventKind::Read(io) | EventKind::Write(io) = &event.kind {
                    io.object
                } else {
                    None
                }
            })
            .collect();
    }
    Vec::new()
}
