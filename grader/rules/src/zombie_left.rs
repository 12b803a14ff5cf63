//! zombie-left: a dead child was never waited for. Its page: `docs/rules/zombie-left.md`.

use crate::case::{At, Case, accuse};
use crate::index::Life;
use forklings_model::{
    Detail, Ending, Event, EventKind, Finding, ProcId, Signal, SourceLine, WaitOutcome, WaitTarget,
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
    let wait = blamed_wait(case, child, parent.proc, end);
    let merged = case.run.of(parent.proc).filter(|event| {
        event.seq < end
            && matches!(event.kind, EventKind::SignalMerged { signal } if signal == Signal::CHLD)
    });
    let evidence = [Some(died), Some(zombie), Some(end), child.forked, wait.map(|e| e.seq)];
    let evidence = evidence.into_iter().flatten().chain(merged.map(|event| event.seq));
    let forked = child.forked.and_then(|seq| case.run.site(seq));
    let waited = wait.and_then(|event| event.site);
    let detail =
        Detail::ZombieLeft { child: child.proc, pid: child.pid, ending, parent: parent.proc };
    let finding = accuse(detail, evidence);
    Some(match waited {
        Some(_) => finding.at(waited).from(forked),
        None => finding.at(forked),
    })
}

/// The parent's last wait that could have reaped the child, one in the student's own code before
/// one in the given driver's; else its first look at it, which left it where it was.
fn blamed_wait<'a>(
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
    let given = |event: &&Event| {
        let line = event.site.and_then(|site| case.trace().line(site));
        line.is_some_and(SourceLine::is_given)
    };
    let waits = || case.run.of(parent).filter(could_reap);
    let last = waits().rfind(|event| !given(event)).or_else(|| waits().next_back());
    last.or_else(|| case.run.of(parent).find(looked))
}
