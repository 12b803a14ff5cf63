//! todo-left: a `todo!` was reached. Its page: `docs/rules/todo-left.md`.

use crate::case::{At, Case, accuse};
use forklings_model::{Detail, Finding};

/// What `todo!` says.
const MARK: &str = "not yet implemented";

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.run
        .lives()
        .filter_map(|life| {
            let panic = life.panic.as_ref()?;
            let rest = panic.message.strip_prefix(MARK)?;
            let todo = rest.strip_prefix(": ").unwrap_or_default().to_owned();
            let ended = life.ended.map(|(seq, _)| seq);
            let evidence = ended.into_iter().chain([panic.seq]);
            Some(accuse(Detail::TodoLeft { todo }, evidence).at(case.run.site(panic.seq)))
        })
        .take(1)
        .collect()
}

/// Whether this panic is a `todo!`'s.
pub(crate) fn is_todo(message: &str) -> bool {
    message.starts_with(MARK)
}
