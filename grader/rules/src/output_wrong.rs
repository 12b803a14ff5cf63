//! output-wrong: a demand was not met that no other rule is about. Its page:
//! `docs/rules/output-wrong.md`.

use crate::case::{At, Case, accuse};
use crate::deeds;
use crate::index::Life;
use crate::lines::{lines, nearest, sorted, text, written};
use crate::order_violated::{came_too_early, same_lines_in_another_order};
use crate::tasks;
use crate::tree::Shape;
use forklings_model::{
    Demand, Detail, End, Ending, Event, EventKind, Finding, ProcId, Span, Stream, Trace,
};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let actual = actual(case, demand)?;
    let root = case.run.life(ProcId::ROOT);
    let end = root.and_then(|root| root.ended).map(|(seq, _)| seq);
    let shown = match demand {
        Demand::NoLine { stream: Stream::Stdout, line }
        | Demand::NoLineAfterFailure { line }
        | Demand::LineTimes { stream: Stream::Stdout, line, .. } => written(case, line),
        Demand::Line { stream: Stream::Stdout, .. } => written(case, &actual),
        Demand::NobodyWaits => waited(case),
        _ => None,
    };
    let forks = matches!(demand, Demand::Forks(_) | Demand::Tree { .. });
    let forked = case.run.lives().filter(|_| forks).filter_map(|life| life.forked);
    let after_failure = matches!(demand, Demand::NoLineAfterFailure { .. });
    let death = failed(case).filter(|_| after_failure).map(|(_, seq, _)| seq);
    let evidence = forked.chain(death).chain(end).chain(shown.map(|event| event.seq));
    let site = shown.and_then(|event| event.site).or_else(|| {
        let mut events = case.trace().events.iter();
        events.rfind(|event| forks && matches!(event.kind, EventKind::Forked { .. }))?.site
    });
    Some(accuse(Detail::OutputWrong { demand: demand.clone(), actual }, evidence).at(site))
}

/// What was there instead; `None` when the demand was met or another rule is about it.
fn actual(case: &Case<'_>, demand: &Demand) -> Option<String> {
    let trace = case.trace();
    match demand {
        Demand::Is { stream, text: wanted } => {
            let there = text(trace, *stream);
            let wrong = there != *wanted && !same_lines_in_another_order(&there, wanted);
            wrong.then_some(there)
        }
        Demand::Line { stream, line } => {
            let there = lines(trace, *stream);
            let missing = !there.contains(line);
            missing.then(|| nearest(&there, line).cloned().unwrap_or_else(|| text(trace, *stream)))
        }
        Demand::LineTimes { stream, line, times } => {
            let seen = count(trace, *stream, line);
            (seen != *times).then(|| format!("{seen} times"))
        }
        Demand::NoLine { stream, line } => {
            lines(trace, *stream).contains(line).then(|| line.clone())
        }
        Demand::NoLineAfterFailure { line } => {
            let (life, _, ending) = failed(case)?;
            let there = lines(trace, Stream::Stdout).contains(line);
            there.then(|| format!("{} {ending}", life.proc))
        }
        Demand::LinesInAnyOrder { stream, lines: wanted } => {
            let wrong = sorted(lines(trace, *stream)) != sorted(wanted.clone());
            wrong.then(|| text(trace, *stream))
        }
        // Without the two lines nobody knows what was between them.
        Demand::Before { first, second }
        | Demand::MaskRestored { from: first, to: second }
        | Demand::HandlersRestored { from: first, to: second } => {
            let there = lines(trace, Stream::Stdout);
            let missing = !there.contains(first) || !there.contains(second);
            missing.then(|| text(trace, Stream::Stdout))
        }
        Demand::Ends(wanted) => match trace.root_ending() {
            Some(ending) => (ending != *wanted).then(|| ending.to_string()),
            None => Some(cut_short(&trace.end).to_owned()),
        },
        Demand::Forks(wanted) => {
            let seen = case.run.forks();
            let few = u32::try_from(seen).is_ok_and(|seen| seen < *wanted);
            few.then(|| format!("{seen} processes"))
        }
        Demand::Tree { parents, .. } => {
            let seen = Shape::of_run(&case.run);
            let too_many = case.run.forks() > parents.len();
            (!too_many && seen != Shape::of_parents(parents)).then(|| described(case))
        }
        Demand::Unmapped { during } | Demand::GrowsAtMost { during, .. } => {
            let Some(Span { from, to }) = during else { return None };
            let there = lines(trace, Stream::Stdout);
            let missing = !there.contains(from) || !there.contains(to);
            missing.then(|| text(trace, Stream::Stdout))
        }
        Demand::AtMostAlive(_)
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::ReapedBefore { .. }
        | Demand::OneAtATime { .. }
        | Demand::WaitsAsleep => None,
        Demand::NobodyWaits => waited(case).map(|event| event.task.to_string()),
        Demand::Done(deed) => deeds::instead(case, *deed),
        // Fewer answers are lost tasks, and another order is a rule of its own.
        Demand::Answers(wanted) => {
            let (there, permuted) = tasks::compared(trace, wanted);
            let wrong = there != *wanted && !permuted && there.len() >= wanted.len();
            wrong.then(|| there.join("\n"))
        }
        Demand::TasksOnce(_) | Demand::Workers(_) => None,
    }
}

