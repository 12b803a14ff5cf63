//! eintr-not-handled: a call that a signal interrupted was taken for finished. Its page:
//! `docs/rules/eintr-not-handled.md`.

use crate::case::{At, Case, explain};
use crate::errno::EINTR;
use forklings_model::{
    Detail, Event, EventKind, Fd, Finding, ProcId, Signal, WaitOutcome, WaitTarget, WaitsFor,
};

/// What an interrupted call was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Read(Fd),
    Write(Fd),
    /// For this child, or for any. `keep` is WNOWAIT.
    Wait {
        child: Option<ProcId>,
        keep: bool,
    },
}

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let events = case.trace().events.iter();
    events.filter_map(|event| judge(case, event)).take(1).collect()
}

fn judge(case: &Case<'_>, event: &Event) -> Option<Finding> {
    let proc = event.task.proc;
    let call = interrupted(case, event)?;
    let signal = signal(case, event);
    let mut later = case.run.after(event.seq).filter(|later| later.task.proc == proc);
    if later.any(|later| repeats(call, later))
        || case.run.stuck_in(proc).any(|on| is_again(call, on))
    {
        return None;
    }
    let name = match call {
        Call::Read(_) => "read",
        Call::Write(_) => "write",
        Call::Wait { .. } => "wait",
    };
    let delivered = case.run.by(event.task).rfind(|earlier| {
        earlier.seq < event.seq && matches!(earlier.kind, EventKind::SignalDelivered { .. })
    });
    // Who did nothing any more was cut off before it could.
    let next = case.run.after(event.seq).find(|later| {
        let handled = matches!(later.kind, EventKind::HandlerReturned { .. });
        later.task == event.task && !handled
    })?;
    let evidence = [Some(event.seq), delivered.map(|e| e.seq), Some(next.seq)];
    let detail = Detail::EintrNotHandled { proc, call: name.to_owned(), signal };
    Some(explain(detail, evidence.into_iter().flatten()).at(event.site))
}

/// The call that the event shows interrupted, if it is one that must be made again.
fn interrupted(case: &Case<'_>, event: &Event) -> Option<Call> {
    match &event.kind {
        EventKind::Waited { target, options, outcome: WaitOutcome::Failed(EINTR) } => {
            let keep = options.keep;
            match target {
                WaitTarget::Child(child) => Some(Call::Wait { child: Some(*child), keep }),
                WaitTarget::Any | WaitTarget::Group => Some(Call::Wait { child: None, keep }),
                WaitTarget::Stranger(_) => None,
            }
        }
        EventKind::Read(io) if io.result == Err(EINTR) => Some(Call::Read(io.fd)),
        EventKind::Write(io) if io.result == Err(EINTR) => Some(Call::Write(io.fd)),
        EventKind::Interrupted { call, .. } => {
            // The call's own event, if it has one beside this, says more.
            let mut own = case.run.after(event.seq).filter(|later| later.task == event.task);
            let returned = own.find(|later| {
                matches!(
                    later.kind,
                    EventKind::Waited { .. } | EventKind::Read(_) | EventKind::Write(_)
                )
            });
            if returned.is_some_and(|later| failed_with_eintr(&later.kind)) {
                return None;
            }
            let blocked = case.run.by(event.task).rfind(|earlier| {
                earlier.seq < event.seq && matches!(earlier.kind, EventKind::Blocked { .. })
            });
            match blocked.map(|blocked| &blocked.kind) {
                Some(EventKind::Blocked { on }) => call_of(call, on),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The call with this name that waited for this.
fn call_of(name: &str, on: &WaitsFor) -> Option<Call> {
    match on {
        WaitsFor::Readable { fd, .. } if name.contains("read") => Some(Call::Read(*fd)),
        WaitsFor::Writable { fd, .. } if name.contains("write") => Some(Call::Write(*fd)),
        WaitsFor::Child { candidates } => {
            let child = match candidates.as_slice() {
                [child] => Some(*child),
                _ => None,
            };
            // Only `waitid` can look without reaping; whether it did is not known here.
            Some(Call::Wait { child, keep: name == "waitid" })
        }
        _ => None,
    }
}

fn failed_with_eintr(kind: &EventKind) -> bool {
    match kind {
        EventKind::Waited { outcome, .. } => *outcome == WaitOutcome::Failed(EINTR),
        EventKind::Read(io) | EventKind::Write(io) => io.result == Err(EINTR),
        _ => false,
    }
}

/// Whether the later event is the interrupted call, made again.
fn repeats(call: Call, later: &Event) -> bool {
    match (call, &later.kind) {
        (Call::Read(fd), EventKind::Read(io)) | (Call::Write(fd), EventKind::Write(io)) => {
            io.fd == fd
        }
        // A look that leaves the child is no repetition of a call that would have reaped it.
        (Call::Wait { child, keep }, EventKind::Waited { target, options, .. }) => {
            let meant = match target {
                WaitTarget::Any | WaitTarget::Group => true,
                WaitTarget::Child(again) => child.is_none_or(|child| child == *again),
                WaitTarget::Stranger(_) => false,
            };
            meant && (keep || !options.keep)
        }
        _ => false,
    }
}

/// Whether a wait that has not returned is the interrupted call, made again.
fn is_again(call: Call, on: &WaitsFor) -> bool {
    match (call, on) {
        (Call::Read(fd), WaitsFor::Readable { fd: again, .. })
        | (Call::Write(fd), WaitsFor::Writable { fd: again, .. }) => fd == *again,
        (Call::Wait { child, .. }, WaitsFor::Child { candidates }) => {
            child.is_none_or(|child| candidates.contains(&child))
        }
        _ => false,
    }
}

/// The signal that did it: said by the event or by the one before it.
fn signal(case: &Case<'_>, event: &Event) -> Option<Signal> {
    case.run.by(event.task).rev().filter(|earlier| earlier.seq <= event.seq).take(4).find_map(
        |earlier| match earlier.kind {
            EventKind::Interrupted { signal, .. } => signal,
            EventKind::SignalDelivered { signal, .. } => Some(signal),
            _ => None,
        },
    )
}
