//! What happened in a run, one fact at a time.

use crate::{
    Access, Ending, Errno, Fault, Fd, Memory, MemoryPart, ObjectId, Pid, ProcId, Signal, SignalSet,
    SiteId, TaskId, WaitsFor,
};
use serde::{Deserialize, Serialize};

/// One fact about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the trace, from 0 without gaps.
    pub seq: u32,
    /// Who did it, or to whom it happened.
    pub task: TaskId,
    /// Virtual time since the start of the run, in nanoseconds.
    pub at: u64,
    /// What.
    pub kind: EventKind,
    /// The instruction that asked for it, where stacks were recorded.
    pub site: Option<SiteId>,
}

/// What happened. Calls appear once, when their result is known; a call that had to wait is
/// preceded by [`EventKind::Blocked`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// First event of a process.
    Started {
        /// Who forked it; `None` for the root.
        parent: Option<ProcId>,
        /// Its pid as it sees it.
        pid: Pid,
    },
    /// `fork` and its relatives, in the parent, as the call returns.
    Forked {
        /// The new process.
        child: ProcId,
        /// Which call.
        how: ForkKind,
    },
    /// `fork` failed.
    ForkFailed {
        /// Why.
        errno: Errno,
        /// Whether the schedule asked for it.
        injected: bool,
    },
    /// A thread was started.
    ThreadStarted {
        /// The new thread.
        thread: TaskId,
    },
    /// A thread ended while its process goes on.
    ThreadEnded,
    /// A program replaced the process's own.
    Exec {
        /// Path as given.
        program: String,
        /// Arguments, the program's name first.
        argv: Vec<String>,
        /// Descriptors above 2 that the new program finds open.
        inherited: Vec<(Fd, ObjectId)>,
    },
    /// `execve` failed.
    ExecFailed {
        /// Path as given.
        program: String,
        /// Why.
        errno: Errno,
    },
    /// The process begins to die. Its descriptors close now; its parent does not know yet.
    Ended {
        /// How.
        ending: Ending,
    },
    /// The death became visible to the parent: it is a zombie unless nobody wants the status.
    Zombie {
        /// Who may reap it; `None` is init.
        parent: Option<ProcId>,
    },
    /// The kernel threw the status away because the parent ignores SIGCHLD. In the child.
    /// Source: `wait(2)`, NOTES.
    Discarded {
        /// Whose disposition did it; `None` is init, which adopts orphans.
        parent: Option<ProcId>,
    },
    /// The parent ended first. In the child.
    Orphaned {
        /// New parent: a subreaper, or `None` for init.
        to: Option<ProcId>,
    },
    /// `wait`, `waitpid`, `wait4` or `waitid` returned.
    Waited {
        /// For whom.
        target: WaitTarget,
        /// How.
        options: WaitOptions,
        /// What came of it.
        outcome: WaitOutcome,
    },
    /// A task waits, and others run.
    Blocked {
        /// For what.
        on: WaitsFor,
    },
    /// A signal was sent.
    SignalSent {
        /// Which.
        signal: Signal,
        /// To whom.
        target: SignalTarget,
        /// Error of the call, if it failed.
        errno: Option<Errno>,
    },
    /// A signal was generated for the process but merged with one of its kind already pending.
    SignalMerged {
        /// Which.
        signal: Signal,
    },
    /// A signal took effect.
    SignalDelivered {
        /// Which.
        signal: Signal,
        /// Where from.
        source: SignalSource,
        /// What the process does with it.
        action: Action,
    },
    /// `sigaction` changed what a signal does.
    Disposition {
        /// Which signal.
        signal: Signal,
        /// From now on.
        action: Action,
        /// Whether `SA_RESTART` is set.
        restart: bool,
        /// Whether `SA_NOCLDWAIT` is set.
        no_child_wait: bool,
        /// Which handler: equal numbers in one run stand for the same function, flags and mask.
        #[serde(default)]
        handler: Option<u32>,
    },
    /// `sigprocmask` changed which signals the thread blocks. The C library does this too, for a
    /// moment and with every bit set, around what a signal must not interrupt.
    Mask {
        /// Blocked until now.
        was: SignalSet,
        /// Blocked from now on.
        blocked: SignalSet,
    },
    /// A wait begins that a signal is meant to end; its [`EventKind::Blocked`] follows.
    AwaitsSignals {
        /// Name of the call.
        call: String,
        /// Those that it lets through.
        awaited: SignalSet,
    },
    /// `sigtimedwait` or one of its relatives took a pending signal.
    SignalTaken {
        /// Which.
        signal: Signal,
    },
    /// A handler returned by `sigreturn`.
    HandlerReturned {
        /// Blocked from now on, as before the handler unless it changed that.
        blocked: SignalSet,
    },
    /// A handler called a function that is not async-signal-safe; the first such call of each run
    /// of a handler. Source: `signal-safety(7)`.
    UnsafeCall {
        /// The signal that is being handled.
        signal: Signal,
        /// The function.
        function: String,
    },
    /// A blocking call was interrupted and returned EINTR.
    Interrupted {
        /// Name of the call.
        call: String,
        /// The signal that did it, if known.
        signal: Option<Signal>,
    },
    /// `pipe` made two descriptors of one object.
    Pipe {
        /// Read end.
        read: Fd,
        /// Write end.
        write: Fd,
        /// The pipe.
        object: ObjectId,
        /// Whether `O_CLOEXEC` was given.
        close_on_exec: bool,
        /// Whether `O_NONBLOCK` was given.
        nonblocking: bool,
    },
    /// A call other than `pipe` or `dup` made a descriptor.
    Opened {
        /// The descriptor.
        fd: Fd,
        /// What it refers to.
        object: ObjectId,
        /// Whether it closes on exec.
        close_on_exec: bool,
    },
    /// An `open` failed.
    OpenFailed {
        /// Path as given.
        path: String,
        /// Why.
        errno: Errno,
    },
    /// `dup`, `dup2`, `dup3` or `fcntl` copied a descriptor.
    Duplicated {
        /// Old descriptor.
        from: Fd,
        /// New descriptor.
        to: Fd,
        /// The object both refer to.
        object: ObjectId,
        /// Whether the copy closes on exec.
        close_on_exec: bool,
    },
    /// `fcntl(F_SETFD)` or `F_SETFL` changed a descriptor.
    DescriptorFlags {
        /// Which.
        fd: Fd,
        /// New close-on-exec flag, if that was set.
        close_on_exec: Option<bool>,
        /// New O_NONBLOCK, if that was set.
        nonblocking: Option<bool>,
    },
    /// A descriptor was closed by a call.
    Closed {
        /// Which.
        fd: Fd,
        /// What it referred to, if it was open.
        object: Option<ObjectId>,
        /// Error of the call, if it failed.
        errno: Option<Errno>,
    },
    /// A read returned.
    Read(IoResult),
    /// A write returned.
    Write(IoResult),
    /// A call that asked "is there something?" and was told "no": `WNOHANG` without a child, EAGAIN
    /// from a non-blocking descriptor, `poll` or `sigtimedwait` with time-out 0, `sched_yield`, an
    /// unchanged `getppid` or `kill(pid, 0)`, a lock that was only tried. Follows the call's own
    /// event, if it has one.
    PolledInVain {
        /// Name of the call.
        call: String,
    },
    /// A blocking call ended because its time-out had passed. Precedes the call's own event, if it
    /// has one.
    TimedOut {
        /// Name of the call.
        call: String,
    },
    /// A sleep ended.
    Slept {
        /// How long it was asked for, in nanoseconds of virtual time.
        asked: u64,
        /// Whether a signal cut it short.
        interrupted: bool,
    },
    /// `getppid` returned.
    AskedParent {
        /// The answer as the program sees it.
        answer: Pid,
    },
    /// A process that called `exit_group` has let go of its descriptors, but is not dead yet: its
    /// children are still its own. The kernel does one after the other, and others may run
    /// between. Source: Linux, kernel/exit.c, `do_exit`.
    Exiting,
    /// A call on something that others wait for or find returned: a lock, a semaphore, a queue of
    /// messages, a connection, a file or its name.
    Used {
        /// Name of the call.
        call: String,
        /// What it was about, where it is known.
        object: Option<ObjectId>,
        /// Its error, if it failed.
        errno: Option<Errno>,
    },
    /// Memory that processes share was read or written.
    Accessed(Access),
    /// The process got memory from the kernel. Only of memory from when its program's own code
    /// began, and only where the run was asked to follow it.
    MemoryTaken {
        /// What it is.
        memory: Memory,
        /// How many bytes, in whole pages.
        bytes: u64,
    },
    /// The process gave memory back to the kernel, as far as that is followed.
    MemoryGivenBack {
        /// From which events it had it.
        parts: Vec<MemoryPart>,
    },
    /// Something got a name by which others find it, and which outlives its maker.
    Named {
        /// Its path as given.
        path: String,
    },
    /// A fault of the schedule took effect; the call's own event follows.
    Injected {
        /// Which.
        fault: Fault,
    },
    /// A process stopped (`SIGSTOP` and its like). Source: `signal(7)`.
    Stopped {
        /// By which signal.
        signal: Signal,
    },
    /// A stopped process went on.
    Continued,
    /// `setsid` or `setpgid` was called.
    SessionOrGroup {
        /// Name of the call.
        call: String,
    },
    /// `prctl(PR_SET_CHILD_SUBREAPER)`: orphans among the descendants come here.
    BecameSubreaper,
    /// A call that was refused because no exercise needs it and it could do harm.
    Refused {
        /// Name of the call.
        call: String,
    },
    /// A call without a model ran; from here the run is not replayable.
    Unmodelled {
        /// Name of the call.
        call: String,
    },
}

