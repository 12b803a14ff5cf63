//! A builder of traces: each method is one thing that a process does, as the tracer would tell it.
//! Every event gets a place of its own in the code, the number of the event.

use super::{P1, ProcId};
use forklings_model::{
    Action, Descriptor, End, Ending, Errno, Event, EventKind, Fd, ForkKind, Frame, Holder,
    IoResult, Object, ObjectId, ObjectKind, Pid, Process, Signal, SignalSet, SignalSource,
    SignalTarget, SiteId, SourceLine, TaskId, Trace, Wait, WaitOptions, WaitOutcome, WaitTarget,
    WaitsFor,
};

const STDOUT: ObjectId = ObjectId(1);
const STDERR: ObjectId = ObjectId(2);

/// A trace that grows.
#[derive(Clone)]
pub(super) struct Run {
    trace: Trace,
    site: Option<SiteId>,
    /// What the last process to set a mask blocks.
    mask: SignalSet,
}

/// A run of which only the root exists.
pub(super) fn run() -> Run {
    let kinds = [ObjectKind::Stdin, ObjectKind::Stdout, ObjectKind::Stderr];
    let objects = (0..).zip(kinds);
    let objects =
        objects.map(|(n, kind)| Object { object: ObjectId(n), kind, made_at: None }).collect();
    let trace = Trace {
        processes: vec![Process { proc: P1, pid: Pid(101), parent: None }],
        objects,
        end: End::Abandoned { reason: "not ended".to_owned(), stuck: Vec::new() },
        ..Trace::empty("guest".into())
    };
    let mut run = Run { trace, site: None, mask: SignalSet::EMPTY };
    run.event(P1, EventKind::Started { parent: None, pid: Pid(101) });
    run
}

impl Run {
    /// Any event of a process's first thread.
    pub(super) fn event(&mut self, proc: ProcId, kind: EventKind) -> u32 {
        self.by(TaskId::main(proc), kind)
    }

    /// Any event.
    pub(super) fn by(&mut self, task: TaskId, kind: EventKind) -> u32 {
        let seq = u32::try_from(self.trace.events.len()).unwrap();
        let site = Some(self.site.take().unwrap_or(SiteId(seq)));
        self.trace.events.push(Event { seq, task, at: u64::from(seq), kind, site });
        seq
    }

    /// The next event happens at this place.
    pub(super) fn at(&mut self, site: u32) -> &mut Self {
        self.site = Some(SiteId(site));
        self
    }

    /// The place of the last event is a line of this file.
    pub(super) fn in_file(&mut self, file: &str) -> Option<SiteId> {
        let (module, line) = ("guest".into(), Some(source(file)));
        self.trace.sites.push(vec![Frame { module, offset: 0, line }]);
        let site = Some(SiteId(u32::try_from(self.trace.sites.len() - 1).unwrap()));
        self.trace.events.last_mut().unwrap().site = site;
        site
    }

    /// The place of the last event is this line.
    pub(super) fn in_line(&mut self, text: &str) -> Option<SiteId> {
        let site = self.in_file("src/lib.rs");
        let line = self.trace.sites.last_mut().and_then(|frames| frames[0].line.as_mut());
        line.unwrap().text = Some(text.to_owned());
        site
    }

    /// A fork at a line of this file.
    pub(super) fn fork_in(&mut self, parent: ProcId, file: &str) -> Option<SiteId> {
        self.fork(parent);
        let started = self.trace.events.pop().unwrap();
        let site = self.in_file(file);
        self.trace.events.push(started);
        site
    }

    pub(super) fn fork(&mut self, parent: ProcId) -> ProcId {
        let n = u32::try_from(self.trace.processes.len()).unwrap() + 1;
        let (child, pid) = (ProcId(n), pid(ProcId(n)));
        self.trace.processes.push(Process { proc: child, pid, parent: Some(parent) });
        self.event(parent, EventKind::Forked { child, how: ForkKind::Fork });
        self.event(child, EventKind::Started { parent: Some(parent), pid });
        child
    }

