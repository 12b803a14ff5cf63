//! A trace: one run of a subject under one schedule.

use crate::{
    Ending, Event, EventKind, Fd, Frame, Isolation, LeftBehind, ObjectId, Pid, ProcId, Schedule,
    SiteId, Strategy, TaskId, Wait,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Bytes of a transfer that are kept by [`Trace::abridge`].
const ABRIDGED: usize = 64;

/// One run of a subject under one schedule. Plain data: a test can build one by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The program that ran.
    pub program: PathBuf,
    /// Its arguments, without the program's name.
    pub args: Vec<String>,
    /// What decided the run, with the decisions that were taken.
    pub schedule: Schedule,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Every process, in the order of creation: the first is `P1`.
    pub processes: Vec<Process>,
    /// Every object that a descriptor referred to, by number.
    pub objects: Vec<Object>,
    /// Call stacks that events refer to, innermost frame first. Empty when none were recorded.
    pub sites: Vec<Vec<Frame>>,
    /// Numbers of the events from before a program's own code began: what its dynamic linker and
    /// its language's runtime did. Empty without call stacks.
    #[serde(default)]
    pub before_main: Vec<u32>,
    /// All bytes written to standard output, in order.
    #[serde(with = "crate::latin1")]
    pub stdout: Vec<u8>,
    /// All bytes written to standard error, in order.
    #[serde(with = "crate::latin1")]
    pub stderr: Vec<u8>,
    /// How the run came to its end.
    pub end: End,
    /// Descriptors of the root that were open when it ended and not when it started.
    pub left_open: Vec<Descriptor>,
    /// Things with a name that were left when the run was over, in order; `None` where nobody
    /// could tell.
    #[serde(default)]
    pub left_behind: Option<Vec<LeftBehind>>,
    /// Names of calls that ran without a model, each once.
    pub unmodelled: Vec<String>,
    /// Whether a time-out, an alarm or a timer was held back while others went on.
    #[serde(default)]
    pub late_timeouts: bool,
    /// Whether memory that processes share was used without its accesses being decisions.
    #[serde(default)]
    pub unwatched_memory: bool,
    /// Whether the same schedule must give the same trace again.
    pub replayable: bool,
    /// What stood between the subject and the machine.
    pub isolation: Isolation,
}

/// A process of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub proc: ProcId,
    /// Its pid as it sees it.
    pub pid: Pid,
    /// Who forked it; `None` for the root.
    pub parent: Option<ProcId>,
}

/// Something that a descriptor refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its number.
    pub object: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// Where it was made: the `pipe` or `open`.
    pub made_at: Option<SiteId>,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// The run's standard input.
    Stdin,
    /// The run's standard output, captured.
    Stdout,
    /// The run's standard error, captured.
    Stderr,
    /// A pipe, both ends.
    Pipe,
    /// A FIFO, by the path it was first opened with.
    Fifo(String),
    /// A POSIX message queue, by its name.
    Queue(String),
    /// A file, by the path it was opened with.
    File(String),
    /// Anything else, by the call that made it: `socket`, `eventfd2`, ….
    Other(String),
}

/// A descriptor that was found open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Its number.
    pub fd: Fd,
    /// What it refers to, as `/proc/<pid>/fd` names it, without inode numbers.
    pub what: String,
    /// The object, where the trace saw it made.
    pub object: Option<ObjectId>,
    /// Where it was made: the `pipe`, `open` or `dup`.
    pub made_at: Option<SiteId>,
}

/// How a run came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The root ended. Whoever was still alive is named and was then killed.
    Root {
        /// How the root ended.
        ending: Ending,
        /// Processes that had not begun to die when the root ended.
        alive: Vec<ProcId>,
    },
    /// Everybody waits, and nothing can end a wait.
    Deadlock {
        /// Who waits for what.
        waits: Vec<Wait>,
    },
    /// More CPU and virtual time than allowed.
    TimeLimit {
        /// The limit in seconds.
        seconds: u32,
        /// The process that was running.
        proc: ProcId,
        /// Whether it was computing (CPU time) rather than sleeping (virtual time).
        computing: bool,
        /// Where in the code it was computing.
        site: Option<SiteId>,
    },
    /// One more process than allowed.
    ProcessLimit {
        /// The limit.
        processes: u32,
        /// Who asked for one more.
        proc: ProcId,
    },
    /// More memory than allowed.
    MemoryLimit {
        /// The limit in MiB.
        mib: u32,
        /// The process that wanted more.
        proc: ProcId,
    },
    /// More output than allowed.
    OutputLimit {
        /// The limit in KiB.
        kib: u32,
        /// Who wrote it.
        proc: ProcId,
    },
    /// There was none: the finding is about what the program's text means.
    NoRun,
    /// The tracer gave up: its own fault or the machine's, never the subject's.
    Abandoned {
        /// Why, for whoever mends the tracer.
        reason: String,
        /// Who stood where and did not come back.
        #[serde(default)]
        stuck: Vec<Stuck>,
    },
}

