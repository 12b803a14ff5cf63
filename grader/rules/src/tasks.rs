//! The tasks of a pool, as those say themselves who run them (`task 3 begins`, `task 3 ends` on
//! standard output), what came of them (`answer 3: …`), and which workers died. It knows no rule.

use crate::case::Case;
use crate::index::{is_write, transfer};
use crate::lines::lines;
use forklings_model::{
    Demand, End, Ending, Event, EventKind, ObjectKind, ProcId, Stream, TaskId, Trace, WaitsFor,
};
use std::collections::BTreeSet;

/// One time that a task was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The task's number.
    pub(crate) number: u32,
    /// Who ran it.
    pub(crate) who: TaskId,
    /// The write that says that it begins.
    pub(crate) begins: u32,
    /// Whether it came to its end.
    pub(crate) ended: bool,
    /// The end of its worker, where that came first.
    pub(crate) died: Option<u32>,
}

/// A worker that did not come to its end in peace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Death {
    /// Which.
    pub(crate) worker: TaskId,
    /// The event of its end.
    pub(crate) seq: u32,
    /// The task that it was at, if it had begun one.
    pub(crate) number: Option<u32>,
}

/// Whether the test speaks of tasks at all.
pub(crate) fn are_demanded(case: &Case<'_>) -> bool {
    case.demands.iter().any(|demand| {
        matches!(demand, Demand::TasksOnce(_) | Demand::Answers(_) | Demand::Workers(_))
    })
}

/// Every time that a task was run, in the order of their beginnings.
pub(crate) fn turns(case: &Case<'_>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for event in lifetime(case) {
        let open = |turn: &&mut Turn| !turn.ended && turn.died.is_none();
        match &event.kind {
            EventKind::Write(_) => {
                for (number, begins) in marks(case, event) {
                    if begins {
                        let (who, begins) = (event.task, event.seq);
                        turns.push(Turn { number, who, begins, ended: false, died: None });
                    } else if let Some(turn) = turns
                        .iter_mut()
                        .filter(open)
                        .find(|turn| turn.who == event.task && turn.number == number)
                    {
                        turn.ended = true;
                    }
                }
            }
            EventKind::Ended { .. } => {
                let own = turns.iter_mut().filter(open);
                let own = own.filter(|turn| turn.who.proc == event.task.proc);
                own.for_each(|turn| turn.died = Some(event.seq));
            }
            EventKind::ThreadEnded => {
                let own = turns.iter_mut().filter(open).filter(|turn| turn.who == event.task);
                own.for_each(|turn| turn.died = Some(event.seq));
            }
            _ => {}
        }
    }
    turns
}

/// Every worker that died at a task, or by a signal.
pub(crate) fn deaths(case: &Case<'_>) -> Vec<Death> {
    let mut all: Vec<Death> = turns(case)
        .iter()
        .filter_map(|turn| {
            Some(Death { worker: turn.who, seq: turn.died?, number: Some(turn.number) })
        })
        .collect();
    for event in lifetime(case) {
        let EventKind::Ended { ending: Ending::Killed(_) } = event.kind else { continue };
        let proc = event.task.proc;
        if proc != ProcId::ROOT && all.iter().all(|death| death.worker.proc != proc) {
            all.push(Death { worker: TaskId::main(proc), seq: event.seq, number: None });
        }
    }
    all.sort_by_key(|death| death.seq);
    all
}

/// Who is at a task when everybody waits, and waits there itself.
pub(crate) fn at_work(case: &Case<'_>) -> Vec<Turn> {
    let End::Deadlock { waits } = &case.trace().end else { return Vec::new() };
    let waits = |turn: &Turn| waits.iter().any(|wait| wait.task == turn.who);
    let open = turns(case).into_iter().filter(|turn| !turn.ended && turn.died.is_none());
    open.filter(waits).collect()
}

/// Whether somebody waits for room in a pipe or the like when everybody waits.
pub(crate) fn is_full(trace: &Trace) -> bool {
    let End::Deadlock { waits } = &trace.end else { return false };
    waits.iter().any(|wait| matches!(wait.on, WaitsFor::Writable { .. }))
}

/// The answers in the order in which they were printed, each with the number before it.
pub(crate) fn answers(trace: &Trace) -> Vec<(u32, String)> {
    let answer = |line: &String| {
        let (number, text) = line.strip_prefix("answer ")?.split_once(": ")?;
        Some((number.parse().ok()?, text.to_owned()))
    };
    lines(trace, Stream::Stdout).iter().filter_map(answer).collect()
}

/// The answers without their numbers, and whether they are those that are wanted in another order.
pub(crate) fn compared(trace: &Trace, wanted: &[String]) -> (Vec<String>, bool) {
    let there: Vec<String> = answers(trace).into_iter().map(|(_, text)| text).collect();
    let sorted = |texts: &[String]| crate::lines::sorted(texts.to_vec());
    let permuted = there != wanted && sorted(&there) == sorted(wanted);
    (there, permuted)
}

/// The events that made the workers: the forks of the first process, or where it does not fork the
/// starts of its threads.
pub(crate) fn made<'a>(case: &Case<'a>) -> Vec<&'a Event> {
    let of_root = |makes: fn(&EventKind) -> bool| -> Vec<&'a Event> {
        case.run.of(ProcId::ROOT).filter(|event| makes(&event.kind)).collect()
    };
    let forks = of_root(|kind| matches!(kind, EventKind::Forked { .. }));
    if forks.is_empty() {
        of_root(|kind| matches!(kind, EventKind::ThreadStarted { .. }))
    } else {
        forks
    }
}

/// How many different processes and threads ran tasks.
pub(crate) fn workers(turns: &[Turn]) -> usize {
    turns.iter().map(|turn| turn.who).collect::<BTreeSet<_>>().len()
}

/// The events up to the end of the first process: who is killed after that did not die. Nor did who
/// still waits when everybody waits.
fn lifetime<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Event> {
    let trace = case.trace();
    let ends = |event: &&Event| {
        event.task.proc == ProcId::ROOT && matches!(event.kind, EventKind::Ended { .. })
    };
    let end = trace.events.iter().find(ends).map_or(u32::MAX, |event| event.seq);
    let waits = |event: &Event| match &trace.end {
        End::Deadlock { waits } => waits.iter().any(|wait| wait.task == event.task),
        _ => false,
    };
    trace.events.iter().filter(move |event| {
        let dies = matches!(event.kind, EventKind::Ended { .. } | EventKind::ThreadEnded);
        event.seq < end && !(dies && waits(event))
    })
}

/// The marks that a write makes: numbers of tasks, and whether they begin.
fn marks(case: &Case<'_>, event: &Event) -> Vec<(u32, bool)> {
    let Some(io) = transfer(event).filter(|_| is_write(event)) else { return Vec::new() };
    if io.result.is_err() || !case.run.is(io.object, &ObjectKind::Stdout) {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&io.bytes);
    let mark = |line: &str| {
        let (number, what) = line.strip_prefix("task ")?.split_once(' ')?;
        let begins = match what {
            "begins" => true,
            "ends" => false,
            _ => return None,
        };
        Some((number.parse().ok()?, begins))
    };
    text.lines().filter_map(mark).collect()
}
