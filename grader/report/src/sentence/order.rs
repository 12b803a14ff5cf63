//! Sentences of the rules about order and output.

use super::Explanation;
use crate::escape::{block, quoted};
use crate::sentence::demand::{demand, stream};
use crate::sentence::name::{count, span};
use forklings_model::{Demand, Ending, EventKind, ProcId, Stream, Trace};

pub(super) fn by_sleep(
    proc: ProcId,
    asked: u64,
    demanded: &Demand,
    confirmed: bool,
    trace: &Trace,
) -> Explanation {
    if *demanded == Demand::NeverSleeps {
        return Explanation {
            expected: demand(demanded),
            happened: format!("{proc} slept {}", span(asked)),
            likely:
                "a sleep stands where a wait belongs. It ends when its time is up, not when the \
                     other one is ready: now too early, now too late"
                    .to_owned(),
            experiment: "take the sleep out and wait for the event itself: sigsuspend or sigwait \
                         for a signal, waitpid for a child's end"
                .to_owned(),
            man: "man 2 sigsuspend; man 3 sigwait",
        };
    }
    let likely = if confirmed {
        "a sleep stands where a wait belongs. The same run was repeated with nothing changed but the \
         clock, so that the sleep ended last: then all was right. How long others need is never \
         certain"
    } else {
        "a sleep stands where a wait belongs. How long others need is never certain: here the clock \
         simply ran ahead of them"
    };
    Explanation {
        expected: demand(demanded),
        happened: format!(
            "{proc} slept {} and then went on, but what it slept for had not happened yet{}",
            span(asked),
            order_seen(demanded, trace)
        ),
        likely: likely.to_owned(),
        experiment: "take the sleep out and wait for the event itself: waitpid for a child's end, \
                     read from a pipe for a go-ahead, sigsuspend for a signal"
            .to_owned(),
        man: "man 3 sleep; man 2 waitpid",
    }
}

pub(super) fn violated(demanded: &Demand, trace: &Trace) -> Explanation {
    Explanation {
        expected: demand(demanded),
        happened: match demanded {
            Demand::Before { first, second } => {
                format!("{} came first, and {} after it", quoted(second), quoted(first))
            }
            Demand::ReapedBefore { line } => {
                format!("{} was written before a child had been reaped", quoted(line))
            }
            Demand::Is { .. }
            | Demand::Line { .. }
            | Demand::LineTimes { .. }
            | Demand::NoLine { .. }
            | Demand::NoLineAfterFailure { .. }
            | Demand::LinesInAnyOrder { .. }
            | Demand::Ends(_)
            | Demand::Forks(_)
            | Demand::AtMostAlive(_)
            | Demand::Tree { .. }
            | Demand::StatusesTaken
            | Demand::NeverSleeps
            | Demand::MaskRestored { .. }
            | Demand::HandlersRestored { .. }
            | Demand::WaitsAsleep
            | Demand::OneAtATime { .. }
            | Demand::NobodyWaits
            | Demand::Unmapped { .. }
            | Demand::GrowsAtMost { .. }
            | Demand::TasksOnce(_)
            | Demand::Answers(_)
            | Demand::Workers(_)
            | Demand::Done(_) => {
                let text = String::from_utf8_lossy(&trace.stdout).into_owned();
                format!("the lines are there, in another order:\n{}", block(&text, 8).join("\n"))
            }
        },
        likely: "nothing in the program makes the later one wait for the earlier one. After fork \
                 both processes run, and who is first is not yours to know"
            .to_owned(),
        experiment: "let the later one wait: by waitpid, by a byte through a pipe, by a signal \
                     that was blocked before the fork"
            .to_owned(),
        man: "man 2 fork; man 2 waitpid",
    }
}

pub(super) fn output_wrong(demanded: &Demand, actual: &str, trace: &Trace) -> Explanation {
    let (likely, experiment, man) = match super::cause::of_output(demanded, trace) {
        Some(cause) => cause,
        None => {
            let (likely, experiment) = cause(demanded, trace);
            (likely.to_owned(), experiment.to_owned(), man(demanded, trace))
        }
    };
    Explanation {
        expected: demand(demanded),
        happened: seen(demanded, actual, trace) + &complaint(demanded, trace),
        likely,
        experiment,
        man,
    }
}

