//! Builds traces by hand, event by event, and judgements about them.

use forklings_model::{
    Action, Demand, Detail, End, Ending, Event, EventKind, Explored, Failure, Fault, Fd, Finding,
    ForkKind, Frame, Holder, Inspected, Inspector, IoResult, Isolation, Judgement, Object,
    ObjectId, ObjectKind, Outcome, Pid, ProcId, Process, Scenario, Schedule, Signal, SignalSource,
    SiteId, SourceLine, Strategy, TaskId, Trace, Wait, WaitOptions, WaitOutcome, WaitTarget,
    WaitsFor, Weight,
};

pub(crate) const P1: ProcId = ProcId(1);
pub(crate) const P2: ProcId = ProcId(2);
pub(crate) const P3: ProcId = ProcId(3);
pub(crate) const STDOUT: ObjectId = ObjectId(1);
pub(crate) const STDERR: ObjectId = ObjectId(2);

/// A trace under construction. Every method adds one event and gives its number.
pub(crate) struct Run {
    pub(crate) trace: Trace,
    seq: u32,
}

impl Run {
    pub(crate) fn new(args: &[&str]) -> Self {
        let object = |n, kind| Object { object: ObjectId(n), kind, made_at: None };
        let mut run = Self {
            trace: Trace {
                args: args.iter().map(ToString::to_string).collect(),
                schedule: Schedule::new(Strategy::Random, 17),
                processes: vec![Process { proc: P1, pid: Pid(2), parent: None }],
                objects: vec![
                    object(0, ObjectKind::Stdin),
                    object(1, ObjectKind::Stdout),
                    object(2, ObjectKind::Stderr),
                ],
                end: End::Root { ending: Ending::Exited(0), alive: Vec::new() },
                isolation: isolation(),
                ..Trace::empty("/course/target/debug/zombies".into())
            },
            seq: 0,
        };
        run.event(P1, EventKind::Started { parent: None, pid: Pid(2) });
        run
    }

    pub(crate) fn event(&mut self, proc: ProcId, kind: EventKind) -> u32 {
        let seq = self.seq;
        self.seq += 1;
        self.trace.events.push(Event {
            seq,
            task: TaskId::main(proc),
            at: u64::from(seq) * 1000,
            kind,
            site: None,
        });
        seq
    }

    /// Events that nobody looks at.
    pub(crate) fn noise(&mut self, proc: ProcId, n: u32) {
        for _ in 0..n {
            self.event(proc, EventKind::AskedParent { answer: Pid(1) });
        }
    }

    pub(crate) fn fork(&mut self, parent: ProcId) -> ProcId {
        let n = u32::try_from(self.trace.processes.len()).unwrap() + 1;
        let (child, pid) = (ProcId(n), Pid(i32::try_from(n).unwrap() + 1));
        self.trace.processes.push(Process { proc: child, pid, parent: Some(parent) });
        self.event(parent, EventKind::Forked { child, how: ForkKind::Fork });
        self.event(child, EventKind::Started { parent: Some(parent), pid });
        child
    }

    /// Forks and gives the event's number instead of the child's.
    pub(crate) fn seq_of_fork(&mut self, parent: ProcId) -> u32 {
        let seq = self.seq;
        self.fork(parent);
        seq
    }

    pub(crate) fn exit(&mut self, proc: ProcId, code: u8) -> u32 {
        self.end(proc, Ending::Exited(code))
    }

    /// The process ends, and its parent may know.
    pub(crate) fn end(&mut self, proc: ProcId, ending: Ending) -> u32 {
        let ended = self.event(proc, EventKind::Ended { ending });
        let parent = self.trace.process(proc).unwrap().parent;
        if parent.is_some() {
            self.event(proc, EventKind::Zombie { parent });
        } else {
            self.trace.end = End::Root { ending, alive: Vec::new() };
        }
        ended
    }

    pub(crate) fn sigchld(&mut self, proc: ProcId, merged: bool) -> u32 {
        let signal = Signal::CHLD;
        self.event(
            proc,
            if merged {
                EventKind::SignalMerged { signal }
            } else {
                EventKind::SignalDelivered {
                    signal,
                    source: SignalSource::Kernel,
                    action: Action::Handler,
                }
            },
        )
    }

    pub(crate) fn wait(&mut self, proc: ProcId, outcome: WaitOutcome) -> u32 {
        let target = WaitTarget::Any;
        self.event(proc, EventKind::Waited { target, options: WaitOptions::default(), outcome })
    }

    pub(crate) fn reap(&mut self, proc: ProcId, child: ProcId, code: u8) -> u32 {
        let ending = Ending::Exited(code);
        self.wait(proc, WaitOutcome::Reaped { child, ending, status_taken: true })
    }

    pub(crate) fn print(&mut self, proc: ProcId, text: &str) -> u32 {
        self.trace.stdout.extend_from_slice(text.as_bytes());
        self.event(proc, EventKind::Write(io(1, STDOUT, text.as_bytes())))
    }

    pub(crate) fn complain(&mut self, proc: ProcId, text: &str) -> u32 {
        self.trace.stderr.extend_from_slice(text.as_bytes());
        self.event(proc, EventKind::Write(io(2, STDERR, text.as_bytes())))
    }

