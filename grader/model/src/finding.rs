//! A finding: what a rule has to say about a trace, as data. The sentences are `report`'s.

use crate::{
    Action, Demand, Ending, Fd, Mapped, ObjectId, Pid, ProcId, Rule, Signal, SignalSet, SiteId,
    TaskId, Wait,
};
use serde::{Deserialize, Serialize};

/// What a rule has to say about a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong, with the values a sentence about it needs.
    pub detail: Detail,
    /// Whether it stands alone or only explains another finding.
    pub weight: Weight,
    /// Numbers of the events that prove it, ascending. The timeline shows these and what makes
    /// them understood.
    pub evidence: Vec<u32>,
    /// The place in the code to look at first.
    pub site: Option<SiteId>,
    /// A second place that belongs to it: where the zombie was forked, the descriptor opened.
    pub origin: Option<SiteId>,
}

impl Finding {
    /// The rule that was broken.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.detail.rule()
    }
}

/// Whether a finding is enough to reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Wrong by itself.
    Accuses,
    /// Counts only beside a finding that accuses, whose cause it names: a pattern that correct
    /// programs may show too.
    Explains,
}

/// One of the two ends of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PipeEnd {
    /// Where bytes come out.
    Read,
    /// Where bytes go in.
    Write,
}

/// The window in which a signal was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostIn {
    /// Its handler ran before the wait began.
    BeforeTheWait,
    /// It was ignored when it came; what awaits it was set up later.
    Ignored,
    /// It came while one of its kind was pending and merged with it.
    Merged,
    /// It is pending, and the wait itself blocks it.
    Blocked,
}

