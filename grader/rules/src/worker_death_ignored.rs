//! worker-death-ignored: a worker died, and its pool went on as if it had not. Its page,
//! `docs/rules/worker-death-ignored.md`, has the three cases in the same order.

use crate::case::{At, Case, accuse};
use crate::tasks::{self, Death};
use forklings_model::{Demand, Detail, End, Ending, Event, EventKind, Finding, ProcId, Wait};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    if !tasks::are_demanded(case) {
        return Vec::new();
    }
    let deaths = tasks::deaths(case);
    let found = match &case.trace().end {
        End::Deadlock { waits } => deaths.iter().find_map(|death| {
            let told = is_told(case, death);
            (!told || is_missing(case, deaths.len())).then(|| report(case, death, None, waits))
        }),
        End::TimeLimit { .. } => {
            let untold = deaths.iter().find(|death| !is_told(case, death));
            untold.map(|death| report(case, death, None, &[]))
        }
        End::Root { ending: Ending::Exited(0), .. } => {
            let taken = deaths.iter().find_map(|death| {
                let answer = taken_for_another(case, death)?;
                Some(report(case, death, Some(answer), &[]))
            });
            let left = || deaths.first().filter(|_| leaves_tasks(case, deaths.len()));
            taken.or_else(|| left().map(|death| report(case, death, None, &[])))
        }
        _ => None,
    };
    found.into_iter().collect()
}

/// Whether what became of the worker's task was said before everybody waited.
fn is_told(case: &Case<'_>, death: &Death) -> bool {
    let answers = tasks::answers(case.trace());
    death.number.is_some_and(|number| answers.iter().any(|(told, _)| *told == number))
}

/// Whether fewer are at work than there are to be workers, since who died was not replaced.
fn is_missing(case: &Case<'_>, died: usize) -> bool {
    let at_work = tasks::at_work(case).len();
    at_work > 0 && wanted(case).is_some_and(|wanted| at_work < wanted) && has_a_gap(case, died)
}

/// Whether a task was given back as not run, though nobody had tried to replace who died.
fn leaves_tasks(case: &Case<'_>, died: usize) -> bool {
    let failed = |event: &Event| matches!(event.kind, EventKind::ForkFailed { .. });
    let refused = tasks::answers(case.trace()).iter().any(|(_, answer)| answer == "not run");
    refused && has_a_gap(case, died) && !case.trace().events.iter().any(failed)
}

/// Whether fewer workers were made than there are to be, and one for each that died.
fn has_a_gap(case: &Case<'_>, died: usize) -> bool {
    wanted(case).is_some_and(|wanted| tasks::made(case).len() < wanted + died)
}

fn wanted(case: &Case<'_>) -> Option<usize> {
    case.demands.iter().find_map(|demand| match demand {
        Demand::Workers(wanted) => usize::try_from(*wanted).ok(),
        _ => None,
    })
}

/// What was answered in the name of a task whose worker died at it, where the death is demanded.
fn taken_for_another(case: &Case<'_>, death: &Death) -> Option<String> {
    let number = death.number?;
    let wanted = case.demands.iter().find_map(|demand| match demand {
        Demand::Answers(answers) => answers.get(usize::try_from(number).ok()?),
        _ => None,
    })?;
    let is_death = |answer: &str| answer.starts_with("died");
    let answers = tasks::answers(case.trace());
    // Where one is missing the others have moved up.
    let (_, there) =
        answers.into_iter().filter(|_| is_complete(case)).find(|(told, _)| *told == number)?;
    (is_death(wanted) && !is_death(&there)).then_some(there)
}

/// Whether there are as many answers as the test demands.
fn is_complete(case: &Case<'_>) -> bool {
    let there = tasks::answers(case.trace()).len();
    case.demands.iter().all(|demand| match demand {
        Demand::Answers(wanted) => there >= wanted.len(),
        _ => true,
    })
}

fn report(case: &Case<'_>, death: &Death, answer: Option<String>, waits: &[Wait]) -> Finding {
    let waiting = waits.iter().find(|wait| wait.task.proc == ProcId::ROOT);
    let blocked = waits.iter().filter_map(|wait| case.run.last_blocked(wait.task));
    let life = case.run.life(death.worker.proc);
    let forked = life.and_then(|life| life.forked);
    let reaped = life.and_then(|life| life.reaped).map(|reaping| reaping.seq);
    let begins = tasks::turns(case).into_iter().find(|turn| turn.died == Some(death.seq));
    let evidence = [Some(death.seq), forked, reaped, begins.map(|turn| turn.begins)];
    let evidence = evidence.into_iter().flatten().chain(blocked.map(|event| event.seq));
    let detail = Detail::WorkerDeathIgnored {
        worker: death.worker,
        number: death.number,
        answer,
        told: is_told(case, death),
        waits: waits.to_vec(),
    };
    let reaped_at = reaped.and_then(|seq| case.run.site(seq));
    let at = waiting.and_then(|wait| wait.site).or(reaped_at);
    accuse(detail, evidence).at(at).from(forked.and_then(|seq| case.run.site(seq)))
}