/// What was there instead, of a run without events.
pub(super) fn instead(demanded: &Demand, actual: &str, trace: &Trace) -> String {
    let text = text_of(Stream::Stdout, trace);
    let there = |line: &str| text.lines().any(|there| there == line);
    if let Demand::Before { first, second } = demanded
        && there(first)
        && there(second)
    {
        return violated(demanded, trace).happened;
    }
    seen(demanded, actual, trace)
}

/// What was there instead.
fn seen(demanded: &Demand, actual: &str, trace: &Trace) -> String {
    match demanded {
        Demand::Is { stream: s, text } => difference(*s, text, &text_of(*s, trace)),
        Demand::Line { stream: s, .. } => {
            let text = text_of(*s, trace);
            let near = text.lines().count() > 1 && text.lines().any(|line| line == actual);
            let near =
                if near { format!("most like it is {}; ", quoted(actual)) } else { String::new() };
            near + &whole(*s, &text)
        }
        Demand::LineTimes { stream: s, line, .. } => {
            let text = text_of(*s, trace);
            let times = match seen_times(*s, line, trace) {
                0 => "it is not there".to_owned(),
                1 => "it is there once".to_owned(),
                2 => "it is there twice".to_owned(),
                n => format!("it is there {n} times"),
            };
            format!("{times}; {}", whole(*s, &text))
        }
        Demand::NoLine { stream: s, .. } | Demand::LinesInAnyOrder { stream: s, .. } => {
            whole(*s, &text_of(*s, trace))
        }
        Demand::Before { .. }
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. } => whole(Stream::Stdout, &text_of(Stream::Stdout, trace)),
        Demand::Forks(_) => {
            let made = trace.processes.len().saturating_sub(1) as u64;
            format!("the program made {}", count(made, "process", "processes"))
        }
        Demand::Ends(_) => match trace.root_ending() {
            Some(ending) => format!("P1 {}", super::name::ended(ending)) + &last_error(trace),
            None => super::end::end(trace),
        },
        Demand::AtMostAlive(_)
        | Demand::Tree { .. }
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::ReapedBefore { .. }
        | Demand::OneAtATime { .. }
        | Demand::WaitsAsleep => crate::escape::line(actual),
        Demand::NobodyWaits => format!("{} waited", crate::escape::line(actual)),
        Demand::NoLineAfterFailure { line } => {
            let failed = trace.events.iter().find_map(|event| {
                let EventKind::Ended { ending } = event.kind else { return None };
                let proc = event.task.proc;
                let is_failure = proc != ProcId::ROOT && ending != Ending::Exited(0);
                is_failure.then(|| format!("{proc} {}", super::name::ended(ending)))
            });
            // A run without events is told by what the rule has seen.
            let failed = failed.unwrap_or_else(|| crate::escape::line(actual));
            format!("{failed}, and yet the program wrote {}", quoted(line))
        }
        Demand::Answers(_) => format!("they are\n{}", block(actual, 6).join("\n")),
        Demand::TasksOnce(_) | Demand::Workers(_) => crate::escape::line(actual),
        Demand::Done(deed) => super::deed::seen(*deed, actual),
    }
}

/// What to try when the result is wrong and nothing tells why.
const BESIDE: &str = "read the timeline beside the contract, the comment above your function: is a \
                      call missing, too early, or made by another process? Then run the scenario \
                      yourself";

