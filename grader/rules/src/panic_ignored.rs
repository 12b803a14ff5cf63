//! panic-ignored: a child panicked and the program reported success. Its page:
//! `docs/rules/panic-ignored.md`.

use crate::case::{At, Case, accuse};
use crate::todo_left::is_todo;
use forklings_model::{Detail, Ending, Finding, ProcId};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let root = case.run.life(ProcId::ROOT).and_then(|life| life.ended);
    // A root that does not end with 0 has noticed something.
    let Some((end, Ending::Exited(0))) = root else { return Vec::new() };
    case.run
        .lives()
        .filter(|life| life.proc != ProcId::ROOT)
        .filter_map(|life| {
            let panic = life.fatal_panic().filter(|panic| !is_todo(&panic.message))?;
            let died = life.ended.map(|(seq, _)| seq);
            let reaped = life.reaped.map(|reaping| reaping.seq);
            let evidence = [Some(panic.seq), died, reaped, life.forked, Some(end)];
            let detail = Detail::PanicIgnored { child: life.proc, panic: panic.message.clone() };
            let finding = accuse(detail, evidence.into_iter().flatten());
            let waited = reaped.and_then(|seq| case.run.site(seq));
            let site = case.run.site(panic.seq);
            Some(finding.at(site).from(waited))
        })
        .collect()
}
