//! Causes of wrong output that the events of a run give away.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "few of the many kinds of events and demands are about text"
)]

use super::order::text_of;
use crate::escape::quoted;
use crate::sentence::name::output_stream;
use forklings_model::{Demand, Event, EventKind, ProcId, Stream, Trace};

const EPIPE: i32 = 32;

/// Cause, experiment and manual page, where the events tell more than the output does.
pub(super) fn of_output(
    demanded: &Demand,
    trace: &Trace,
) -> Option<(String, String, &'static str)> {
    if let Some((proc, line)) = said_by_a_child_too(demanded, trace) {
        return Some((
            format!(
                "{proc}, a child, printed {} as P1 did: it went on in its parent's code, or flushed \
                 a copy of its parent's buffer",
                quoted(&line)
            ),
            "end the child with _exit inside its branch; it must never return from the \
             function that forked it"
                .to_owned(),
            "man 2 _exit, NOTES",
        ));
    }
    let proc = ignores_sigpipe(trace)?;
    Some((
        format!(
            "{proc}'s write failed with EPIPE, and no SIGPIPE ended it: the signal is ignored. \
             Every Rust program begins so, and execve keeps it"
        ),
        "give SIGPIPE its default effect again in the child, before it executes the program"
            .to_owned(),
        "man 2 execve, \"Effect on process attributes\"",
    ))
}

/// A line that there is too much of, and the child that wrote it beside the root.
fn said_by_a_child_too(demanded: &Demand, trace: &Trace) -> Option<(ProcId, String)> {
    let wanted = |line: &str| match demanded {
        Demand::Is { stream: Stream::Stdout, text } => {
            Some(text.lines().filter(|wanted| *wanted == line).count())
        }
        Demand::LinesInAnyOrder { stream: Stream::Stdout, lines } => {
            Some(lines.iter().filter(|wanted| *wanted == line).count())
        }
        Demand::LineTimes { stream: Stream::Stdout, line: wanted, times } if wanted == line => {
            usize::try_from(*times).ok()
        }
        Demand::NoLine { stream: Stream::Stdout, line: unwanted } if unwanted == line => Some(0),
        _ => None,
    };
    let all = text_of(Stream::Stdout, trace);
    let too_much = |line: &str| {
        wanted(line).is_some_and(|times| all.lines().filter(|have| *have == line).count() > times)
    };
    let of_root: Vec<String> =
        trace.events.iter().filter(|e| e.task.proc == ProcId::ROOT).flat_map(printed).collect();
    trace.events.iter().filter(|event| event.task.proc != ProcId::ROOT).find_map(|event| {
        let line = printed(event).find(|line| too_much(line) && of_root.contains(line))?;
        Some((event.task.proc, line))
    })
}

/// The lines of a write to standard output.
fn printed(event: &Event) -> impl Iterator<Item = String> {
    let bytes = match &event.kind {
        EventKind::Write(io) if io.fd == 1 && io.result.is_ok() => io.bytes.as_slice(),
        _ => &[],
    };
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// A process that executed a program and then wrote to nobody without being killed for it.
fn ignores_sigpipe(trace: &Trace) -> Option<ProcId> {
    let failed = trace.events.iter().filter(|event| {
        matches!(&event.kind, EventKind::Write(io)
            if io.result == Err(EPIPE) && output_stream(trace, io.object).is_none())
    });
    failed.map(|event| (event.task.proc, event.seq)).find_map(|(proc, seq)| {
        let executed = trace.events.iter().any(|event| {
            event.task.proc == proc
                && event.seq < seq
                && matches!(event.kind, EventKind::Exec { .. })
        });
        let killed = trace.events.iter().any(|event| {
            event.task.proc == proc
                && matches!(
                    event.kind,
                    EventKind::Ended { ending: forklings_model::Ending::Killed(_) }
                )
        });
        (executed && !killed).then_some(proc)
    })
}
