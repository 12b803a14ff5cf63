//! The output of a run as text and lines, and where in the run each line was written.

use crate::case::Case;
use crate::index::{is_write, transfer};
use forklings_model::{Event, ObjectKind, Stream, Trace};

/// The whole text of a stream. Bytes that are not UTF-8 become replacement characters.
pub(crate) fn text(trace: &Trace, stream: Stream) -> String {
    let bytes = match stream {
        Stream::Stdout => &trace.stdout,
        Stream::Stderr => &trace.stderr,
    };
    String::from_utf8_lossy(bytes).into_owned()
}

/// The lines of a stream, without their newlines. A last line without one counts.
pub(crate) fn lines(trace: &Trace, stream: Stream) -> Vec<String> {
    text(trace, stream).lines().map(str::to_owned).collect()
}

/// Lines in a fixed order, to compare them in any.
pub(crate) fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

/// The write that ended the first appearance of `line` on standard output.
pub(crate) fn written<'a>(case: &Case<'a>, line: &str) -> Option<&'a Event> {
    let mut end = 0;
    for found in case.trace().stdout.split(|byte| *byte == b'\n') {
        end += found.len();
        if String::from_utf8_lossy(found) == line {
            return case.run.stdout_write(end.saturating_sub(1));
        }
        end += 1;
    }
    None
}

/// The writes of two lines by one thread, the first appearance of `from` and the next of `to` after
/// it. `None` where one of them is missing.
pub(crate) fn between<'a>(case: &Case<'a>, from: &str, to: &str) -> Option<(&'a Event, &'a Event)> {
    let from = written(case, from)?;
    let later = case.run.after(from.seq).filter(|event| event.task == from.task);
    let mut writes = later.filter(|event| {
        is_write(event)
            && transfer(event).is_some_and(|io| case.run.is(io.object, &ObjectKind::Stdout))
    });
    let says = |event: &Event| {
        let bytes = transfer(event).map(|io| io.bytes.as_slice()).unwrap_or_default();
        bytes.split(|byte| *byte == b'\n').any(|line| String::from_utf8_lossy(line) == to)
    };
    Some((from, writes.find(|event| says(event))?))
}

/// The line that has most in common with a missing one, if that is at least half of it.
pub(crate) fn nearest<'a>(lines: &'a [String], missing: &str) -> Option<&'a String> {
    let common = |line: &String| {
        let before = line.bytes().zip(missing.bytes()).take_while(|(a, b)| a == b).count();
        let rest = line.len().min(missing.len()) - before;
        let after = line.bytes().rev().zip(missing.bytes().rev()).take_while(|(a, b)| a == b);
        before + after.take(rest).count()
    };
    lines.iter().filter(|line| 2 * common(line) >= missing.len()).max_by_key(|line| common(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_line_shares_its_beginning_and_its_end() {
        let lines = ["child 0: exited with 0", "all reaped", "x"].map(str::to_owned);
        assert_eq!(nearest(&lines, "child 0: exited with 7"), Some(&lines[0]));
        assert_eq!(nearest(&lines, "nothing of the kind"), None);
    }
}
