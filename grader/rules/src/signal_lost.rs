//! signal-lost: a process waits for a signal that has come and gone. Its page,
//! `docs/rules/signal-lost.md`, has the windows in the same order.

use crate::case::{At, Case, accuse, explain};
use crate::index::Sent;
use forklings_model::{
    Action, Detail, End, Event, EventKind, Finding, LostIn, ObjectKind, Signal, SignalSet,
    SignalSource, TaskId, Wait, WaitsFor,
};

/// A wait for signals that did not end by one.
struct Waiting {
    task: TaskId,
    /// The event that says what it lets through.
    seq: u32,
    /// Whether it takes a signal rather than letting its handler run.
    takes: bool,
    /// What it lets through.
    awaited: SignalSet,
    /// Those of them that it is for.
    meant: SignalSet,
}

/// A signal that was lost: the signal, and the events that show it.
type Loss = (Signal, Vec<u32>);
/// What no mask can keep out.
const NEVER_BLOCKED: SignalSet = SignalSet(1 << (Signal::KILL.0 - 1) | 1 << (Signal::STOP.0 - 1));

type Look = fn(&Case<'_>, &Waiting) -> Option<Loss>;

/// The windows, in order.
const WINDOWS: [(LostIn, Look); 4] = [
    (LostIn::BeforeTheWait, before_the_wait),
    (LostIn::Merged, merged),
    (LostIn::Ignored, ignored),
    (LostIn::Blocked, blocked),
];

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    let events = || case.trace().events.iter();
    if let End::Deadlock { waits } = &case.trace().end {
        let last = |task| {
            let last = case.run.by(task).rfind(|event| awaited(event).is_some())?;
            // The wait itself is the last that this task did.
            let mut later = case.run.after(last.seq).filter(|later| later.task == task);
            later.all(|later| matches!(later.kind, EventKind::Blocked { .. })).then_some(last)
        };
        let stuck = waits.iter().filter_map(|wait| last(wait.task));
        let lost = stuck.filter_map(|event| judge(case, event, true));
        let by_a_hair = waits.iter().filter_map(|wait| missed_by_a_hair(case, wait));
        let read = waits.iter().filter_map(|wait| merged_before_read(case, wait));
        return lost.chain(by_a_hair).chain(read).take(1).collect();
    }
    let in_vain = events().filter(|event| awaited(event).is_some() && timed_out(case, event));
    in_vain.filter_map(|event| judge(case, event, false)).take(1).collect()
}

/// The handler ran directly before a call that it would have ended a moment later: a wait for
/// descriptors, since `poll` and its relatives are never restarted, or, for a timer's alarm whose
/// handler was installed without `SA_RESTART`, any other. Source: `signal(7)`.
fn missed_by_a_hair(case: &Case<'_>, wait: &Wait) -> Option<Finding> {
    let task = wait.task;
    let mut own = case.run.by(task).rev();
    let begin = own.next().filter(|event| matches!(event.kind, EventKind::Blocked { .. }))?;
    let delivered = own.find(|event| !matches!(event.kind, EventKind::HandlerReturned { .. }))?;
    let EventKind::SignalDelivered { signal, source, action: Action::Handler } = delivered.kind
    else {
        return None;
    };
    let ends = match wait.on {
        WaitsFor::AnyOf { .. } => true,
        WaitsFor::Futex { .. } => false,
        _ => {
            // Who sets a timer has a time-out in mind. Others may send it for any reason.
            let is_timer = signal == Signal::ALRM && source == SignalSource::Kernel;
            is_timer && !case.run.disposed(task.proc, signal, delivered.seq).restarts
        }
    };
    if !ends {
        return None;
    }
    let meant = SignalSet::of(&[signal]);
    let waiting = Waiting { task, seq: begin.seq, takes: false, awaited: meant, meant };
    if !is_missed(case, &waiting, signal) {
        return None;
    }
    let loss = (signal, delivery(case, task, signal, delivered.seq));
    Some(report(case, task, LostIn::BeforeTheWait, loss, begin.seq, true))
}

