//! status-misread: a status word was read wrongly. Its page: `docs/rules/status-misread.md`.

use crate::case::{At, Case, explain};
use crate::misreading::misreadings;
use forklings_model::{Detail, Finding};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    misreadings(case)
        .into_iter()
        .filter_map(|misreading| {
            let child = case.run.life(misreading.child)?;
            let reaping = child.reaped.filter(|reaping| reaping.status_taken)?;
            let (died, ending) = child.ended?;
            let detail = Detail::StatusMisread { child: child.proc, ending, said: misreading.said };
            let evidence = [child.forked, Some(died), Some(reaping.seq), misreading.written];
            let finding = explain(detail, evidence.into_iter().flatten());
            Some(finding.at(case.run.site(reaping.seq)))
        })
        .take(1)
        .collect()
}
