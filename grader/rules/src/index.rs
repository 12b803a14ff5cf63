//! A read-only index over one trace: who is whose child, from when to when each process lived, who
//! reaped whom, what each wrote where. Rules look here, so that no rule walks the events in its
//! own way. It knows no rule.

mod descriptors;
mod life;
mod signals;
mod stderr;

pub(crate) use life::Life;

use forklings_model::{
    Event, EventKind, Fault, IoResult, ObjectId, ObjectKind, ProcId, Signal, SignalTarget, SiteId,
    Strike, TaskId, Trace, WaitOutcome, WaitsFor,
};
use std::collections::BTreeMap;

/// What the rules ask about a trace.
pub(crate) struct Index<'a> {
    /// The trace itself.
    pub(crate) trace: &'a Trace,
    lives: BTreeMap<ProcId, Life>,
}

impl<'a> Index<'a> {
    /// Reads the trace once.
    pub(crate) fn new(trace: &'a Trace) -> Self {
        Self { trace, lives: life::lives(trace) }
    }

    /// Every process, in the order of creation.
    pub(crate) fn lives(&self) -> impl Iterator<Item = &Life> {
        self.lives.values()
    }

    /// The life of this process.
    pub(crate) fn life(&self, proc: ProcId) -> Option<&Life> {
        self.lives.get(&proc)
    }

    /// Processes that `parent` forked, in the order of creation.
    pub(crate) fn children(&self, parent: ProcId) -> impl Iterator<Item = &Life> {
        self.lives().filter(move |life| life.parent == Some(parent))
    }

    /// Number of processes, the root not counted.
    pub(crate) fn forks(&self) -> usize {
        self.lives.len().saturating_sub(1)
    }

    /// Whether the schedule killed a process: what it did not do any more is nobody's mistake.
    pub(crate) fn struck_down(&self, proc: ProcId) -> bool {
        self.of(proc).any(|event| {
            matches!(
                event.kind,
                EventKind::Injected {
                    fault: Fault::Strike { what: Strike::Kill | Strike::Epipe, .. }
                }
            )
        })
    }

