//! What a process said on standard error, and the panic in it.

use super::life::Panic;
use forklings_model::{EventKind, ObjectKind, ProcId, Trace};

/// What the standard panic hook prints before the place.
const MARK: &str = "panicked at ";

/// The text that `proc` wrote to standard error, and the first panic that it reports.
pub(super) fn of(trace: &Trace, proc: ProcId) -> (String, Option<Panic>) {
    let mut bytes = Vec::new();
    // Where each write begins in the text.
    let mut writes = Vec::new();
    for event in trace.events.iter().filter(|event| event.task.proc == proc) {
        if let EventKind::Write(io) = &event.kind {
            let kind = io.object.and_then(|object| trace.object(object)).map(|object| &object.kind);
            // Without a known object the number says it.
            if kind == Some(&ObjectKind::Stderr) || (kind.is_none() && io.fd == 2) {
                writes.push((bytes.len(), event.seq));
                bytes.extend_from_slice(&io.bytes);
            }
        }
    }
    let panic = bytes.windows(MARK.len()).position(|at| at == MARK.as_bytes()).map(|start| Panic {
        message: message(&String::from_utf8_lossy(&bytes[start..])),
        seq: writes.iter().rfind(|(at, _)| *at <= start).map_or(0, |(_, seq)| *seq),
    });
    (String::from_utf8_lossy(&bytes).into_owned(), panic)
}

/// The message of a panic, from `panicked at` on: what follows the line with the place, up to the
/// note about backtraces, the backtrace itself or another panic.
fn message(report: &str) -> String {
    let after = report.split_once('\n').map_or("", |(_, after)| after);
    let stop = ["\nnote: ", "\nstack backtrace:", "\n\nthread '"];
    let end = stop.iter().filter_map(|mark| after.find(mark)).min().unwrap_or(after.len());
    after[..end].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_s_message_stands_between_its_place_and_the_note() {
        let report =
            "panicked at src/lib.rs:10:5:\nnot yet implemented: reap\nnote: run with `X`\n";
        assert_eq!(message(report), "not yet implemented: reap");
        assert_eq!(message("panicked at a.rs:1:1:\nfirst\nsecond\n"), "first\nsecond");
        assert_eq!(message("panicked at a.rs:1:1:"), "");
    }
}
