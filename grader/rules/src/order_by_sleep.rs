//! order-by-sleep: a sleep stands where a wait belongs. Its page: `docs/rules/order-by-sleep.md`.

use crate::case::{At, Case, accuse, explain};
use crate::errno::EAGAIN;
use crate::index::{reaped, transfer};
use crate::lines::{text, written};
use crate::{order_violated, output_wrong};
use forklings_model::{Demand, Detail, Event, EventKind, Finding, Stream, WaitOutcome, WaitTarget};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let early = order_violated::find(case).into_iter().filter_map(|finding| match finding.detail {
        Detail::OrderViolated { demand } => Some((early_line(case, &demand)?, demand)),
        _ => None,
    });
    let by_order = early.filter_map(|(line, demand)| before_line(case, &line, demand));
    let unmet = output_wrong::find(case).into_iter().filter_map(|finding| match finding.detail {
        Detail::OutputWrong { demand, .. } => Some(demand),
        _ => None,
    });
    if let Some(against) = forbidden(case) {
        return vec![against];
    }
    by_order.chain(unmet.filter_map(|demand| in_vain(case, demand))).take(1).collect()
}

/// Somebody slept although the test demands that nobody does.
fn forbidden(case: &Case<'_>) -> Option<Finding> {
    if !case.demands.contains(&Demand::NeverSleeps) {
        return None;
    }
    let (slept, asked) = case.trace().events.iter().find_map(sleep)?;
    let (proc, demand) = (slept.task.proc, Demand::NeverSleeps);
    let detail = Detail::OrderBySleep { proc, asked, demand, confirmed: false };
    Some(accuse(detail, [slept.seq]).at(slept.site))
}

/// The line that came too early.
fn early_line(case: &Case<'_>, demand: &Demand) -> Option<String> {
    match demand {
        Demand::Before { second, .. } => Some(second.clone()),
        Demand::Is { text: wanted, .. } => {
            let there = text(case.trace(), Stream::Stdout);
            let (early, _) = there.lines().zip(wanted.lines()).find(|(a, b)| a != b)?;
            Some(early.to_owned())
        }
        _ => None,
    }
}

/// Whoever wrote the line slept before, and waited for nobody since.
fn before_line(case: &Case<'_>, line: &str, demand: Demand) -> Option<Finding> {
    let write = written(case, line)?;
    let before = case.run.of(write.task.proc).rev().skip_while(|event| event.seq >= write.seq);
    let (slept, asked) = before.take_while(|event| !waited(event)).find_map(sleep)?;
    Some(report(slept, asked, write, demand))
}

/// Somebody slept, what it asked for next was not there, and it never got it.
fn in_vain(case: &Case<'_>, demand: Demand) -> Option<Finding> {
    case.trace().events.iter().find_map(|event| {
        let (slept, asked) = sleep(event)?;
        let own = case.run.after(slept.seq).filter(|later| later.task == slept.task);
        let missed =
            own.take_while(|later| sleep(later).is_none()).find(|later| gave_up(case, later))?;
        Some(report(slept, asked, missed, demand.clone()))
    })
}

/// Whether the event is a question without an answer that was not asked again until there was one.
fn gave_up(case: &Case<'_>, event: &Event) -> bool {
    let proc = event.task.proc;
    match &event.kind {
        EventKind::Waited { target, outcome: WaitOutcome::NothingYet, .. } => {
            let mut meant = case.run.children(proc).filter(|child| match target {
                WaitTarget::Child(wanted) => child.proc == *wanted,
                _ => child.forked.is_some_and(|forked| forked < event.seq),
            });
            meant.any(|child| child.reaped.is_none())
        }
        EventKind::AskedParent { answer } => {
            // Still the one that forked it, whose end the sleep was to outlast.
            let parent = case.run.life(proc).and_then(|life| case.run.life(life.parent?));
            let mut later = case.run.after(event.seq).filter(|later| later.task.proc == proc);
            parent.is_some_and(|parent| parent.pid == *answer)
                && !later.any(|later| matches!(later.kind, EventKind::AskedParent { .. }))
        }
        EventKind::Read(io) if io.result == Err(EAGAIN) => {
            let later = case.run.after(event.seq).filter(|later| later.task.proc == proc);
            !later.filter_map(transfer).any(|later| later.fd == io.fd && later.result.is_ok())
        }
        _ => false,
    }
}

/// The sleep that the event is the end of.
fn sleep(event: &Event) -> Option<(&Event, u64)> {
    match event.kind {
        EventKind::Slept { asked, .. } if asked > 0 => Some((event, asked)),
        _ => None,
    }
}

/// Whether the process learnt by this event what another one had done.
fn waited(event: &Event) -> bool {
    match &event.kind {
        EventKind::Read(io) => io.result.is_ok(),
        _ => reaped(event).is_some(),
    }
}

fn report(slept: &Event, asked: u64, then: &Event, demand: Demand) -> Finding {
    let detail = Detail::OrderBySleep { proc: slept.task.proc, asked, demand, confirmed: false };
    explain(detail, [slept.seq, then.seq]).at(slept.site).from(then.site)
}