    /// Death, not visible yet.
    pub(super) fn ends(&mut self, proc: ProcId, ending: Ending) {
        self.event(proc, EventKind::Ended { ending });
    }

    pub(super) fn zombie(&mut self, proc: ProcId, parent: Option<ProcId>) {
        self.event(proc, EventKind::Zombie { parent });
    }

    /// Death by exit that its parent can see.
    pub(super) fn dies(&mut self, proc: ProcId, code: u8) {
        self.ends(proc, Ending::Exited(code));
        let parent = self.trace.process(proc).unwrap().parent;
        self.zombie(proc, parent);
    }

    pub(super) fn killed(&mut self, proc: ProcId, signal: Signal) {
        self.ends(proc, Ending::Killed(signal));
        let parent = self.trace.process(proc).unwrap().parent;
        self.zombie(proc, parent);
    }

    pub(super) fn delivered(&mut self, to: ProcId, signal: Signal, source: SignalSource) {
        let action = Action::Default;
        self.event(to, EventKind::SignalDelivered { signal, source, action });
    }

    pub(super) fn sends(&mut self, from: ProcId, signal: Signal, to: ProcId) {
        let target = SignalTarget::Process(to);
        self.event(from, EventKind::SignalSent { signal, target, errno: None });
    }

    pub(super) fn handles(&mut self, proc: ProcId, signal: Signal) {
        let action = Action::Handler;
        self.disposes(proc, signal, action, Some(0));
    }

    /// From now on the process does this with the signal; handlers are told apart by number.
    pub(super) fn disposes(
        &mut self,
        proc: ProcId,
        signal: Signal,
        action: Action,
        handler: Option<u32>,
    ) {
        let (restart, no_child_wait) = (false, false);
        let kind = EventKind::Disposition { signal, action, restart, no_child_wait, handler };
        self.event(proc, kind);
    }

    /// The signal's handler runs, from its beginning to its end.
    pub(super) fn runs_handler(&mut self, proc: ProcId, signal: Signal, source: SignalSource) {
        let action = Action::Handler;
        self.event(proc, EventKind::SignalDelivered { signal, source, action });
        self.event(proc, EventKind::HandlerReturned { blocked: self.mask });
    }

    /// The mask of whoever sets it is this now.
    pub(super) fn masks(&mut self, proc: ProcId, signals: &[Signal]) {
        let (was, blocked) = (self.mask, SignalSet::of(signals));
        self.mask = blocked;
        self.event(proc, EventKind::Mask { was, blocked });
    }

    /// A wait for signals begins that lets these through.
    pub(super) fn awaits(&mut self, proc: ProcId, call: &str, awaited: SignalSet) {
        let call = call.to_owned();
        self.event(proc, EventKind::AwaitsSignals { call, awaited });
        self.event(proc, EventKind::Blocked { on: WaitsFor::Signal });
    }

    /// Such a wait ends by a handler.
    pub(super) fn wakes(&mut self, proc: ProcId, signal: Signal, from: ProcId) {
        let (source, action) = (SignalSource::Process(from), Action::Handler);
        self.event(proc, EventKind::SignalDelivered { signal, source, action });
        let call = "rt_sigsuspend".to_owned();
        self.event(proc, EventKind::Interrupted { call, signal: Some(signal) });
        self.event(proc, EventKind::HandlerReturned { blocked: self.mask });
    }

    pub(super) fn waited(&mut self, proc: ProcId, target: WaitTarget, outcome: WaitOutcome) {
        let no_hang = outcome == WaitOutcome::NothingYet;
        let keep = matches!(outcome, WaitOutcome::Seen(_));
        let options = WaitOptions { no_hang, keep, ..WaitOptions::default() };
        self.event(proc, EventKind::Waited { target, options, outcome });
        if no_hang {
            self.event(proc, EventKind::PolledInVain { call: "wait4".to_owned() });
        }
    }

