//! Sentences of the rules about pools of workers and their tasks.

use super::Explanation;
use crate::escape::block;
use crate::sentence::demand::demand;
use crate::sentence::name::{count, list};
use crate::sentence::wait;
use forklings_model::{Demand, Ending, EventKind, TaskId, Trace, Wait};

/// Waits that are told in full.
const TOLD: usize = 4;

pub(super) fn too_many_workers(demanded: &Demand, seen: u32, died: u32) -> Explanation {
    let died = match died {
        0 => "none of them had died".to_owned(),
        1 => "one of them had died".to_owned(),
        n => format!("{n} of them had died"),
    };
    Explanation {
        expected: demand(demanded),
        happened: format!("there were {}, and {died}", count(seen.into(), "worker", "workers")),
        likely: "a worker is made for each task or each call of map, or the loop that makes them goes \
                 round once too often. A pool makes its workers once, and each runs one task after the \
                 other"
            .to_owned(),
        experiment: "make the workers in new; after that fork only when a worker has died, one for one"
            .to_owned(),
        man: "man 2 fork",
    }
}

pub(super) fn task_run_twice(
    number: u32,
    first: TaskId,
    second: TaskId,
    trace: &Trace,
) -> Explanation {
    let ended = ending(first, trace).filter(|_| first != second);
    let (happened, likely, experiment) = match ended {
        Some(ending) if ending != Ending::Exited(0) => (
            format!(
                "task {number} was begun by {first}, which {}, and then again by {second}",
                crate::sentence::name::ended(ending)
            ),
            "a task whose worker dies is put back and given to the next one. What it had done by then \
             is done a second time, and a task that kills its worker kills them all, one by one",
            "answer the task with the worker's death, and give it to nobody again",
        ),
        _ => (
            format!("task {number} was begun by {first}, and again by {second}"),
            "the same task was handed out twice: the number of the next one was not counted on, or two \
             places hand out tasks",
            "let one variable say which task is next, and count on where it is handed out, nowhere else",
        ),
    };
    Explanation {
        expected: "each task is run once".to_owned(),
        happened,
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "the exercise's README",
    }
}

pub(super) fn worker_death_ignored(
    worker: TaskId,
    number: Option<u32>,
    answer: Option<&str>,
    told: bool,
    waits: &[Wait],
    trace: &Trace,
) -> Explanation {
    let ended = ending(worker, trace).map_or("ended".to_owned(), crate::sentence::name::ended);
    let at = number.map_or(String::new(), |number| format!(" at task {number}"));
    let died = format!("{worker} {ended}{at}");
    let (happened, likely, experiment) = match answer {
        Some(answer) => (
            format!("{died}, and the answer was {}", crate::escape::line(answer)),
            "an end of file in the place of an answer was taken for an empty answer or another failure",
            "tell the end of file from an answer, wait for the worker, and answer with its status",
        ),
        None if told => (
            match waits {
                [] => format!("{died}, no other worker took its place, and a task was not run"),
                waits => format!(
                    "{died}, and no other worker took its place:\n{}",
                    told_waits(waits, trace)
                ),
            },
            "the death is told, and the pool goes on with one worker less",
            "when a worker has died, reap it and fork another one in its place, with pipes of its own",
        ),
        None => (
            match waits {
                [] => format!("{died}, and the program went round and round until its time was up"),
                waits => format!("{died}, and nobody took notice:\n{}", told_waits(waits, trace)),
            },
            "the pool waits for an answer that cannot come. When a worker dies, the kernel closes its \
             end of the pipe: who reads the other end sees end of file, but only where nobody else \
             holds an end to write",
            "give each worker a pipe for its answers, keep no end of it to write, and take end of file \
             for what it is: this worker is dead",
        ),
    };
    Explanation {
        expected: "a worker's death is the answer to its task, and another worker takes its place"
            .to_owned(),
        happened,
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "man 7 pipe, \"I/O on pipes and FIFOs\"",
    }
}

pub(super) fn task_lost(number: u32, begun: bool, waits: &[Wait], trace: &Trace) -> Explanation {
    let (happened, likely, experiment) = if !waits.is_empty() {
        (
            format!(
                "nobody has begun task {number}, and nobody will:\n{}",
                told_waits(waits, trace)
            ),
            "the task was not handed out, while its answer is waited for",
            "hand out the next task whenever a worker is free, until there is none left; wait for as \
             many answers as there are tasks under way",
        )
    } else if begun {
        (
            format!("task {number} was begun, and there is no answer to it"),
            "a task without a result (its worker died, perhaps) was left out, and those after it moved \
             up",
            "keep a place for each task from the beginning, and fill every one",
        )
    } else {
        (
            format!("nobody ever began task {number}"),
            "the loop that hands out tasks ends too early: with the first answer that is missing, the \
             last worker, or one before the last task",
            "count: each task is handed out once, and answered once",
        )
    };
    Explanation {
        expected: "each task is run once, and has an answer".to_owned(),
        happened,
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "the exercise's README",
    }
}

pub(super) fn not_parallel(
    demanded: &Demand,
    at_work: &[u32],
    waits: &[Wait],
    trace: &Trace,
) -> Explanation {
    let numbers: Vec<String> = at_work.iter().map(ToString::to_string).collect();
    let (tasks, are) = if numbers.len() == 1 { ("task", "is") } else { ("tasks", "are") };
    Explanation {
        expected: demand(demanded),
        happened: format!(
            "only {tasks} {} {are} at work, and {} until others are:\n{}",
            list(&numbers, 4),
            if numbers.len() == 1 { "waits" } else { "wait" },
            told_waits(waits, trace)
        ),
        likely: "the pool waits for an answer before the other workers have a task; or it has dealt out \
                 the tasks beforehand, so that one worker has two and another none; or a lock is held \
                 while a task is run"
            .to_owned(),
        experiment: "give every worker a task before you wait for any answer, wait for whichever comes \
                     first, and give the next task to the worker that it came from"
            .to_owned(),
        man: "man 2 poll",
    }
}

pub(super) fn result_order(demanded: &Demand, actual: &[String]) -> Explanation {
    Explanation {
        expected: demand(demanded),
        happened: format!("they came in another order:\n{}", block(&actual.join("\n"), 6).join("\n")),
        likely: "the answers are kept in the order in which they arrived. Which worker is done first is \
                 not yours to know"
            .to_owned(),
        experiment: "remember which task each worker has, and put the answer in that task's place"
            .to_owned(),
        man: "the exercise's README",
    }
}

/// How the worker's process ended, if it did.
fn ending(worker: TaskId, trace: &Trace) -> Option<Ending> {
    trace.events.iter().filter(|event| event.task.proc == worker.proc).find_map(|event| {
        let EventKind::Ended { ending } = event.kind else { return None };
        Some(ending)
    })
}

fn told_waits(waits: &[Wait], trace: &Trace) -> String {
    let mut lines: Vec<String> =
        waits.iter().take(TOLD).map(|wait| wait::sentence(wait, trace)).collect();
    if waits.len() > TOLD {
        lines.push(format!("and {} more wait", waits.len() - TOLD));
    }
    lines.join("\n")
}