/// A task that the tracer let go and that did not come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// Which.
    pub task: TaskId,
    /// The call that it stands in; `None` when it stands in none.
    pub call: Option<String>,
    /// Whether the tracer has a model of the call, so that it should not have waited in it.
    pub modelled: bool,
}

impl Trace {
    /// A trace in which nothing has happened: that of a finding that needs no run, and what others
    /// begin with.
    #[must_use]
    pub fn empty(program: PathBuf) -> Self {
        Self {
            program,
            args: Vec::new(),
            schedule: Schedule::new(Strategy::ParentFirst, 0),
            events: Vec::new(),
            processes: Vec::new(),
            objects: Vec::new(),
            sites: Vec::new(),
            before_main: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            end: End::NoRun,
            left_open: Vec::new(),
            left_behind: None,
            unmodelled: Vec::new(),
            late_timeouts: false,
            unwatched_memory: false,
            replayable: true,
            isolation: Isolation::default(),
        }
    }

    /// The process with this number.
    #[must_use]
    pub fn process(&self, proc: ProcId) -> Option<&Process> {
        self.processes.iter().find(|p| p.proc == proc)
    }

    /// The object with this number.
    #[must_use]
    pub fn object(&self, object: ObjectId) -> Option<&Object> {
        self.objects.iter().find(|o| o.object == object)
    }

    /// The call stack recorded under `site`, innermost frame first.
    #[must_use]
    pub fn frames(&self, site: SiteId) -> &[Frame] {
        usize::try_from(site.0).ok().and_then(|n| self.sites.get(n)).map_or(&[], Vec::as_slice)
    }

    /// Keeps the first bytes only of what was moved elsewhere than to standard output and standard
    /// error: rules compare all of it, and no report shows it. It is most of a long run's record.
    pub fn abridge(&mut self) {
        let shown = |object: ObjectId| {
            let object = self.objects.iter().find(|o| o.object == object);
            object.is_some_and(|o| matches!(o.kind, ObjectKind::Stdout | ObjectKind::Stderr))
        };
        for event in &mut self.events {
            if let EventKind::Read(io) | EventKind::Write(io) = &mut event.kind
                && !io.object.is_some_and(shown)
            {
                io.bytes.truncate(ABRIDGED);
            }
        }
    }

    /// How the root ended, if it did.
    #[must_use]
    pub fn root_ending(&self) -> Option<Ending> {
        match self.end {
            End::Root { ending, .. } => Some(ending),
            End::Deadlock { .. }
            | End::TimeLimit { .. }
            | End::ProcessLimit { .. }
            | End::MemoryLimit { .. }
            | End::OutputLimit { .. }
            | End::NoRun
            | End::Abandoned { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IoResult;

    #[test]
    fn what_nobody_sees_of_a_long_run_is_left_out() {
        let object = |n, kind| Object { object: ObjectId(n), kind, made_at: None };
        let moved = |seq, object| Event {
            seq,
            task: TaskId { proc: ProcId::ROOT, thread: 1 },
            at: 0,
            kind: EventKind::Write(IoResult {
                fd: 3,
                object,
                asked: 500,
                result: Ok(500),
                bytes: vec![7; 500],
                shortened: false,
            }),
            site: None,
        };
        let mut trace = Trace::empty(PathBuf::new());
        trace.objects = vec![object(0, ObjectKind::Stdout), object(1, ObjectKind::Pipe)];
        trace.events =
            vec![moved(1, Some(ObjectId(0))), moved(2, Some(ObjectId(1))), moved(3, None)];
        trace.abridge();
        let left = trace.events.iter().filter_map(|event| {
            let EventKind::Write(io) = &event.kind else { return None };
            Some((io.bytes.len(), io.result))
        });
        let left: Vec<_> = left.collect();
        assert_eq!(left, [(500, Ok(500)), (ABRIDGED, Ok(500)), (ABRIDGED, Ok(500))]);
    }
}
