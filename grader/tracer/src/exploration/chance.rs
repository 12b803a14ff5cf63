//! Whether anything but the decisions of a schedule decides a run. Where it does, the schedules cannot
//! be enumerated: there is no list of them.

use forklings_model::{End, EventKind, Fault, ObjectKind, Trace};

/// Writes of up to this many bytes are done in one piece. Source: `pipe(7)`, PIPE_BUF.
const PIPE_BUF: u64 = 4096;

/// Whether faults are drawn when their time comes, or differ from schedule to schedule.
pub(super) fn draws(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| {
        matches!(fault, Fault::ShortRead | Fault::ShortWrite | Fault::Strike { nth: None, .. })
    })
}

/// Whether a run depends on more than its decisions: on the real time that a call without a model
/// took, or on the seed, which draws the sizes of the pieces of a large write.
pub(super) fn decided(trace: &Trace) -> bool {
    let unclear = !trace.replayable || !trace.unmodelled.is_empty();
    unclear
        || matches!(trace.end, End::Abandoned { .. })
        || trace.events.iter().any(|event| {
            let EventKind::Write(io) = &event.kind else { return false };
            let object = io.object.and_then(|object| trace.object(object));
            io.asked > PIPE_BUF
                && object.is_some_and(|object| {
                    matches!(object.kind, ObjectKind::Pipe | ObjectKind::Other(_))
                })
        })
}