    /// Events of one process, all its threads, in order.
    pub(crate) fn of(&self, proc: ProcId) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.trace.events.iter().filter(move |event| event.task.proc == proc)
    }

    /// Events of one task, in order.
    pub(crate) fn by(&self, task: TaskId) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.trace.events.iter().filter(move |event| event.task == task)
    }

    /// Events after the one with this number, in order.
    pub(crate) fn after(&self, seq: u32) -> impl DoubleEndedIterator<Item = &'a Event> {
        let from = usize::try_from(seq).map_or(usize::MAX, |n| n.saturating_add(1));
        self.trace.events.get(from..).unwrap_or_default().iter()
    }

    /// The event with this number.
    pub(crate) fn event(&self, seq: u32) -> Option<&'a Event> {
        usize::try_from(seq).ok().and_then(|n| self.trace.events.get(n))
    }

    /// Where the event with this number was asked for.
    pub(crate) fn site(&self, seq: u32) -> Option<SiteId> {
        self.event(seq).and_then(|event| event.site)
    }

    /// The last time that `task` began to wait for something.
    pub(crate) fn last_blocked(&self, task: TaskId) -> Option<&'a Event> {
        self.by(task).rfind(|event| matches!(event.kind, EventKind::Blocked { .. }))
    }

    /// What a task of `proc` is still waiting for when the trace ends.
    pub(crate) fn stuck_in(&self, proc: ProcId) -> impl Iterator<Item = &'a WaitsFor> {
        let blocked = self.of(proc).filter_map(|event| match &event.kind {
            EventKind::Blocked { on } => Some((event, on)),
            _ => None,
        });
        blocked
            .filter(|(event, _)| !self.after(event.seq).any(|later| later.task == event.task))
            .map(|(_, on)| on)
    }

    /// The event that made the object: `pipe` or whatever opened it.
    pub(crate) fn maker(&self, wanted: ObjectId) -> Option<&'a Event> {
        self.trace.events.iter().find(|event| match event.kind {
            EventKind::Pipe { object, .. } | EventKind::Opened { object, .. } => object == wanted,
            _ => false,
        })
    }

    /// Reads and writes of an object, with their events, in order.
    pub(crate) fn io(&self, wanted: ObjectId) -> impl Iterator<Item = (&'a Event, &'a IoResult)> {
        self.trace
            .events
            .iter()
            .filter_map(|event| Some((event, transfer(event)?)))
            .filter(move |(_, io)| io.object == Some(wanted))
    }

    /// Whether `proc` ever wrote at least a byte to the object.
    pub(crate) fn wrote(&self, proc: ProcId, object: ObjectId) -> bool {
        self.io(object).any(|(event, io)| {
            event.task.proc == proc && is_write(event) && io.result.is_ok_and(|n| n > 0)
        })
    }

    /// Whether `proc` ever read from the object, or made it its standard input.
    pub(crate) fn is_reader(&self, proc: ProcId, object: ObjectId) -> bool {
        self.io(object)
            .any(|(event, io)| event.task.proc == proc && !is_write(event) && io.result.is_ok())
            || self.of(proc).any(|event| {
                matches!(event.kind, EventKind::Duplicated { to: 0, object: made, .. }
                    if made == object)
            })
    }

    /// Whether the object is `proc`'s own affair: it made it, and no other process ever read or
    /// wrote it.
    pub(crate) fn is_private(&self, proc: ProcId, object: ObjectId) -> bool {
        self.maker(object).is_some_and(|event| event.task.proc == proc)
            && self.io(object).all(|(event, _)| event.task.proc == proc)
    }

    /// Whether a pipe of `proc` looks like the self-pipe of a signal handler: it wrote to it itself,
    /// or it installed a handler after it had made the pipe. Handlers from before know nothing of
    /// it.
    pub(crate) fn serves_a_handler(&self, proc: ProcId, pipe: ObjectId) -> bool {
        let Some(made) = self.maker(pipe) else { return false };
        let handler = self.of(proc).any(|event| {
            matches!(
                event.kind,
                EventKind::Disposition { action: forklings_model::Action::Handler, .. }
            ) && event.seq > made.seq
        });
        handler || self.wrote(proc, pipe)
    }

    /// Whether anybody installs a handler for a signal that comes from outside of its own code.
    pub(crate) fn installs_handlers(&self) -> bool {
        self.trace.events.iter().any(|event| {
            matches!(event.kind, EventKind::Disposition { signal, action, .. }
                if action == forklings_model::Action::Handler && !signal.is_crash())
        })
    }

    /// Every time that `signal` was generated for `proc`, in order: sent to it by a process, or by
    /// the kernel for the death of a child. A signal to a group counts for all.
    pub(crate) fn sent(
        &self,
        proc: ProcId,
        wanted: Signal,
    ) -> impl DoubleEndedIterator<Item = Sent> {
        self.trace.events.iter().filter_map(move |event| {
            let by_a_process = match event.kind {
                EventKind::SignalSent { signal, target, errno: None } => {
                    (signal == wanted && is_for(target, proc)).then_some(true)
                }
                EventKind::Zombie { parent } => {
                    (wanted == Signal::CHLD && parent == Some(proc)).then_some(false)
                }
                _ => None,
            };
            by_a_process.map(|by_a_process| Sent { seq: event.seq, by_a_process })
        })
    }

    /// Who last sent `signal` to `proc` successfully, and when.
    pub(crate) fn sender(&self, proc: ProcId, signal: Signal) -> Option<&'a Event> {
        self.trace.events.iter().rfind(|event| match event.kind {
            EventKind::SignalSent { signal: sent, target, errno: None } => {
                sent == signal && is_for(target, proc)
            }
            _ => false,
        })
    }

    /// The write that put the byte at `offset` of standard output there.
    pub(crate) fn stdout_write(&self, offset: usize) -> Option<&'a Event> {
        let mut end = 0_usize;
        self.trace.events.iter().find(|event| {
            let written = transfer(event)
                .filter(|io| is_write(event) && self.is(io.object, &ObjectKind::Stdout))
                .and_then(|io| io.result.ok())
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(0);
            end += written;
            written > 0 && offset < end
        })
    }

    /// What `object` refers to, in words for a list of descriptors.
    pub(crate) fn name(&self, object: ObjectId) -> String {
        match self.trace.object(object).map(|object| &object.kind) {
            Some(ObjectKind::Stdin) => "standard input".to_owned(),
            Some(ObjectKind::Stdout) => "standard output".to_owned(),
            Some(ObjectKind::Stderr) => "standard error".to_owned(),
            Some(ObjectKind::Pipe) => "pipe".to_owned(),
            Some(ObjectKind::File(path) | ObjectKind::Fifo(path) | ObjectKind::Queue(path)) => {
                path.clone()
            }
            Some(ObjectKind::Other(call)) => call.clone(),
            None => "unknown".to_owned(),
        }
    }

    /// Whether the object is known to be of this kind.
    pub(crate) fn is(&self, object: Option<ObjectId>, kind: &ObjectKind) -> bool {
        object.and_then(|id| self.trace.object(id)).is_some_and(|object| object.kind == *kind)
    }
}

/// A signal that was generated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// The event.
    pub(crate) seq: u32,
    /// Whether a process sent it, rather than the kernel.
    pub(crate) by_a_process: bool,
}

/// Whether a signal to this target can reach `proc`.
fn is_for(target: SignalTarget, proc: ProcId) -> bool {
    match target {
        SignalTarget::Process(to) => to == proc,
        SignalTarget::Task(to) => to.proc == proc,
        SignalTarget::Group(_) | SignalTarget::Everybody => true,
        SignalTarget::Nobody(_) => false,
    }
}

/// Whether the event says that its process got this signal.
pub(crate) fn delivers(event: &Event, wanted: Signal) -> bool {
    matches!(event.kind, EventKind::SignalDelivered { signal, .. } if signal == wanted)
}

/// The read or write that the event is, if it is one.
pub(crate) fn transfer(event: &Event) -> Option<&IoResult> {
    match &event.kind {
        EventKind::Read(io) | EventKind::Write(io) => Some(io),
        _ => None,
    }
}

/// Whether the event is a write.
pub(crate) fn is_write(event: &Event) -> bool {
    matches!(event.kind, EventKind::Write(_))
}

/// The child that the event reaped, if it did.
pub(crate) fn reaped(event: &Event) -> Option<ProcId> {
    match event.kind {
        EventKind::Waited { outcome: WaitOutcome::Reaped { child, .. }, .. } => Some(child),
        _ => None,
    }
}
