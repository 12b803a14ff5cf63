//! zombie-left: a dead child was never waited for. Its page: `docs/rules/zombie-left.md`.

use crate::case::{At, Case, accuse};
use crate::index::Life;
use forklings_model::{
    Detail, Ending, Event, EventKind, Finding, ProcId, Signal, SiteId, WaitOutcome, WaitTarget,
};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.run.lives().filter_map(|child| judge(case, child)).collect()
}

fn judge(case: &Case<'_>, child: &Life) -> Option<Finding> {
    let (died, ending) = child.ended?;
    let (zombie, parent) = child.zombie?;
    let parent = case.run.life(parent?)?;
    let (end, Ending::Exited(_)) = parent.ended? else { return None };
    if child.reaped.is_some() || zombie > end || parent.fatal_panic().is_some() {
        return None;
    }
    let wait = last_chance(case, child, parent.proc, end);
    let merged = case.run.of(parent.proc).filter(|event| {
        event.seq < end
            && matches!(event.kind, EventKind::SignalMerged { signal } if signal == Signal::CHLD)
    });
    let evidence = [Some(died), Some(zombie), Some(end), child.forked, wait.map(|e| e.seq)];
    let evidence = evidence.into_iter().flatten().chain(merged.map(|event| event.seq));
    let detail =
        Detail::ZombieLeft { child: child.proc, pid: child.pid, ending, parent: parent.proc };
    let (at, from) = places(case, child, parent.proc, wait);
    Some(accuse(detail, evidence).at(at).from(from))
}

/// Where to look. What helps is a line that the student can change, so the given driver's lines
/// only stand in where there is no other: the wait that could have taken the child, the fork, and
/// where the driver forks and waits, the parent's last wait for whomever.
fn places(
    case: &Case<'_>,
    child: &Life,
    parent: ProcId,
    wait: Option<&Event>,
) -> (Option<SiteId>, Option<SiteId>) {
    let waited = wait.and_then(|event| event.site);
    let forked = child.forked.and_then(|seq| case.run.site(seq));
    let last = || {
        let waits = |event: &&Event| matches!(event.kind, EventKind::Waited { .. });
        let sites = case.run.of(parent).filter(waits).filter_map(|event| event.site);
        sites.rev().find(|site| is_own(case, Some(*site)))
    };
    if is_own(case, waited) {
        (waited, forked)
    } else if is_own(case, forked) {
        (forked, None)
    } else {
        match last() {
            Some(last) => (Some(last), forked),
            None => (waited.or(forked), waited.and(forked)),
        }
    }
}

/// Whether the site stands for a line of the student's own.
fn is_own(case: &Case<'_>, site: Option<SiteId>) -> bool {
    site.and_then(|site| case.trace().line(site)).is_some_and(|line| !line.is_given())
}

/// The parent's last wait that could have reaped the child, one in the student's own code before
/// one in the given driver's; else its first look at it, which left it where it was.
fn last_chance<'a>(
    case: &Case<'a>,
    child: &Life,
    parent: ProcId,
    before: u32,
) -> Option<&'a Event> {
    let could_reap = |event: &&Event| match event.kind {
        EventKind::Waited { target, options, .. } => {
            let meant = match target {
                WaitTarget::Any | WaitTarget::Group => true,
                WaitTarget::Child(proc) => proc == child.proc,
                WaitTarget::Stranger(_) => false,
            };
            !options.keep && meant && event.seq < before
        }
        _ => false,
    };
    let looked = |event: &&Event| {
        matches!(event.kind, EventKind::Waited { outcome: WaitOutcome::Seen(seen), .. }
            if seen == child.proc)
    };
    let waits = || case.run.of(parent).filter(could_reap);
    let last = waits().rfind(|event| is_own(case, event.site)).or_else(|| waits().next_back());
    last.or_else(|| case.run.of(parent).find(looked))
}
