//! The names of the rules.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $family:ident;)*) => {
        /// A rule, by the name that students can look up. The declaration order is the order of
        /// precedence: when one run breaks several rules, the earlier one is reported first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Rule { $($(#[$doc])* $variant,)* }

        impl Rule {
            /// Every rule, in order of precedence.
            pub const ALL: &[Rule] = &[$(Rule::$variant,)*];

            /// The rule's name, such as `zombie-left`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name,)* }
            }

            /// The family it belongs to.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Rule::$variant => Family::$family,)* }
            }
        }
    };
}

rules! {
    /// The program could not be compiled.
    BuildFailed = "build-failed" in Limits;
    /// A `todo!` was reached.
    TodoLeft = "todo-left" in Limits;
    /// More processes than the scenario's limit: a fork bomb, or close to one.
    ProcessLimit = "process-limit" in Limits;
    /// More memory than allowed.
    MemoryLimit = "memory-limit" in Limits;
    /// More output than allowed.
    OutputLimit = "output-limit" in Limits;
    /// A process died of SIGSEGV, SIGABRT or their like, or panicked where nobody saw it.
    Crashed = "crashed" in Limits;
    /// The program was killed by a signal that was not its own crash.
    KilledBySignal = "killed-by-signal" in Signals;
    /// More processes than the contract asks for.
    TooManyProcesses = "too-many-processes" in Processes;
    /// More workers than the pool is to have.
    TooManyWorkers = "too-many-workers" in Pools;
    /// A task was run more than once.
    TaskRunTwice = "task-run-twice" in Pools;
    /// A child panicked and its parent took that for success.
    PanicIgnored = "panic-ignored" in Processes;
    /// A child's status was thrown away although the contract asks for it.
    StatusLost = "status-lost" in Processes;
    /// A wait took the status of a child that was somebody else's to reap.
    WrongChildReaped = "wrong-child-reaped" in Processes;
    /// A call that a signal interrupted was taken for finished.
    EintrNotHandled = "eintr-not-handled" in Signals;
    /// A handler called a function that it must not call.
    UnsafeInHandler = "unsafe-in-handler" in Signals;
    /// A read or write moved less than asked, and the rest was forgotten.
    ShortIoIgnored = "short-io-ignored" in Descriptors;
    /// A status word was read wrongly: a signal as a code, a code shifted.
    StatusMisread = "status-misread" in Processes;
    /// The signal mask was left other than it was found.
    MaskNotRestored = "mask-not-restored" in Signals;
    /// What signals do was left other than it was found.
    HandlerNotRestored = "handler-not-restored" in Signals;
    /// A process waits for a signal that has come and gone.
    SignalLost = "signal-lost" in Signals;
    /// A reader waits for an end of file that cannot come, because a write end is still open.
    PipeEndOpen = "pipe-end-open" in Descriptors;
    /// A wait in `futex` that ended for no reason was taken for a wake-up.
    SpuriousWakeup = "spurious-wakeup" in Memory;
    /// Two processes were at once where only one may be.
    MutualExclusion = "mutual-exclusion" in Memory;
    /// A value was overwritten that another process had written since it was read.
    LostUpdate = "lost-update" in Memory;
    /// Two processes use the same memory at the same time, and one of them writes.
    DataRace = "data-race" in Memory;
    /// A program that misuses the types, and that the compiler should refuse, compiles.
    MisuseCompiles = "misuse-compiles" in Memory;
    /// A process sleeps although what it slept for has happened.
    WakeupLost = "wakeup-lost" in Memory;
    /// Somebody waits for a lock whose holder has ended.
    LockAbandoned = "lock-abandoned" in Memory;
    /// A worker died, and its pool went on as if it had not.
    WorkerDeathIgnored = "worker-death-ignored" in Pools;
    /// A task was not run, or has no answer.
    TaskLost = "task-lost" in Pools;
    /// Fewer tasks are at work at once than there are workers.
    NotParallel = "not-parallel" in Pools;
    /// Everybody waits for somebody.
    Deadlock = "deadlock" in Descriptors;
    /// Asked again and again instead of waiting.
    BusyWait = "busy-wait" in Processes;
    /// More time than allowed.
    TimeLimit = "time-limit" in Limits;
    /// The order holds only because of a sleep.
    OrderBySleep = "order-by-sleep" in Order;
    /// The answers are those of the tasks, in another order.
    ResultOrder = "result-order" in Pools;
    /// What the program did or printed is not what the contract says.
    OutputWrong = "output-wrong" in Order;
    /// Something happened before what it must follow.
    OrderViolated = "order-violated" in Order;
    /// A dead child was never waited for.
    ZombieLeft = "zombie-left" in Processes;
    /// A process outlived the one that started it.
    OrphanLeft = "orphan-left" in Processes;
    /// Shared memory with a name was left.
    ShmLeft = "shm-left" in Objects;
    /// A semaphore with a name was left.
    SemLeft = "sem-left" in Objects;
    /// A message queue was left.
    QueueLeft = "queue-left" in Objects;
    /// A FIFO was left.
    FifoLeft = "fifo-left" in Objects;
    /// The name of a socket was left.
    SocketLeft = "socket-left" in Objects;
    /// A temporary file was left.
    TempLeft = "temp-left" in Objects;
    /// A mapping was left to the end of the program to take away.
    MappingLeft = "mapping-left" in Objects;
    /// The program's memory grew by more than the contract allows.
    MemoryLeaked = "memory-leaked" in Objects;
    /// A program that was executed got descriptors that are not its business.
    FdInherited = "fd-inherited" in Descriptors;
    /// A descriptor was opened and never closed.
    FdLeaked = "fd-leaked" in Descriptors;
    /// Without the tracer the program does something else.
    DiffersUnwatched = "differs-unwatched" in Order;
}

/// A family of rules, as the book groups them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Order and output.
    Order,
    /// Children, statuses and waiting.
    Processes,
    /// Signals.
    Signals,
    /// Descriptors and pipes.
    Descriptors,
    /// Memory that processes share, and locks in it.
    Memory,
    /// Pools of workers and their tasks.
    Pools,
    /// Things with a name that outlive the program.
    Objects,
    /// Limits, crashes and unfinished work.
    Limits,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        Self::ALL
            .iter()
            .copied()
            .find(|rule| rule.name() == name)
            .ok_or_else(|| UnknownRule(name.to_owned()))
    }
}

/// A name that no rule has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule(pub String);

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no rule is called `{}`", self.0)
    }
}

impl std::error::Error for UnknownRule {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_found_by_its_name() {
        for &rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(rule));
        }
        assert!("zombie".parse::<Rule>().is_err());
    }
}