/// A `signalfd` gives one record for two signals that became one.
fn merged_before_read(case: &Case<'_>, wait: &Wait) -> Option<Finding> {
    let task = wait.task;
    let begin = case.run.by(task).next_back()?;
    let table = case.run.descriptors(task.proc, begin.seq);
    let fds = match &wait.on {
        WaitsFor::Readable { fd, .. } => std::slice::from_ref(fd),
        WaitsFor::AnyOf { fds } => fds.as_slice(),
        _ => &[],
    };
    let reads = fds.iter().filter_map(|fd| table.get(fd)).any(|(object, _)| {
        case.trace().object(*object).is_some_and(|object| is_signalfd(&object.kind))
    });
    if !reads {
        return None;
    }
    let meant = case.run.mask(task, begin.seq);
    let waiting = Waiting { task, seq: begin.seq, takes: true, awaited: meant, meant };
    let loss = merged(case, &waiting)?;
    Some(report(case, task, LostIn::Merged, loss, begin.seq, true))
}

fn is_signalfd(kind: &ObjectKind) -> bool {
    matches!(kind, ObjectKind::Other(call) if call.starts_with("signalfd"))
}

/// The events of a delivery: who sent the signal, if somebody did, and its arrival.
fn delivery(case: &Case<'_>, task: TaskId, signal: Signal, seq: u32) -> Vec<u32> {
    let sent = case.run.sent(task.proc, signal).rfind(|sent| sent.seq < seq);
    sent.map(|sent| sent.seq).into_iter().chain([seq]).collect()
}

/// The finding of a loss, with the event at which the wait went to sleep.
fn report(
    case: &Case<'_>,
    task: TaskId,
    window: LostIn,
    (signal, evidence): Loss,
    asleep: u32,
    for_ever: bool,
) -> Finding {
    let detail = Detail::SignalLost { proc: task.proc, signal, window };
    let origin = evidence.first().and_then(|seq| case.run.site(*seq));
    let evidence = evidence.into_iter().chain([asleep]);
    let finding = if for_ever { accuse(detail, evidence) } else { explain(detail, evidence) };
    finding.at(case.run.site(asleep)).from(origin)
}

fn awaited(event: &Event) -> Option<(&str, SignalSet)> {
    match &event.kind {
        EventKind::AwaitsSignals { call, awaited } => Some((call, *awaited)),
        _ => None,
    }
}

/// Whether the wait that this event begins ended because its time was up.
fn timed_out(case: &Case<'_>, event: &Event) -> bool {
    let mut later = case.run.after(event.seq).filter(|later| later.task == event.task);
    let blocked = later.next().is_some_and(|e| matches!(e.kind, EventKind::Blocked { .. }));
    let over = |e: &Event| matches!(e.kind, EventKind::TimedOut { .. } | EventKind::Slept { .. });
    blocked && later.next().is_some_and(over)
}

fn judge(case: &Case<'_>, event: &Event, for_ever: bool) -> Option<Finding> {
    let (call, awaited) = awaited(event)?;
    let (task, takes) = (event.task, call == "rt_sigtimedwait");
    let proc = task.proc;
    let mask = case.run.mask(task, event.seq);
    // Who blocks a signal that has a handler, and lets it through here, waits for that.
    let prepared = awaited
        .both(mask)
        .iter()
        .filter(|signal| case.run.disposed(proc, *signal, event.seq).action == Action::Handler);
    let prepared = SignalSet::of(&prepared.collect::<Vec<_>>());
    let meant = if prepared.is_empty() { awaited } else { prepared };
    let waiting = Waiting { task, seq: event.seq, takes, awaited, meant };
    let (window, loss) = WINDOWS
        .iter()
        .find_map(|(window, look)| look(case, &waiting).map(|loss| (*window, loss)))?;
    Some(report(case, task, window, loss, event.seq + 1, for_ever))
}

/// The handler ran between the thread's last wait for signals and this one.
fn before_the_wait(case: &Case<'_>, waiting: &Waiting) -> Option<Loss> {
    let own = || case.run.by(waiting.task).take_while(|event| event.seq < waiting.seq);
    // A program that was executed meanwhile has no handlers, and waits for nothing that came before.
    let anew = |event: &&Event| ends_a_wait(event) || matches!(event.kind, EventKind::Exec { .. });
    let since = own().filter(anew).last().map_or(0, |event| event.seq);
    let ran = own().filter(|event| event.seq > since).find_map(|event| match event.kind {
        EventKind::SignalDelivered { signal, action: Action::Handler, .. } => {
            let lost = waiting.meant.has(signal) && is_missed(case, waiting, signal);
            lost.then_some((signal, event.seq))
        }
        _ => None,
    });
    let (signal, seq) = ran?;
    Some((signal, delivery(case, waiting.task, signal, seq)))
}

