//! What a test demands of every run, in words.

use crate::escape::quoted;
use crate::sentence::name::{count, ended, size};
use forklings_model::{Demand, Span, Stream};

/// The demand as a sentence without its full stop: `standard output has the line "x"`.
#[must_use]
pub fn demand(demand: &Demand) -> String {
    match demand {
        Demand::Is { stream, text } => match text.lines().count() {
            0 => format!("{} stays empty", self::stream(*stream)),
            1 => format!("{} is exactly {}", self::stream(*stream), quoted(text)),
            n => {
                let lines = crate::escape::block(text, 6).join("\n");
                format!("{} is exactly these {n} lines:\n{lines}", self::stream(*stream))
            }
        },
        Demand::Line { stream, line } => {
            format!("{} has the line {}", self::stream(*stream), quoted(line))
        }
        Demand::LineTimes { stream, line, times } => {
            let (stream, line) = (self::stream(*stream), quoted(line));
            format!("{stream} has the line {line} {}", self::times(*times))
        }
        Demand::NoLine { stream, line } => {
            format!("{} does not have the line {}", self::stream(*stream), quoted(line))
        }
        Demand::NoLineAfterFailure { line } => format!(
            "where a child ended otherwise than with status 0, standard output does not have the \
             line {}",
            quoted(line)
        ),
        Demand::LinesInAnyOrder { stream, lines } => {
            let text = crate::escape::block(&lines.join("\n"), 6).join("\n");
            format!(
                "{} has these lines and no others, in any order:\n{text}",
                self::stream(*stream)
            )
        }
        Demand::Before { first, second } => {
            format!("the line {} comes before the line {}", quoted(first), quoted(second))
        }
        Demand::Ends(ending) => format!("the program (P1) {}", present(*ending)),
        Demand::Forks(n) => {
            format!(
                "the program makes {}, P1 not counted",
                count((*n).into(), "process", "processes")
            )
        }
        Demand::AtMostAlive(k) => {
            let children = count((*k).into(), "child", "children");
            format!("P1 never has more than {children} at once (from fork to reaping)")
        }
        Demand::Tree { parents, shape } => {
            let made = count(parents.len() as u64, "process", "processes");
            format!("the processes form a {}: {made} below P1", crate::escape::line(shape))
        }
        Demand::ReapedBefore { line } => {
            format!("every child has been reaped when the line {} is written", quoted(line))
        }
        Demand::MaskRestored { from, to } => format!(
            "the signal mask at the line {} is the one at the line {}",
            quoted(to),
            quoted(from)
        ),
        Demand::HandlersRestored { from, to } => format!(
            "what each signal does at the line {} is what it did at the line {}",
            quoted(to),
            quoted(from)
        ),
        Demand::NeverSleeps => "nobody sleeps for a time".to_owned(),
        Demand::StatusesTaken => "the parent takes the status of every child by a wait".to_owned(),
        Demand::WaitsAsleep => "whoever has to wait sleeps until it is time".to_owned(),
        Demand::OneAtATime { enter, leave } => format!(
            "between its lines {} and {} a process is alone there",
            quoted(enter),
            quoted(leave)
        ),
        Demand::NobodyWaits => "nobody waits, however short".to_owned(),
        Demand::Unmapped { during } => {
            format!("every mapping that is made{} is unmapped", self::during(during.as_ref()))
        }
        Demand::GrowsAtMost { kib, during } => format!(
            "the private memory of P1 grows by {} at most{}",
            size(u64::from(*kib) * 1024),
            self::during(during.as_ref())
        ),
        Demand::Done(deed) => super::deed::deed(*deed),
        Demand::TasksOnce(1) => "the task is run once".to_owned(),
        Demand::TasksOnce(n) => format!("each of {n} tasks is run once"),
        Demand::Answers(answers) => {
            let text = crate::escape::block(&answers.join("\n"), 6).join("\n");
            format!("the answers to the tasks are, in this order:\n{text}")
        }
        Demand::Workers(n) => {
            let workers = count((*n).into(), "worker runs", "workers run");
            format!("{workers} the tasks, all of them at once, and no more workers are made")
        }
    }
}

/// From when to when, where that is not the whole run.
fn during(span: Option<&Span>) -> String {
    span.map_or_else(String::new, |Span { from, to }| {
        format!(" between the lines {} and {}", quoted(from), quoted(to))
    })
}

/// The stream's name.
#[must_use]
pub const fn stream(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "standard output",
        Stream::Stderr => "standard error",
    }
}

fn times(n: u32) -> String {
    match n {
        1 => "exactly once".to_owned(),
        2 => "exactly twice".to_owned(),
        n => format!("exactly {n} times"),
    }
}

/// How a process ends, as a demand: `exits with status 0`.
pub(super) fn present(ending: forklings_model::Ending) -> String {
    match ending {
        forklings_model::Ending::Exited(code) => format!("exits with status {code}"),
        killed @ forklings_model::Ending::Killed(_) => ended(killed).replace("was", "is"),
    }
}