/// Whether the demand was broken for good by what a run that was cut short had done by then,
/// rather than only not met yet.
pub(crate) fn is_lasting(trace: &Trace, demand: &Demand) -> bool {
    match demand {
        Demand::NoLine { .. } => true,
        Demand::Is { stream, text: wanted } => !wanted.starts_with(&text(trace, *stream)),
        Demand::LineTimes { stream, line, times } => count(trace, *stream, line) > *times,
        Demand::LinesInAnyOrder { stream, lines: wanted } => {
            let there = lines(trace, *stream);
            there.iter().any(|line| {
                let times = |lines: &[String]| lines.iter().filter(|l| *l == line).count();
                times(&there) > times(wanted)
            })
        }
        Demand::Before { first, second } => came_too_early(trace, first, second),
        Demand::Line { .. }
        | Demand::NoLineAfterFailure { .. }
        | Demand::Ends(_)
        | Demand::Forks(_)
        | Demand::AtMostAlive(_)
        | Demand::Tree { .. }
        | Demand::ReapedBefore { .. }
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::WaitsAsleep
        | Demand::NobodyWaits
        | Demand::OneAtATime { .. }
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. }
        | Demand::Done(_)
        | Demand::TasksOnce(_)
        | Demand::Answers(_)
        | Demand::Workers(_) => false,
    }
}

/// The first process, the root aside, that ended otherwise than with status 0: who, when and how.
fn failed<'a>(case: &'a Case<'_>) -> Option<(&'a Life, u32, Ending)> {
    case.run.lives().filter(|life| life.proc != ProcId::ROOT).find_map(|life| {
        let (seq, ending) = life.ended?;
        (ending != Ending::Exited(0)).then_some((life, seq, ending))
    })
}

/// The first time that somebody waited.
fn waited<'a>(case: &Case<'a>) -> Option<&'a Event> {
    let waits =
        |event: &&Event| matches!(event.kind, EventKind::Blocked { .. } | EventKind::Slept { .. });
    case.trace().events.iter().find(waits)
}

fn count(trace: &Trace, stream: Stream, line: &str) -> u32 {
    let times = lines(trace, stream).iter().filter(|there| *there == line).count();
    u32::try_from(times).unwrap_or(u32::MAX)
}

fn cut_short(end: &End) -> &'static str {
    match end {
        End::Root { .. } => "the end",
        End::Deadlock { .. } => "deadlock",
        End::TimeLimit { .. } => "time limit",
        End::ProcessLimit { .. } => "process limit",
        End::MemoryLimit { .. } => "memory limit",
        End::OutputLimit { .. } => "output limit",
        End::NoRun => "no run",
        End::Abandoned { .. } => "abandoned",
    }
}

/// The tree of a run in words: `P1 forked P2 and P3; P2 forked P4`.
fn described(case: &Case<'_>) -> String {
    let families = case.run.lives().filter_map(|life| {
        let children: Vec<String> =
            case.run.children(life.proc).map(|child| child.proc.to_string()).collect();
        let (last, others) = children.split_last()?;
        let list = match others {
            [] => last.clone(),
            others => format!("{} and {last}", others.join(", ")),
        };
        Some(format!("{} forked {list}", life.proc))
    });
    let families: Vec<String> = families.collect();
    if families.is_empty() { "nobody forked".to_owned() } else { families.join("; ") }
}
