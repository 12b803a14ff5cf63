//! task-lost: a task was not run, or has no answer. Its page, `docs/rules/task-lost.md`, has the
//! three cases in the same order.

use crate::case::{At, Case, accuse};
use crate::tasks::{self, Turn};
use forklings_model::{Demand, Detail, End, Ending, Finding, ProcId};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).take(1).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let turns = tasks::turns(case);
    let number = match (demand, &case.trace().end) {
        (Demand::TasksOnce(tasks), End::Root { ending: Ending::Exited(0), .. }) => {
            // Whoever was killed may have had the task, and had no time to say so.
            let known = tasks::deaths(case).iter().all(|death| death.number.is_some());
            never_begun(*tasks, &turns).filter(|_| known)
        }
        (Demand::TasksOnce(tasks), End::Deadlock { .. }) => never_begun(*tasks, &turns)
            .filter(|_| !turns.is_empty() && turns.iter().all(|turn| turn.ended))
            .filter(|_| tasks::deaths(case).is_empty() && !tasks::is_full(case.trace())),
        (Demand::Answers(wanted), End::Root { ending: Ending::Exited(0), .. }) => {
            without_answer(case, wanted)
        }
        _ => None,
    }?;
    let waits = match &case.trace().end {
        End::Deadlock { waits } => waits.clone(),
        _ => Vec::new(),
    };
    let own = || turns.iter().filter(|turn| turn.number == number);
    let blocked = waits.iter().filter_map(|wait| case.run.last_blocked(wait.task));
    let blocked: Vec<u32> = blocked.map(|event| event.seq).collect();
    let evidence = own().flat_map(|turn| [Some(turn.begins), turn.died]).flatten();
    let waiting = waits.iter().find(|wait| wait.task.proc == ProcId::ROOT);
    let at = waiting.and_then(|wait| wait.site);
    let begun = own().next().is_some();
    let evidence: Vec<u32> = evidence.chain(blocked).collect();
    Some(accuse(Detail::TaskLost { number, begun, waits }, evidence).at(at))
}

/// The first task that nobody has begun.
fn never_begun(tasks: u32, turns: &[Turn]) -> Option<u32> {
    (0..tasks).find(|number| turns.iter().all(|turn| turn.number != *number))
}

/// The first task whose answer is not there, where there are fewer answers than tasks.
fn without_answer(case: &Case<'_>, wanted: &[String]) -> Option<u32> {
    let (mut there, _) = tasks::compared(case.trace(), wanted);
    if there.len() >= wanted.len() {
        return None;
    }
    let missing =
        wanted.iter().position(|answer| match there.iter().position(|text| text == answer) {
            Some(at) => {
                there.remove(at);
                false
            }
            None => true,
        });
    missing.and_then(|number| u32::try_from(number).ok())
}
