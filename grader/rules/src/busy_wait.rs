//! busy-wait: asked again and again instead of waiting. Its page: `docs/rules/busy-wait.md`.

use crate::case::{At, Case, accuse};
use crate::errno::EAGAIN;
use forklings_model::{Detail, Event, EventKind, Finding, TaskId, WaitOutcome};
use std::collections::BTreeMap;

/// From so many vain polls in a row on it is no spin before a wait any more. The scheduler lets a
/// poller ask 60 times before others must run, so a loop that waits for others reaches this.
const ENOUGH: usize = 50;

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let mut streaks: BTreeMap<TaskId, Vec<&Event>> = BTreeMap::new();
    let mut found: Vec<Vec<&Event>> = Vec::new();
    for event in &case.trace().events {
        let streak = streaks.entry(event.task).or_default();
        match role(&event.kind) {
            Role::Poll => streak.push(event),
            Role::Neutral => {}
            Role::Progress => found.push(std::mem::take(streak)),
        }
    }
    found.extend(streaks.into_values());
    found.retain(|streak| streak.len() >= ENOUGH);
    found.sort_by_key(|streak| streak[0].seq);
    found.iter().filter_map(|streak| report(streak)).take(1).collect()
}

fn report(streak: &[&Event]) -> Option<Finding> {
    let (first, last) = (streak.first()?, streak.last()?);
    let EventKind::PolledInVain { call } = &first.kind else { return None };
    let detail = Detail::BusyWait {
        proc: first.task.proc,
        call: call.clone(),
        times: u32::try_from(streak.len()).unwrap_or(u32::MAX),
    };
    Some(accuse(detail, [first.seq, streak[1].seq, last.seq]).at(first.site))
}

/// What an event means to a streak of polls.
enum Role {
    /// One more question without an answer.
    Poll,
    /// Part of asking, or something that befell the task.
    Neutral,
    /// The task waited or got on.
    Progress,
}

fn role(kind: &EventKind) -> Role {
    match kind {
        EventKind::PolledInVain { .. } => Role::Poll,
        EventKind::Waited { outcome: WaitOutcome::NothingYet, .. }
        | EventKind::AskedParent { .. }
        | EventKind::SignalDelivered { .. }
        | EventKind::SignalMerged { .. }
        | EventKind::Mask { .. }
        | EventKind::HandlerReturned { .. }
        | EventKind::UnsafeCall { .. }
        | EventKind::Orphaned { .. }
        | EventKind::Stopped { .. }
        | EventKind::Continued
        | EventKind::Injected { .. } => Role::Neutral,
        EventKind::Read(io) | EventKind::Write(io) if io.result == Err(EAGAIN) => Role::Neutral,
        // `kill(pid, 0)` asks and sends nothing.
        EventKind::SignalSent { signal, .. } if signal.0 == 0 => Role::Neutral,
        _ => Role::Progress,
    }
}