/// Which call made a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForkKind {
    /// `fork(2)`.
    Fork,
    /// `vfork(2)`, also from `posix_spawn(3)`: the parent waits until the child executes or ends.
    Vfork,
    /// `clone(2)` with another exit signal or a shared address space.
    Clone,
}

/// Whom a wait is for. Source: `waitpid(2)`, "The value of pid can be".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitTarget {
    /// Any child (-1).
    Any,
    /// This child.
    Child(ProcId),
    /// A pid that is not a child of this run (already reaped, a grandchild, made up).
    Stranger(Pid),
    /// Any child of a process group (0 or below -1).
    Group,
}

/// Flags of a wait that matter to the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitOptions {
    /// `WNOHANG`: do not block.
    pub no_hang: bool,
    /// `WUNTRACED` or `WSTOPPED`: stops count too.
    pub stopped: bool,
    /// `WCONTINUED`.
    pub continued: bool,
    /// `WNOWAIT`: look, do not reap.
    pub keep: bool,
}

/// What came of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitOutcome {
    /// A child was reaped: its status is taken and its pid is free.
    Reaped {
        /// The child.
        child: ProcId,
        /// How it had ended.
        ending: Ending,
        /// Whether the caller asked for the status word (a null pointer drops it).
        status_taken: bool,
    },
    /// A child was looked at and left (`WNOWAIT`).
    Seen(ProcId),
    /// A child had stopped or gone on.
    Job(ProcId),
    /// `WNOHANG`, and no child has ended.
    NothingYet,
    /// It failed: ECHILD when there is no such child, EINTR when a signal came, EINVAL.
    Failed(Errno),
}

