//! busy-wait: asked again and again instead of waiting. Its page: `docs/rules/busy-wait.md`.

use crate::case::{At, Case, accuse};
use crate::errno::EAGAIN;
use forklings_model::{
    Demand, Detail, Event, EventKind, Finding, SiteId, TaskId, Trace, WaitOutcome, WaitsFor,
};
use std::collections::BTreeMap;

/// From so many vain polls in a row on it is no spin before a wait any more. The scheduler lets a
/// poller ask 60 times before others must run, so a loop that waits for others reaches this.
const ENOUGH: usize = 50;

/// From so many naps in a row on, each after a vain poll, sleeping is how it waits. The scheduler
/// lets a sleeper wake four times before each step of others, so a loop that waits for others
/// reaches this.
const ENOUGH_NAPS: usize = 8;

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let memory = looks_at_memory(case);
    if memory.is_some() {
        return memory.into_iter().collect();
    }
    let spins = streaks(case, Some(Role::Progress)).into_iter().filter(|s| s.polls.len() >= ENOUGH);
    // One of the program's own must not hide behind a library's.
    let first = spins.min_by_key(|streak| {
        let first = streak.polls[0];
        (yields_in_library(case.trace(), polled(first), first.site), first.seq)
    });
    first.map_or_else(|| naps(case), |streak| vec![report(&streak)])
}

/// Whether a finding is about yields that a library makes inside of one call: so values are handed over
/// in memory (`send` on a `sync_channel(0)`), and the scheduler may make the other's steps come late.
/// Only the lines of the code tell: a trace without them exempts nobody.
#[must_use]
pub fn is_library_s_own(finding: &Finding, trace: &Trace) -> bool {
    let Detail::BusyWait { call, .. } = &finding.detail else { return false };
    yields_in_library(trace, call.as_deref(), finding.site)
}

/// Whether the innermost line of the program's own makes the call, and does not name it.
fn yields_in_library(trace: &Trace, call: Option<&str>, site: Option<SiteId>) -> bool {
    let lines = site.into_iter().flat_map(|site| trace.frames(site));
    let mut own = lines.filter_map(|frame| frame.line.as_ref()).filter(|line| !line.is_foreign());
    let text = own.next().and_then(|line| line.text.as_ref());
    call == Some("sched_yield") && text.is_some_and(|text| !text.contains("yield"))
}

/// The call that an event asked in vain with.
fn polled(event: &Event) -> Option<&str> {
    match &event.kind {
        EventKind::PolledInVain { call } | EventKind::TimedOut { call } => Some(call),
        _ => None,
    }
}

/// Who turns in a loop that only looks at memory. One that never ends is a matter of time-limit or
/// deadlock.
fn looks_at_memory(case: &Case<'_>) -> Option<Finding> {
    let ends = |event: &Event| {
        let mut later = case.run.after(event.seq);
        later.any(|later| {
            let dies = matches!(later.kind, EventKind::Ended { .. } | EventKind::Zombie { .. });
            later.task == event.task && !dies && role(&later.kind) == Role::Progress
        })
    };
    let spin = case.trace().events.iter().find(|event| {
        matches!(event.kind, EventKind::Blocked { on: WaitsFor::Memory }) && ends(event)
    })?;
    let detail = Detail::BusyWait { proc: spin.task.proc, call: None, times: 0, naps: 0 };
    Some(accuse(detail, [spin.seq]).at(spin.site))
}

/// Who naps between its questions where the test demands that it waits.
pub(crate) fn naps(case: &Case<'_>) -> Vec<Finding> {
    if !case.demands.contains(&Demand::WaitsAsleep) {
        return Vec::new();
    }
    let naps = streaks(case, None).into_iter();
    let naps = naps
        .filter(|streak| streak.naps >= ENOUGH_NAPS && (streak.in_steps || !streak.then_waited));
    naps.min_by_key(|streak| streak.polls[0].seq).iter().map(report).collect()
}

