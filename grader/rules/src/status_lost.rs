//! status-lost: a status was thrown away. Its page: `docs/rules/status-lost.md`.

use crate::case::{At, Case, explain};
use crate::errno::ECHILD;
use crate::index::Life;
use crate::misreading::misreadings;
use forklings_model::{Demand, Detail, EventKind, Finding, Signal, WaitOutcome, Weight};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let lost = case.run.lives().filter_map(|child| lost(case, child));
    if case.demands.contains(&Demand::StatusesTaken) {
        return lost
            .map(|finding| Finding { weight: Weight::Accuses, ..finding })
            .take(1)
            .collect();
    }
    // Without the demand it explains what came of it: ECHILD, or an ending that was not known.
    lost.filter(|finding| came_of_it(case, finding)).take(1).collect()
}

fn lost(case: &Case<'_>, child: &Life) -> Option<Finding> {
    let (died, ending) = child.ended?;
    let (parent, lost_at, ignored_sigchld) = match (child.discarded, child.reaped) {
        (Some((seq, parent)), _) => (parent?, seq, true),
        (None, Some(reaping)) if !reaping.status_taken => (reaping.by, reaping.seq, false),
        (None, _) => return None,
    };
    let ignored = case.run.of(parent).rfind(|event| {
        matches!(event.kind, EventKind::Disposition { signal: Signal::CHLD, .. })
            && event.seq < lost_at
    });
    let ignored = ignored.filter(|_| ignored_sigchld);
    let detail = Detail::StatusLost { child: child.proc, ending, parent, ignored_sigchld };
    let evidence = [child.forked, Some(died), Some(lost_at), ignored.map(|event| event.seq)];
    let site = match ignored_sigchld {
        true => ignored.and_then(|event| event.site),
        false => case.run.site(lost_at),
    };
    let forked = child.forked.and_then(|seq| case.run.site(seq));
    Some(explain(detail, evidence.into_iter().flatten()).at(site).from(forked))
}

fn came_of_it(case: &Case<'_>, finding: &Finding) -> bool {
    let Detail::StatusLost { child, parent, ignored_sigchld, .. } = finding.detail else {
        return false;
    };
    if ignored_sigchld {
        case.run.of(parent).any(|event| {
            matches!(event.kind, EventKind::Waited { options, outcome: WaitOutcome::Failed(ECHILD), .. }
                if !options.keep)
        })
    } else {
        misreadings(case).iter().any(|misreading| misreading.child == child)
    }
}
