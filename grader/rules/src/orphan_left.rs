//! orphan-left: a process was still alive when the program ended. Its page:
//! `docs/rules/orphan-left.md`.

use crate::case::{At, Case, accuse};
use crate::index::Life;
use forklings_model::{Detail, End, Finding, ProcId, TaskId};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let End::Root { alive, .. } = &case.trace().end else { return Vec::new() };
    let end = case.run.life(ProcId::ROOT).and_then(|life| life.ended).map(|(seq, _)| seq);
    alive
        .iter()
        .filter_map(|proc| case.run.life(*proc))
        // Killed when the run was over is not ended; ended before that is.
        .filter(|life| match (life.ended, end) {
            (Some((died, _)), Some(end)) => died > end,
            (Some(_), None) => false,
            (None, _) => true,
        })
        .filter(|life| !is_left_by_a_strike(case, life))
        .filter_map(|life| {
            let blocked = case.run.last_blocked(TaskId::main(life.proc));
            let evidence = [life.forked, life.orphaned, end, blocked.map(|event| event.seq)];
            let detail =
                Detail::OrphanLeft { proc: life.proc, pid: life.pid, parent: life.parent? };
            let forked = life.forked.and_then(|seq| case.run.site(seq));
            let waits = blocked.and_then(|event| event.site);
            Some(accuse(detail, evidence.into_iter().flatten()).at(forked).from(waits))
        })
        .collect()
}

/// Whether somebody above it, who could have ended and reaped it, was killed by the schedule.
fn is_left_by_a_strike(case: &Case<'_>, life: &Life) -> bool {
    let mut above = life.parent;
    while let Some(proc) = above {
        if case.run.struck_down(proc) {
            return true;
        }
        above = case.run.life(proc).and_then(|life| life.parent);
    }
    false
}