/// Whether the event ends a wait for signals.
fn ends_a_wait(event: &Event) -> bool {
    match &event.kind {
        EventKind::Interrupted { call, .. } => {
            ["pause", "rt_sigsuspend", "poll", "select", "epoll"].iter().any(|c| call.contains(c))
        }
        EventKind::SignalTaken { .. } => true,
        _ => false,
    }
}

/// Whether somebody still waits to hear of the signal: who has reaped its dead children needs no
/// SIGCHLD.
fn is_missed(case: &Case<'_>, waiting: &Waiting, signal: Signal) -> bool {
    signal != Signal::CHLD
        || case.run.lives().any(|life| {
            let parent = life.zombie.and_then(|(_, parent)| parent);
            parent == Some(waiting.task.proc) && life.reaped.is_none()
        })
}

/// One delivery stood for two.
fn merged(case: &Case<'_>, waiting: &Waiting) -> Option<Loss> {
    let proc = waiting.task.proc;
    let before = || case.run.of(proc).take_while(|event| event.seq < waiting.seq);
    let executed = before().filter(|event| matches!(event.kind, EventKind::Exec { .. })).last();
    let since = executed.map_or(0, |event| event.seq);
    let merged = before().filter(|event| event.seq >= since).filter_map(|event| match event.kind {
        EventKind::SignalMerged { signal } => Some((signal, event.seq)),
        _ => None,
    });
    let (signal, seq) = merged
        .filter(|(signal, _)| waiting.meant.has(*signal) && is_missed(case, waiting, *signal))
        .last()?;
    let sent = case.run.sent(proc, signal).filter(|sent| sent.seq < seq);
    let last: Vec<u32> = sent.map(|sent| sent.seq).rev().take(2).collect();
    Some((signal, last.into_iter().rev().chain([seq]).collect()))
}

/// It was thrown away because nobody had prepared for it yet.
fn ignored(case: &Case<'_>, waiting: &Waiting) -> Option<Loss> {
    let (proc, task) = (waiting.task.proc, waiting.task);
    let vain = |signal: Signal, Sent { seq, .. }: &Sent| {
        let prepared = case.run.of(proc).find(|later| {
            (*seq..waiting.seq).contains(&later.seq)
                && match later.kind {
                    EventKind::Disposition { signal: s, action: Action::Handler, .. } => {
                        s == signal
                    }
                    EventKind::Mask { was, blocked } => blocked.without(was).has(signal),
                    _ => false,
                }
        });
        let gone = case.run.disposed(proc, signal, *seq).vanishes(signal)
            && !case.run.mask(task, *seq).has(signal)
            && is_missed(case, waiting, signal);
        let evidence = std::iter::once(*seq).chain(prepared.map(|event| event.seq)).collect();
        (gone && (waiting.takes || prepared.is_some())).then_some(evidence)
    };
    waiting.meant.iter().find_map(|signal| {
        let last = case.run.sent(proc, signal).rfind(|sent| sent.seq < waiting.seq)?;
        Some((signal, vain(signal, &last)?))
    })
}

/// It is pending, but the wait keeps it out.
fn blocked(case: &Case<'_>, waiting: &Waiting) -> Option<Loss> {
    let (proc, task) = (waiting.task.proc, waiting.task);
    if case.trace().objects.iter().any(|object| is_signalfd(&object.kind)) {
        return None;
    }
    let mask = case.run.mask(task, waiting.seq);
    let pending = |signal: Signal| {
        let sent = case.run.sent(proc, signal).rfind(|sent| sent.by_a_process)?;
        let taken = case.run.after(sent.seq).any(|later| {
            later.task.proc == proc
                && matches!(later.kind,
                    EventKind::SignalDelivered { signal: s, .. } | EventKind::SignalTaken { signal: s }
                        if s == signal)
        });
        // What was open and without effect when it came is not pending.
        let kept = mask.has(signal) || !case.run.disposed(proc, signal, sent.seq).vanishes(signal);
        (kept && !taken).then_some(sent.seq)
    };
    // sigsuspend and its like may block more than the thread does.
    let blocking = if waiting.takes { mask } else { waiting.awaited.complement() };
    let kept_out = blocking.without(waiting.awaited).without(NEVER_BLOCKED);
    kept_out.iter().find_map(|signal| Some((signal, vec![pending(signal)?])))
}