/// What is wrong: a variant for each rule, and one more where a rule is broken in another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Detail {
    /// The compiler refused it.
    BuildFailed {
        /// The compiler's messages, shortened.
        diagnostics: String,
    },
    /// As [`BuildFailed`](Self::BuildFailed), of a program of others that uses the types: the compiler
    /// refused it.
    #[serde(rename = "use-refused")]
    UseRefused {
        /// Why it must compile.
        reason: String,
        /// Its text.
        program: String,
        /// What the compiler said.
        said: String,
    },
    /// A `todo!` was reached.
    TodoLeft {
        /// Its text.
        todo: String,
    },
    /// More processes than the limit.
    ProcessLimit {
        /// The limit.
        processes: u32,
        /// Who asked for one more.
        proc: ProcId,
    },
    /// More memory than the limit.
    MemoryLimit {
        /// The limit.
        mib: u32,
        /// Who wanted more.
        proc: ProcId,
    },
    /// More output than the limit.
    OutputLimit {
        /// The limit.
        kib: u32,
        /// Who wrote it.
        proc: ProcId,
    },
    /// A process crashed, or the root panicked.
    Crashed {
        /// Which process.
        proc: ProcId,
        /// How it ended.
        ending: Ending,
        /// The panic's message, if it was one.
        panic: Option<String>,
    },
    /// A process was killed by a signal that the contract does not have in it.
    KilledBySignal {
        /// Which process.
        proc: ProcId,
        /// The signal.
        signal: Signal,
        /// Who sent it; `None` is the kernel.
        by: Option<ProcId>,
    },
    /// More processes than the contract asks for.
    TooManyProcesses {
        /// What the contract asks for.
        demand: Demand,
        /// How many there were.
        seen: u32,
        /// A process that should not have forked, if one is known.
        culprit: Option<ProcId>,
    },
    /// More workers than the pool is to have.
    TooManyWorkers {
        /// The demand that was not met.
        demand: Demand,
        /// How many there were.
        seen: u32,
        /// How many of them had died, and were to be replaced.
        died: u32,
    },
    /// A task was run more than once.
    TaskRunTwice {
        /// Its number.
        number: u32,
        /// Who ran it.
        first: TaskId,
        /// Who ran it again.
        second: TaskId,
    },
    /// A child panicked, and the program went on to report success.
    PanicIgnored {
        /// The child.
        child: ProcId,
        /// Its message.
        panic: String,
    },
    /// The kernel threw a status away, or the program took it and dropped it.
    StatusLost {
        /// Whose status.
        child: ProcId,
        /// How it had ended.
        ending: Ending,
        /// Who should have taken it.
        parent: ProcId,
        /// Whether ignoring SIGCHLD was the reason.
        ignored_sigchld: bool,
    },
    /// A wait for any child took one that another part of the program waits for.
    WrongChildReaped {
        /// The child that was taken.
        child: ProcId,
        /// Whose wait later failed.
        parent: ProcId,
    },
    /// EINTR ended what should have gone on.
    EintrNotHandled {
        /// Whose call.
        proc: ProcId,
        /// The call.
        call: String,
        /// The signal.
        signal: Option<Signal>,
    },
    /// The rest of a short read or write was forgotten.
    ShortIoIgnored {
        /// Whose call.
        proc: ProcId,
        /// Whether it was a write.
        write: bool,
        /// The descriptor.
        fd: Fd,
        /// Bytes asked for.
        asked: u64,
        /// Bytes moved.
        moved: u64,
    },
    /// A status word was read wrongly.
    StatusMisread {
        /// Whose status.
        child: ProcId,
        /// How it had ended.
        ending: Ending,
        /// What the program said instead.
        said: String,
    },
    /// A handler called a function that is not async-signal-safe.
    UnsafeInHandler {
        /// Whose handler.
        proc: ProcId,
        /// The signal that was handled.
        signal: Signal,
        /// The function.
        function: String,
    },
    /// The signal mask was left changed.
    MaskNotRestored {
        /// Whose mask.
        proc: ProcId,
        /// The demand that was not met.
        demand: Demand,
        /// Blocked before.
        was: SignalSet,
        /// Blocked after.
        blocked: SignalSet,
    },
    /// What signals do was left changed.
    HandlerNotRestored {
        /// Whose dispositions.
        proc: ProcId,
        /// The demand that was not met.
        demand: Demand,
        /// Each signal that differs, with what it did before and what it does after.
        changed: Vec<(Signal, Action, Action)>,
    },
    /// A process waits for a signal that has come and gone.
    SignalLost {
        /// Who waits.
        proc: ProcId,
        /// The signal.
        signal: Signal,
        /// When it was lost.
        window: LostIn,
    },
    /// An end of a pipe that nobody will use holds somebody up: a write end holds back an end of
    /// file, a read end lets a writer wait for room.
    PipeEndOpen {
        /// Who waits: to read, or to write where the end is a read end.
        waiter: ProcId,
        /// The descriptor that it waits with.
        fd: Fd,
        /// The pipe.
        object: ObjectId,
        /// Which end is held.
        end: PipeEnd,
        /// Who holds it.
        holder: ProcId,
        /// The holder's descriptor.
        held: Fd,
        /// Others who hold one too: it takes all of them to close.
        others: Vec<(ProcId, Fd)>,
        /// Everybody who waits.
        waits: Vec<Wait>,
    },
    /// A wait in `futex` that ended for no reason was taken for a wake-up.
    SpuriousWakeup {
        /// Whose wait.
        task: TaskId,
    },
    /// A process sleeps on a word of memory that no longer is what it slept for.
    WakeupLost {
        /// Who sleeps.
        sleeper: TaskId,
        /// Who changed the word and woke nobody, if the trace knows.
        by: Option<ProcId>,
        /// Everybody who waits.
        waits: Vec<Wait>,
    },
    /// Somebody waits for a lock whose holder has ended.
    LockAbandoned {
        /// Who ended.
        holder: ProcId,
        /// Who waits.
        waiter: TaskId,
        /// Everybody who waits.
        waits: Vec<Wait>,
    },
    /// Two processes were at once where only one may be.
    MutualExclusion {
        /// The demand that was not met.
        demand: Demand,
        /// Who was there.
        first: ProcId,
        /// Who came too.
        second: ProcId,
    },
    /// A value was overwritten that another process had written since it was read.
    LostUpdate {
        /// Who read the value and overwrote another's.
        proc: ProcId,
        /// What it read.
        read: u64,
        /// Whose value was lost.
        by: ProcId,
        /// That value.
        lost: u64,
        /// What it was overwritten with.
        written: u64,
    },
    /// Two processes use the same memory at the same time, and one of them writes.
    DataRace {
        /// Who came first in this run, and whether it wrote.
        first: (ProcId, bool),
        /// Who came second, and whether it wrote.
        second: (ProcId, bool),
        /// The memory.
        object: ObjectId,
        /// Where in it, in bytes.
        offset: u64,
        /// How many bytes.
        size: u8,
    },
    /// As [`DataRace`](Self::DataRace), found without a run: a model of threads fails with the
    /// orderings as they are written, and holds with the strongest ones.
    #[serde(rename = "data-race-in-model")]
    DataRaceInModel {
        /// Name of the model.
        model: String,
        /// What the model checker said of the first order that fails.
        said: String,
    },
    /// A program that misuses the types compiles.
    MisuseCompiles {
        /// Why it must not.
        reason: String,
        /// Its text.
        program: String,
    },
    /// A worker died, and its pool went on as if it had not.
    WorkerDeathIgnored {
        /// The worker.
        worker: TaskId,
        /// The task that it was at, if it had begun one.
        number: Option<u32>,
        /// What the pool gave as the task's answer; `None` when everybody waits.
        answer: Option<String>,
        /// Whether the death was told, and only the worker was not replaced.
        told: bool,
        /// Everybody who waits.
        waits: Vec<Wait>,
    },
    /// A task was not run, or has no answer.
    TaskLost {
        /// Its number.
        number: u32,
        /// Whether it had begun.
        begun: bool,
        /// Everybody who waits, where the run ends so.
        waits: Vec<Wait>,
    },
    /// Fewer tasks are at work at once than there are workers.
    NotParallel {
        /// The demand that was not met.
        demand: Demand,
        /// The numbers of the tasks that are at work, and wait for others.
        at_work: Vec<u32>,
        /// Everybody who waits.
        waits: Vec<Wait>,
    },
    /// Everybody waits for somebody.
    Deadlock {
        /// Who waits for what.
        waits: Vec<Wait>,
    },
    /// Asked again and again instead of waiting.
    BusyWait {
        /// Who.
        proc: ProcId,
        /// With which call; `None` when it turned in a loop that looked at memory and made none.
        call: Option<String>,
        /// How often in a row; 0 when it made no call.
        times: u32,
        /// How often it slept between; 0 when it never did.
        #[serde(default)]
        naps: u32,
    },
    /// Too much time.
    TimeLimit {
        /// The limit.
        seconds: u32,
        /// Who was running.
        proc: ProcId,
        /// Whether it computed rather than slept.
        computing: bool,
    },
    /// A sleep stands where a wait belongs.
    OrderBySleep {
        /// Who slept.
        proc: ProcId,
        /// How long, in nanoseconds.
        asked: u64,
        /// The order that broke when time passed otherwise.
        demand: Demand,
        /// Whether a second run with the same order of all else, in which only the sleep ended
        /// later, met the demand.
        #[serde(default)]
        confirmed: bool,
    },
    /// Something came before what it must follow.
    OrderViolated {
        /// The demand that was not met.
        demand: Demand,
    },
    /// The answers are those of the tasks, in another order.
    ResultOrder {
        /// The demand that was not met.
        demand: Demand,
        /// The answers in the order in which they came.
        actual: Vec<String>,
    },
    /// The program did not do or say what the contract says.
    OutputWrong {
        /// The demand that was not met.
        demand: Demand,
        /// What was there instead.
        actual: String,
    },
    /// A dead child was never waited for.
    ZombieLeft {
        /// The child.
        child: ProcId,
        /// Its pid.
        pid: Pid,
        /// How it ended.
        ending: Ending,
        /// Who should have reaped it.
        parent: ProcId,
    },
    /// A process was still alive when its parent, or the program, ended.
    OrphanLeft {
        /// The process.
        proc: ProcId,
        /// Its pid.
        pid: Pid,
        /// Its parent.
        parent: ProcId,
    },
    /// Shared memory with a name was left.
    ShmLeft {
        /// Their paths.
        paths: Vec<String>,
    },
    /// Semaphores with a name were left.
    SemLeft {
        /// Their paths.
        paths: Vec<String>,
    },
    /// Message queues were left.
    QueueLeft {
        /// Their paths.
        paths: Vec<String>,
    },
    /// FIFOs were left.
    FifoLeft {
        /// Their paths.
        paths: Vec<String>,
    },
    /// Names of sockets were left.
    SocketLeft {
        /// Their paths.
        paths: Vec<String>,
    },
    /// Temporary files were left.
    TempLeft {
        /// Their paths.
        paths: Vec<String>,
    },
    /// Mappings that a process made and did not give back.
    MappingLeft {
        /// Whose they are.
        proc: ProcId,
        /// The demand.
        demand: Demand,
        /// Each with its bytes.
        mappings: Vec<(Mapped, u64)>,
    },
    /// A process's private memory grew.
    MemoryLeaked {
        /// Whose.
        proc: ProcId,
        /// The demand.
        demand: Demand,
        /// By so many bytes.
        grown: u64,
    },
    /// A program got descriptors that are not its business.
    FdInherited {
        /// The process that executed it.
        proc: ProcId,
        /// The program.
        program: String,
        /// Descriptors that stayed open, with what they refer to.
        fds: Vec<(Fd, String)>,
    },
    /// Descriptors that were left open.
    FdLeaked {
        /// Each with what it refers to.
        fds: Vec<(Fd, String)>,
    },
    /// Without the tracer the program does something else.
    DiffersUnwatched {
        /// The demand that every traced run met, and no untraced one.
        demand: Demand,
        /// What was there instead.
        actual: String,
    },
}

