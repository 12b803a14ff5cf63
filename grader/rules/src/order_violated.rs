//! order-violated: something came before what it must follow. Its page:
//! `docs/rules/order-violated.md`.

use crate::case::{At, Case, accuse};
use crate::lines::{lines, sorted, text, written};
use forklings_model::{Demand, Detail, Event, Finding, Stream, Trace};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let trace = case.trace();
    let early = match demand {
        Demand::Before { first, second } if came_too_early(trace, first, second) => {
            [written(case, second), written(case, first)]
        }
        Demand::Is { stream, text: wanted } => {
            let there = text(trace, *stream);
            if !same_lines_in_another_order(&there, wanted) {
                return None;
            }
            let (early, due) = there.lines().zip(wanted.lines()).find(|(a, b)| a != b)?;
            [written(case, early), written(case, due)]
        }
        Demand::ReapedBefore { line } => {
            let early = written(case, line)?;
            [Some(early), unreaped(case, early)?]
        }
        _ => return None,
    };
    let evidence = early.iter().flatten().map(|event| event.seq);
    let finding = accuse(Detail::OrderViolated { demand: demand.clone() }, evidence);
    let [site, origin] = early.map(|event| event.and_then(|event| event.site));
    Some(finding.at(site).from(origin))
}

/// The wait that took a child of the writer away after it wrote, or the child's fork if none did;
/// nothing when no child was left.
fn unreaped<'a>(case: &Case<'a>, early: &Event) -> Option<Option<&'a Event>> {
    let late = case.run.lives().find(|life| {
        life.parent == Some(early.task.proc)
            && life.forked.is_some_and(|forked| forked < early.seq)
            && life.reaped.is_none_or(|reaping| reaping.seq > early.seq)
            && life.discarded.is_none_or(|(seq, _)| seq > early.seq)
    })?;
    let seq = late.reaped.map(|reaping| reaping.seq).or(late.forked);
    Some(seq.and_then(|seq| case.trace().events.get(usize::try_from(seq).ok()?)))
}

/// Whether both lines are there, and `second` appears before `first` does.
pub(crate) fn came_too_early(trace: &Trace, first: &str, second: &str) -> bool {
    let there = lines(trace, Stream::Stdout);
    let place = |line: &str| there.iter().position(|there| there == line);
    matches!((place(first), place(second)), (Some(first), Some(second)) if second < first)
}

/// Whether the texts differ only in the order of their lines.
pub(crate) fn same_lines_in_another_order(there: &str, wanted: &str) -> bool {
    let lines = |text: &str| sorted(text.lines().map(str::to_owned).collect());
    there != wanted
        && there.ends_with('\n') == wanted.ends_with('\n')
        && lines(there) == lines(wanted)
        && there.lines().ne(wanted.lines())
}