    pub(crate) fn pipe(&mut self, proc: ProcId, read: Fd, write: Fd, line: u32) -> ObjectId {
        let object = ObjectId(u32::try_from(self.trace.objects.len()).unwrap());
        let made_at = Some(self.site(line, "let (from, to) = pipe()?;"));
        self.trace.objects.push(Object { object, kind: ObjectKind::Pipe, made_at });
        self.event(
            proc,
            EventKind::Pipe { read, write, object, close_on_exec: false, nonblocking: false },
        );
        object
    }

    pub(crate) fn close(&mut self, proc: ProcId, fd: Fd, object: ObjectId) -> u32 {
        self.event(proc, EventKind::Closed { fd, object: Some(object), errno: None })
    }

    pub(crate) fn blocked(&mut self, wait: &Wait) -> u32 {
        self.event(wait.task.proc, EventKind::Blocked { on: wait.on.clone() })
    }

    /// A place in the student's file, below frames that are not theirs.
    pub(crate) fn site(&mut self, line: u32, text: &str) -> SiteId {
        let frame = |file: &str, line, text: Option<&str>| Frame {
            module: "/course/target/debug/zombies".into(),
            offset: 0x1000,
            line: Some(SourceLine {
                file: file.into(),
                line,
                function: None,
                text: text.map(str::to_owned),
            }),
        };
        let n = u32::try_from(self.trace.sites.len()).unwrap();
        self.trace.sites.push(vec![
            frame("/home/ada/.cargo/registry/src/index/nix-0.31.0/src/sys/wait.rs", 120, None),
            frame("/course/exercises/zombies/src/lib.rs", line, Some(text)),
            frame("/course/exercises/zombies/src/main.rs", 9, Some("reap_all(&children)?")),
            frame("/rustc/abc/library/std/src/rt.rs", 1, None),
        ]);
        SiteId(n)
    }

    /// A place in the given driver, with nothing of the student's above it.
    pub(crate) fn given(&mut self, line: u32, text: &str) -> SiteId {
        let site = self.site(line, text);
        if let Some(frames) = self.trace.sites.last_mut() {
            frames.remove(1);
            if let Some(of_driver) = frames[1].line.as_mut() {
                (of_driver.line, of_driver.text) = (line, Some(text.to_owned()));
            }
        }
        site
    }

    /// A failure of this run.
    pub(crate) fn failure(
        self,
        detail: Detail,
        evidence: &[u32],
        site: Option<SiteId>,
        origin: Option<SiteId>,
    ) -> Failure {
        Failure {
            finding: Finding {
                detail,
                weight: Weight::Accuses,
                evidence: evidence.to_vec(),
                site,
                origin,
            },
            shown_in: 3,
            trace: self.trace,
            replay: Some("/course/target/forklings/zombies-reap_all-17.schedule".into()),
        }
    }
}

pub(crate) fn io(fd: Fd, object: ObjectId, bytes: &[u8]) -> IoResult {
    let asked = u64::try_from(bytes.len()).unwrap();
    IoResult {
        fd,
        object: Some(object),
        asked,
        result: Ok(asked),
        bytes: bytes.to_vec(),
        shortened: false,
    }
}

pub(crate) fn wait_for(proc: ProcId, on: WaitsFor) -> Wait {
    Wait { task: TaskId::main(proc), on, site: None }
}

pub(crate) fn holder(proc: ProcId, fd: Fd, opened_at: Option<SiteId>) -> Holder {
    Holder { proc, fd, opened_at }
}

pub(crate) fn isolation() -> Isolation {
    Isolation {
        namespaces: true,
        seccomp: true,
        cgroup_pids: true,
        cgroup_memory: true,
        other_user: false,
    }
}

/// What a test said about the scenario `zombies -- reap_all 2`.
pub(crate) fn judgement(failures: Vec<Failure>) -> Judgement {
    let first = failures.first().map(|failure| &failure.finding.detail);
    let by = if let Some(Detail::MisuseCompiles { .. } | Detail::UseRefused { .. }) = first {
        Some(Inspector::Compiler(Vec::new()))
    } else if let Some(Detail::DataRaceInModel { .. }) = first {
        Some(Inspector::ModelChecker(3))
    } else {
        None
    };
    let outcome = if failures.is_empty() { Outcome::Passed } else { Outcome::Failed { failures } };
    Judgement {
        manifest: None,
        exercise: "zombies".to_owned(),
        task: "reap_all".to_owned(),
        test: "reap_all::every_child_is_reaped_whatever_the_order_of_their_deaths".to_owned(),
        scenario: Scenario {
            name: "reap_all".to_owned(),
            args: vec!["2".to_owned()],
            stdin: Vec::new(),
        },
        demands: vec![Demand::StatusesTaken],
        faults: Vec::<Fault>::new(),
        explored: Explored {
            schedules: 200,
            drawn: 198,
            distinct_orders: 57,
            exhausted: false,
            preemptions: None,
            saturated: None,
            not_replayable: 0,
            isolation: isolation(),
            unmodelled: Vec::new(),
            late_timeouts: false,
            unwatched_memory: false,
            natural: None,
        },
        inspected: by.map(|by| Inspected { by, unknown: None }),
        outcome,
    }
}
