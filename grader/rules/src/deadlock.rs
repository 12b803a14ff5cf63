//! deadlock: everybody waits for somebody. Its page: `docs/rules/deadlock.md`. What a forgotten
//! write end explains is told by `pipe_end_open`, and the verdict then drops this.

use crate::case::{At, Case, accuse};
use forklings_model::{Detail, End, Finding};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let End::Deadlock { waits } = &case.trace().end else { return Vec::new() };
    let blocked = waits.iter().filter_map(|wait| case.run.last_blocked(wait.task));
    let forked = waits.iter().filter_map(|wait| case.run.life(wait.task.proc)?.forked);
    let finding = accuse(
        Detail::Deadlock { waits: waits.clone() },
        blocked.map(|event| event.seq).chain(forked),
    );
    let mut sites = waits.iter().filter_map(|wait| wait.site);
    let site = sites.next();
    vec![finding.at(site).from(sites.next())]
}