fn cause(demanded: &Demand, trace: &Trace) -> (&'static str, &'static str) {
    match demanded {
        Demand::Ends(_) => (
            "an error was returned that should not occur here, or one was hidden that should be \
             passed on",
            "look at the last lines of the timeline: which call failed, and what became of its error?",
        ),
        Demand::NoLineAfterFailure { .. } => (
            "nobody looked how the child ended. What it sent may be whole, and the child has failed \
             nevertheless: its end comes after the sending",
            "match on what waitpid gives: only Exited(_, 0) is success; another code, and every \
             signal, is an error for your caller",
        ),
        Demand::Forks(_) => {
            ("fork is not called as often as the contract says", "count the forks in the timeline")
        }
        Demand::Tree { parents, .. } if trace.processes.len() <= parents.len() => (
            "a process is missing, as nobody forked it: an error or a wait came before that fork, \
             or the process that was to go on and fork the next one ended instead",
            "look at the timeline where the fork is missing: who was to call it, and what happened \
             instead?",
        ),
        Demand::Tree { .. } => (
            "the children are forked by the wrong process: who calls fork decides the shape",
            "draw the tree; at each fork, who goes on to fork the next, the parent or the child?",
        ),
        Demand::AtMostAlive(_)
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::ReapedBefore { .. }
        | Demand::OneAtATime { .. }
        | Demand::WaitsAsleep => {
            ("a child is not waited for as the contract says", "look at the waits in the timeline")
        }
        Demand::NobodyWaits => (
            "a call that waits stands where there is nothing to wait for, or a short time-out was \
             taken for none",
            "use a call that answers at once: O_NONBLOCK, or a time-out of 0",
        ),
        Demand::Answers(_) | Demand::TasksOnce(_) | Demand::Workers(_) => {
            ("your code gives other answers than its contract asks for", BESIDE)
        }
        Demand::Done(deed) => super::deed::cause(*deed),
        Demand::LineTimes { stream: s, line, times } if seen_times(*s, line, trace) > *times => (
            "a line that comes too often was often written by a child too: it flushed a copy of its \
             parent's buffer, or went on in its parent's code",
            "end the child with _exit inside its branch",
        ),
        Demand::Is { .. }
        | Demand::Line { .. }
        | Demand::LineTimes { .. }
        | Demand::NoLine { .. }
        | Demand::LinesInAnyOrder { .. }
        | Demand::Before { .. }
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. } => {
            if trace.stderr.is_empty() {
                ("your code gives another result than its contract asks for", BESIDE)
            } else {
                (
                    "the program stopped or went another way before it came to that: see what it \
                     wrote to standard error",
                    "look at the last lines of the timeline: which call failed, and what became of \
                     its error?",
                )
            }
        }
    }
}

fn man(demanded: &Demand, trace: &Trace) -> &'static str {
    match demanded {
        Demand::Forks(_) | Demand::Tree { .. } => "man 2 fork",
        Demand::Ends(_) => "man 3 exit",
        Demand::LineTimes { stream: s, line, times } if seen_times(*s, line, trace) > *times => {
            "man 2 _exit, NOTES"
        }
        Demand::AtMostAlive(_)
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::ReapedBefore { .. }
        | Demand::OneAtATime { .. }
        | Demand::NoLineAfterFailure { .. }
        | Demand::WaitsAsleep => "man 2 waitpid",
        Demand::NobodyWaits => "man 7 pipe, O_NONBLOCK",
        Demand::Answers(_) | Demand::TasksOnce(_) | Demand::Workers(_) => "the exercise's README",
        Demand::Done(deed) => super::deed::man(*deed),
        Demand::Is { .. }
        | Demand::Line { .. }
        | Demand::LineTimes { .. }
        | Demand::NoLine { .. }
        | Demand::LinesInAnyOrder { .. }
        | Demand::Before { .. }
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. } => "the exercise's README",
    }
}