    /// A look at exactly this child that fails: it has been reaped.
    pub(super) fn looks_in_vain(&mut self, proc: ProcId, child: ProcId) {
        let options = WaitOptions { keep: true, ..WaitOptions::default() };
        let (target, outcome) = (WaitTarget::Stranger(pid(child)), WaitOutcome::Failed(10));
        self.event(proc, EventKind::Waited { target, options, outcome });
    }

    /// The outcome of reaping a child that is dead.
    pub(super) fn reaped(&self, child: ProcId, status_taken: bool) -> WaitOutcome {
        let ending = self.trace.events.iter().find_map(|event| match event.kind {
            EventKind::Ended { ending } if event.task.proc == child => Some(ending),
            _ => None,
        });
        WaitOutcome::Reaped { child, ending: ending.unwrap(), status_taken }
    }

    pub(super) fn reaps(&mut self, proc: ProcId, child: ProcId) {
        self.waited(proc, WaitTarget::Child(child), self.reaped(child, true));
    }

    pub(super) fn reaps_any(&mut self, proc: ProcId, child: ProcId) {
        self.waited(proc, WaitTarget::Any, self.reaped(child, true));
    }

    pub(super) fn sleeps(&mut self, proc: ProcId, asked: u64) {
        self.event(proc, EventKind::Slept { asked, interrupted: false });
    }

    pub(super) fn prints(&mut self, proc: ProcId, text: &str) {
        self.trace.stdout.extend_from_slice(text.as_bytes());
        self.writes_bytes(proc, 1, STDOUT, text.as_bytes());
    }

    pub(super) fn complains(&mut self, proc: ProcId, text: &str) {
        self.trace.stderr.extend_from_slice(text.as_bytes());
        self.writes_bytes(proc, 2, STDERR, text.as_bytes());
    }

    /// Says what a panic says and ends with 101, visible to the parent.
    pub(super) fn panics(&mut self, proc: ProcId, message: &str) {
        let (start, end) =
            ("\nthread 'main' (7) panicked at src/lib.rs:3:5:\n", "\nnote: run with\n");
        self.complains(proc, &format!("{start}{message}{end}"));
        self.ends(proc, Ending::Exited(101));
        if let Some(parent) = self.trace.process(proc).unwrap().parent {
            self.zombie(proc, Some(parent));
        }
    }

    fn writes_bytes(&mut self, proc: ProcId, fd: Fd, object: ObjectId, bytes: &[u8]) {
        let n = u64::try_from(bytes.len()).unwrap();
        let (object, bytes) = (Some(object), bytes.to_vec());
        let io = IoResult { fd, object, asked: n, result: Ok(n), bytes, shortened: false };
        self.event(proc, EventKind::Write(io));
    }

    pub(super) fn object(&mut self, kind: ObjectKind) -> ObjectId {
        let object = ObjectId(u32::try_from(self.trace.objects.len()).unwrap());
        self.trace.objects.push(Object { object, kind, made_at: None });
        object
    }

    /// A pipe, with its ends at these numbers.
    pub(super) fn pipe(&mut self, proc: ProcId, read: Fd, write: Fd) -> ObjectId {
        let object = self.object(ObjectKind::Pipe);
        let (close_on_exec, nonblocking) = (false, false);
        let kind = EventKind::Pipe { read, write, object, close_on_exec, nonblocking };
        self.event(proc, kind);
        object
    }

    pub(super) fn opens(&mut self, proc: ProcId, fd: Fd, path: &str) -> ObjectId {
        let object = self.object(ObjectKind::File(path.to_owned()));
        self.event(proc, EventKind::Opened { fd, object, close_on_exec: false });
        object
    }

    pub(super) fn duplicates(&mut self, proc: ProcId, from: Fd, to: Fd, object: ObjectId) {
        self.event(proc, EventKind::Duplicated { from, to, object, close_on_exec: false });
    }

