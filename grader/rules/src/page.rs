//! The rules' pages, as they stand in the book: what `forklings explain` prints.

use forklings_model::Rule;

macro_rules! pages {
    ($($variant:ident => $name:literal,)*) => {
        /// The page about a rule, in Markdown.
        #[must_use]
        pub const fn page(rule: Rule) -> &'static str {
            match rule {
                $(Rule::$variant =>
                    include_str!(concat!("../../../docs/rules/", $name, ".md")),)*
            }
        }
    };
}

pages! {
    BuildFailed => "build-failed",
    TodoLeft => "todo-left",
    ProcessLimit => "process-limit",
    MemoryLimit => "memory-limit",
    OutputLimit => "output-limit",
    Crashed => "crashed",
    KilledBySignal => "killed-by-signal",
    TooManyProcesses => "too-many-processes",
    TooManyWorkers => "too-many-workers",
    TaskRunTwice => "task-run-twice",
    PanicIgnored => "panic-ignored",
    StatusLost => "status-lost",
    WrongChildReaped => "wrong-child-reaped",
    EintrNotHandled => "eintr-not-handled",
    UnsafeInHandler => "unsafe-in-handler",
    ShortIoIgnored => "short-io-ignored",
    StatusMisread => "status-misread",
    MaskNotRestored => "mask-not-restored",
    HandlerNotRestored => "handler-not-restored",
    SignalLost => "signal-lost",
    PipeEndOpen => "pipe-end-open",
    SpuriousWakeup => "spurious-wakeup",
    MutualExclusion => "mutual-exclusion",
    LostUpdate => "lost-update",
    DataRace => "data-race",
    MisuseCompiles => "misuse-compiles",
    WakeupLost => "wakeup-lost",
    LockAbandoned => "lock-abandoned",
    WorkerDeathIgnored => "worker-death-ignored",
    TaskLost => "task-lost",
    NotParallel => "not-parallel",
    Deadlock => "deadlock",
    BusyWait => "busy-wait",
    TimeLimit => "time-limit",
    OrderBySleep => "order-by-sleep",
    OrderViolated => "order-violated",
    ResultOrder => "result-order",
    OutputWrong => "output-wrong",
    ZombieLeft => "zombie-left",
    OrphanLeft => "orphan-left",
    ShmLeft => "shm-left",
    SemLeft => "sem-left",
    QueueLeft => "queue-left",
    FifoLeft => "fifo-left",
    SocketLeft => "socket-left",
    TempLeft => "temp-left",
    MappingLeft => "mapping-left",
    MemoryLeaked => "memory-leaked",
    FdInherited => "fd-inherited",
    FdLeaked => "fd-leaked",
    DiffersUnwatched => "differs-unwatched",
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Under this stands a small program.
    const PROGRAM: &str = "\n## Provoke it\n";
    /// What every page has, in this order.
    const HEADINGS: [&str; 5] = [
        "\n## What it means\n",
        "\n## Why it matters\n",
        "\n## Exactly when\n",
        PROGRAM,
        "\n## Mend it\n",
    ];

    #[test]
    fn every_rule_has_a_page_with_its_name_and_all_headings_in_order() {
        for &rule in Rule::ALL {
            let page = page(rule);
            assert!(page.starts_with(&format!("# {rule}\n")), "title of {rule}");
            let places: Vec<_> = HEADINGS.iter().map(|heading| page.find(heading)).collect();
            assert!(places.iter().all(Option::is_some), "headings of {rule}: {places:?}");
            assert!(places.is_sorted(), "headings of {rule}: {places:?}");
            let (_, below) = page.split_once(PROGRAM).expect("looked for above");
            let program = below.split("\n## ").next().expect("there is a first part");
            assert!(program.contains("\n```rust"), "program of {rule}");
        }
    }

    #[test]
    fn the_index_names_every_page_in_order_of_precedence() {
        let index = include_str!("../../../docs/rules/README.md");
        let places: Vec<_> =
            Rule::ALL.iter().map(|rule| index.find(&format!("[{rule}]({rule}.md)"))).collect();
        assert!(places.iter().all(Option::is_some), "{places:?}");
        assert!(places.is_sorted(), "{places:?}");
    }
}