impl Detail {
    /// The rule that this detail belongs to.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::BuildFailed { .. } | Self::UseRefused { .. } => Rule::BuildFailed,
            Self::TodoLeft { .. } => Rule::TodoLeft,
            Self::ProcessLimit { .. } => Rule::ProcessLimit,
            Self::MemoryLimit { .. } => Rule::MemoryLimit,
            Self::OutputLimit { .. } => Rule::OutputLimit,
            Self::Crashed { .. } => Rule::Crashed,
            Self::KilledBySignal { .. } => Rule::KilledBySignal,
            Self::TooManyProcesses { .. } => Rule::TooManyProcesses,
            Self::TooManyWorkers { .. } => Rule::TooManyWorkers,
            Self::TaskRunTwice { .. } => Rule::TaskRunTwice,
            Self::PanicIgnored { .. } => Rule::PanicIgnored,
            Self::StatusLost { .. } => Rule::StatusLost,
            Self::WrongChildReaped { .. } => Rule::WrongChildReaped,
            Self::EintrNotHandled { .. } => Rule::EintrNotHandled,
            Self::ShortIoIgnored { .. } => Rule::ShortIoIgnored,
            Self::StatusMisread { .. } => Rule::StatusMisread,
            Self::UnsafeInHandler { .. } => Rule::UnsafeInHandler,
            Self::MaskNotRestored { .. } => Rule::MaskNotRestored,
            Self::HandlerNotRestored { .. } => Rule::HandlerNotRestored,
            Self::SignalLost { .. } => Rule::SignalLost,
            Self::PipeEndOpen { .. } => Rule::PipeEndOpen,
            Self::SpuriousWakeup { .. } => Rule::SpuriousWakeup,
            Self::WakeupLost { .. } => Rule::WakeupLost,
            Self::LockAbandoned { .. } => Rule::LockAbandoned,
            Self::MutualExclusion { .. } => Rule::MutualExclusion,
            Self::LostUpdate { .. } => Rule::LostUpdate,
            Self::DataRace { .. } | Self::DataRaceInModel { .. } => Rule::DataRace,
            Self::MisuseCompiles { .. } => Rule::MisuseCompiles,
            Self::WorkerDeathIgnored { .. } => Rule::WorkerDeathIgnored,
            Self::TaskLost { .. } => Rule::TaskLost,
            Self::NotParallel { .. } => Rule::NotParallel,
            Self::Deadlock { .. } => Rule::Deadlock,
            Self::BusyWait { .. } => Rule::BusyWait,
            Self::TimeLimit { .. } => Rule::TimeLimit,
            Self::OrderBySleep { .. } => Rule::OrderBySleep,
            Self::OrderViolated { .. } => Rule::OrderViolated,
            Self::ResultOrder { .. } => Rule::ResultOrder,
            Self::OutputWrong { .. } => Rule::OutputWrong,
            Self::ZombieLeft { .. } => Rule::ZombieLeft,
            Self::OrphanLeft { .. } => Rule::OrphanLeft,
            Self::ShmLeft { .. } => Rule::ShmLeft,
            Self::SemLeft { .. } => Rule::SemLeft,
            Self::QueueLeft { .. } => Rule::QueueLeft,
            Self::FifoLeft { .. } => Rule::FifoLeft,
            Self::SocketLeft { .. } => Rule::SocketLeft,
            Self::TempLeft { .. } => Rule::TempLeft,
            Self::MappingLeft { .. } => Rule::MappingLeft,
            Self::MemoryLeaked { .. } => Rule::MemoryLeaked,
            Self::FdInherited { .. } => Rule::FdInherited,
            Self::FdLeaked { .. } => Rule::FdLeaked,
            Self::DiffersUnwatched { .. } => Rule::DiffersUnwatched,
        }
    }
}