/// The order that was seen, for demands of order.
fn order_seen(demanded: &Demand, trace: &Trace) -> String {
    match demanded {
        Demand::Before { first, second } => {
            format!(": {} came before {}", quoted(second), quoted(first))
        }
        Demand::Is { stream: s, .. }
        | Demand::Line { stream: s, .. }
        | Demand::LineTimes { stream: s, .. }
        | Demand::NoLine { stream: s, .. }
        | Demand::LinesInAnyOrder { stream: s, .. } => {
            format!("\n{}", whole(*s, &text_of(*s, trace)))
        }
        Demand::Ends(_)
        | Demand::NoLineAfterFailure { .. }
        | Demand::Forks(_)
        | Demand::AtMostAlive(_)
        | Demand::Tree { .. }
        | Demand::ReapedBefore { .. }
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::WaitsAsleep
        | Demand::OneAtATime { .. }
        | Demand::NobodyWaits
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. }
        | Demand::TasksOnce(_)
        | Demand::Answers(_)
        | Demand::Workers(_)
        | Demand::Done(_) => String::new(),
    }
}

fn seen_times(s: Stream, line: &str, trace: &Trace) -> u32 {
    let times = text_of(s, trace).lines().filter(|there| *there == line).count();
    u32::try_from(times).unwrap_or(u32::MAX)
}

pub(super) fn text_of(s: Stream, trace: &Trace) -> String {
    let bytes = match s {
        Stream::Stdout => &trace.stdout,
        Stream::Stderr => &trace.stderr,
    };
    String::from_utf8_lossy(bytes).into_owned()
}

fn whole(s: Stream, text: &str) -> String {
    if text.is_empty() {
        return format!("{} is empty", stream(s));
    }
    format!("{} is\n{}", stream(s), block(text, 8).join("\n"))
}

/// The first line that differs, which is worth more than two long texts.
fn difference(s: Stream, expected: &str, actual: &str) -> String {
    if actual.is_empty() {
        return format!("{} is empty", stream(s));
    }
    let mut expected_lines = expected.lines();
    for (n, have) in actual.lines().enumerate() {
        match expected_lines.next() {
            Some(want) if want == have => {}
            Some(want) => {
                return format!(
                    "line {} of {} is\n│ {}\ninstead of\n│ {}",
                    n + 1,
                    stream(s),
                    crate::escape::line(have),
                    crate::escape::line(want)
                );
            }
            None => {
                let more = count((actual.lines().count() - n) as u64, "line", "lines");
                return format!(
                    "{} goes on with {more} more, the first of them {}",
                    stream(s),
                    quoted(have)
                );
            }
        }
    }
    match expected_lines.next() {
        Some(want) => format!("{} ends before the line {}", stream(s), quoted(want)),
        None => format!("{} differs only in the newline at its end", stream(s)),
    }
}

/// What was said on standard error, where the demand is about standard output: it often is the
/// reason.
fn complaint(demanded: &Demand, trace: &Trace) -> String {
    let about_stdout = match demanded {
        Demand::Is { stream, .. }
        | Demand::Line { stream, .. }
        | Demand::LineTimes { stream, .. }
        | Demand::NoLine { stream, .. }
        | Demand::LinesInAnyOrder { stream, .. } => *stream == Stream::Stdout,
        Demand::Before { .. }
        | Demand::MaskRestored { .. }
        | Demand::HandlersRestored { .. }
        | Demand::Unmapped { .. }
        | Demand::GrowsAtMost { .. } => true,
        Demand::Ends(_)
        | Demand::NoLineAfterFailure { .. }
        | Demand::Forks(_)
        | Demand::AtMostAlive(_)
        | Demand::Tree { .. }
        | Demand::ReapedBefore { .. }
        | Demand::StatusesTaken
        | Demand::NeverSleeps
        | Demand::WaitsAsleep
        | Demand::OneAtATime { .. }
        | Demand::NobodyWaits
        | Demand::TasksOnce(_)
        | Demand::Answers(_)
        | Demand::Workers(_)
        | Demand::Done(_) => false,
    };
    if !about_stdout {
        return String::new();
    }
    last_error(trace).replacen("; ", "\n", 1)
}

fn last_error(trace: &Trace) -> String {
    let text = String::from_utf8_lossy(&trace.stderr).into_owned();
    text.lines().rfind(|line| !line.trim().is_empty()).map_or(String::new(), |line| {
        format!("; the last line on standard error is {}", quoted(line))
    })
}