/// Vain polls of one task in a row.
#[derive(Default)]
struct Streak<'a> {
    polls: Vec<&'a Event>,
    /// Sleeps that came after a poll, and waits whose time was up.
    naps: usize,
    /// Whether it polled since the last sleep.
    polled: bool,
    /// Whether a call that waits came next.
    then_waited: bool,
    /// Whether its sleeps are waits whose time was up: the last of them is one that was not.
    in_steps: bool,
}

/// Every streak of the run. `nap` is what a sleep and a wait whose time was up mean to it, if not
/// what they are.
fn streaks<'a>(case: &Case<'a>, nap: Option<Role>) -> Vec<Streak<'a>> {
    let mut streaks: BTreeMap<TaskId, Streak<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for event in &case.trace().events {
        let streak = streaks.entry(event.task).or_default();
        // That a wait begins whose time will be up is no progress: its end is what counts.
        let role = if begins_step(case, event) { Role::Neutral } else { role(&event.kind) };
        match if matches!(role, Role::Nap | Role::Step) { nap.unwrap_or(role) } else { role } {
            Role::Poll => {
                streak.polls.push(event);
                streak.polled = true;
            }
            Role::Nap => streak.naps += usize::from(std::mem::take(&mut streak.polled)),
            Role::Step => {
                streak.polls.push(event);
                streak.naps += 1;
                streak.in_steps = true;
            }
            Role::Neutral => {}
            Role::Progress => {
                let then_waited = waits(&event.kind);
                found.push(Streak { then_waited, ..std::mem::take(streak) });
            }
        }
    }
    found.extend(streaks.into_values());
    found.retain(|streak| !streak.polls.is_empty());
    found
}

fn report(streak: &Streak<'_>) -> Finding {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (first, last) = (streak.polls[0], streak.polls[streak.polls.len() - 1]);
    let call = polled(first).map(str::to_owned);
    let (times, naps) = (number(streak.polls.len()), number(streak.naps));
    let detail = Detail::BusyWait { proc: first.task.proc, call, times, naps };
    let evidence = streak.polls.iter().take(2).chain([&last]).map(|event| event.seq);
    accuse(detail, evidence).at(first.site)
}

/// What an event means to a streak of polls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// One more question without an answer.
    Poll,
    /// A sleep that only time ends.
    Nap,
    /// A wait whose time was up: a question without an answer and a nap in one.
    Step,
    /// Part of asking, or something that befell the task.
    Neutral,
    /// The task waited or got on.
    Progress,
}

fn role(kind: &EventKind) -> Role {
    match kind {
        EventKind::PolledInVain { .. } => Role::Poll,
        EventKind::Slept { .. } => Role::Nap,
        EventKind::TimedOut { .. } => Role::Step,
        // Who looks at a dead child without reaping it finds it there again the next time.
        EventKind::Waited { outcome: WaitOutcome::NothingYet | WaitOutcome::Seen(_), .. }
        | EventKind::AskedParent { .. }
        | EventKind::AwaitsSignals { .. }
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
        EventKind::Waited { outcome: WaitOutcome::Failed(_), options, .. } if options.no_hang => {
            Role::Neutral
        }
        // `kill(pid, 0)` asks and sends nothing.
        EventKind::SignalSent { signal, .. } if signal.0 == 0 => Role::Neutral,
        _ => Role::Progress,
    }
}

/// Whether the event begins a wait that ends because its time is up, or a sleep in `poll`.
fn begins_step(case: &Case<'_>, event: &Event) -> bool {
    matches!(event.kind, EventKind::Blocked { .. })
        && case.run.after(event.seq).find(|later| later.task == event.task).is_some_and(|next| {
            matches!(next.kind, EventKind::TimedOut { .. } | EventKind::Slept { .. })
        })
}

/// Whether the event is of a call that waits until there is an answer.
fn waits(kind: &EventKind) -> bool {
    match kind {
        EventKind::Blocked { .. } => true,
        EventKind::Waited { options, .. } => !options.no_hang,
        _ => false,
    }
}