    pub(super) fn closes(&mut self, proc: ProcId, fd: Fd, object: ObjectId) {
        self.event(proc, EventKind::Closed { fd, object: Some(object), errno: None });
    }

    pub(super) fn reads(
        &mut self,
        proc: ProcId,
        (fd, object): (Fd, ObjectId),
        asked: u64,
        result: Result<u64, Errno>,
    ) {
        let object = Some(object);
        let io = IoResult { fd, object, asked, result, bytes: Vec::new(), shortened: false };
        self.event(proc, EventKind::Read(io));
    }

    pub(super) fn writes(
        &mut self,
        proc: ProcId,
        (fd, object): (Fd, ObjectId),
        asked: u64,
        result: Result<u64, Errno>,
    ) {
        let object = Some(object);
        let io = IoResult { fd, object, asked, result, bytes: Vec::new(), shortened: false };
        self.event(proc, EventKind::Write(io));
    }

    /// The trace so far, ended by the root's `exit(0)`.
    pub(super) fn done(self) -> Trace {
        self.exits(0)
    }

    /// The trace so far, ended by the root's exit.
    pub(super) fn exits(mut self, code: u8) -> Trace {
        self.ends(P1, Ending::Exited(code));
        self.over()
    }

    /// The trace so far, whose root has ended.
    pub(super) fn over(self) -> Trace {
        let ended = |proc: ProcId| {
            self.trace.events.iter().find_map(|event| match event.kind {
                EventKind::Ended { ending } if event.task.proc == proc => Some(ending),
                _ => None,
            })
        };
        let procs = self.trace.processes.iter().map(|process| process.proc);
        let alive = procs.filter(|proc| ended(*proc).is_none()).collect();
        let end = End::Root { ending: ended(P1).unwrap(), alive };
        Trace { end, ..self.trace }
    }

    /// The trace so far, cut short like this.
    pub(super) fn cut(self, end: End) -> Trace {
        Trace { end, ..self.trace }
    }

    /// The trace so far, in which all wait: each for this.
    pub(super) fn stuck(mut self, waits: Vec<(ProcId, WaitsFor)>) -> Trace {
        let mut all = Vec::new();
        for (proc, on) in waits {
            let seq = self.event(proc, EventKind::Blocked { on: on.clone() });
            all.push(Wait { task: TaskId::main(proc), on, site: Some(SiteId(seq)) });
        }
        self.cut(End::Deadlock { waits: all })
    }
}

fn source(file: &str) -> SourceLine {
    SourceLine { file: file.into(), line: 1, function: None, text: None }
}

/// Waiting to read, with those who hold a write end.
pub(super) fn readable(fd: Fd, object: ObjectId, writers: &[(ProcId, Fd)]) -> WaitsFor {
    WaitsFor::Readable { fd, object, writers: holders(writers) }
}

/// Waiting to write, with those who hold a read end.
pub(super) fn writable(fd: Fd, object: ObjectId, readers: &[(ProcId, Fd)]) -> WaitsFor {
    WaitsFor::Writable { fd, object, readers: holders(readers) }
}

/// Waiting for one of these children.
pub(super) fn child(candidates: &[ProcId]) -> WaitsFor {
    WaitsFor::Child { candidates: candidates.to_vec() }
}

fn holders(holders: &[(ProcId, Fd)]) -> Vec<Holder> {
    holders.iter().map(|(proc, fd)| Holder { proc: *proc, fd: *fd, opened_at: None }).collect()
}

/// The pid that the builder gives to a process.
pub(super) fn pid(proc: ProcId) -> Pid {
    Pid(i32::try_from(proc.0).unwrap() + 100)
}

/// A descriptor that the root left open.
pub(super) fn left(fd: Fd, object: Option<ObjectId>) -> Descriptor {
    Descriptor { fd, what: "pipe".to_owned(), object, made_at: Some(SiteId(1)) }
}