/// Whom a signal was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalTarget {
    /// A process of the run.
    Process(ProcId),
    /// One thread.
    Task(TaskId),
    /// A pid that no process of the run has (any more).
    Nobody(Pid),
    /// The caller's process group, or the group with this pid.
    Group(Option<Pid>),
    /// Everybody (-1).
    Everybody,
}

/// Where a signal came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalSource {
    /// A process of the run.
    Process(ProcId),
    /// The kernel: a child's end, a timer, a broken pipe, a wrong address.
    Kernel,
    /// The schedule's fault.
    Fault,
}

/// What a process does with a signal. Source: `signal(7)`, "Signal dispositions".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The default of that signal.
    Default,
    /// Nothing.
    Ignore,
    /// A function of the program.
    Handler,
}

/// The result of a `read`, `write` or one of their relatives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IoResult {
    /// Descriptor.
    pub fd: Fd,
    /// What it refers to, if it is open.
    pub object: Option<ObjectId>,
    /// Bytes asked for.
    pub asked: u64,
    /// Bytes moved, or why not.
    pub result: Result<u64, Errno>,
    /// The first bytes that were moved, at most 4,096; see [`crate::Trace::abridge`].
    #[serde(with = "crate::latin1")]
    pub bytes: Vec<u8>,
    /// Whether the schedule made it shorter than the kernel would have.
    pub shortened: bool,
}
