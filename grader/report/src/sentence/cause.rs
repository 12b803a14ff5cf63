//! Causes of wrong output that the events of a run give away.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "few of the many kinds of events and demands are about text"
)]

use super::order::text_of;
use crate::escape::quoted;
use crate::place::is_given;
use crate::sentence::name::output_stream;
use forklings_model::{Demand, Event, EventKind, ObjectKind, ProcId, Stream, Trace};

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
            "end the child with _exit inside its branch; it must never leave the function that \
             forked it, neither by a return nor by a panic (catch_unwind stops one)"
                .to_owned(),
            "man 2 _exit, NOTES",
        ));
    }
    if let Some(message) = panic_of_own(trace) {
        return Some((
            format!("your code panicked ({}), so what should come after that did not", quoted(&message)),
            "mend that first: the panic tells its place on standard error, and the timeline what led \
             to it"
            .to_owned(),
            "std::panic",
        ));
    }
    if let Some((one, other)) = wrote_in_turns(trace) {
        return Some((
            format!(
                "{one} and {other} wrote into one pipe in turns. Only the bytes of a single write of at \
                 most PIPE_BUF (4096) stay together; between two writes another's may come"
            ),
            "send what belongs together by one write, and where it takes several, let each say whose \
             bytes they are; or give each writer a pipe of its own"
                .to_owned(),
            "man 7 pipe, PIPE_BUF",
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

/// What a panic says that began in the student's file. The given driver panics on purpose only.
fn panic_of_own(trace: &Trace) -> Option<String> {
    let text = text_of(Stream::Stderr, trace);
    let (_, report) = text.rsplit_once("panicked at ")?;
    let (place, after) = report.split_once('\n')?;
    place.contains("src/lib.rs:").then(|| after.lines().next().unwrap_or_default().to_owned())
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

/// Two processes of which one wrote into a pipe of the student's between two writes of the other.
fn wrote_in_turns(trace: &Trace) -> Option<(ProcId, ProcId)> {
    let pipes = trace
        .objects
        .iter()
        .filter(|object| object.kind == ObjectKind::Pipe && !is_given(trace, object.made_at));
    pipes.map(|pipe| pipe.object).find_map(|pipe| {
        let writers = trace.events.iter().filter_map(|event| match &event.kind {
            EventKind::Write(io) if io.object == Some(pipe) && io.result.is_ok() => {
                Some(event.task.proc)
            }
            _ => None,
        });
        let mut turns: Vec<ProcId> = writers.collect();
        turns.dedup();
        let back = |(n, one): (usize, &ProcId)| turns[..n].contains(one).then_some(n);
        let n = turns.iter().enumerate().find_map(back)?;
        Some((*turns.get(n)?, *turns.get(n.checked_sub(1)?)?))
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
