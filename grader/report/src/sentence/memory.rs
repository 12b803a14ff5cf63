//! Sentences of the rules about shared memory and the locks in it.

use super::Explanation;
use crate::sentence::{demand, wait};
use forklings_model::{Demand, ProcId, TaskId, Trace, Wait};

/// Waits that are told in full.
const TOLD: usize = 4;

pub(super) fn data_race(
    first: (ProcId, bool),
    second: (ProcId, bool),
    offset: u64,
    size: u8,
) -> Explanation {
    let does = |writes: bool| if writes { "writes" } else { "reads" };
    Explanation {
        expected:
            "of two uses of the same memory by two processes, of which one writes, one comes \
                   before the other by a lock, an atomic operation or a message"
                .to_owned(),
        happened: format!(
            "{} {} {size} bytes at offset {offset} of the shared memory, and {} {} them; nothing \
             orders the two",
            first.0,
            does(first.1),
            second.0,
            does(second.1)
        ),
        likely: "shared memory orders nothing by itself: who comes first differs from run to run, \
                 and the compiler may assume that nobody else is there"
            .to_owned(),
        experiment: "use an atomic type for the word, or hold the same lock around both lines"
            .to_owned(),
        man: "the Rustonomicon, \"Data Races\"",
    }
}

pub(super) fn lost_update(own: (ProcId, u64, u64), other: (ProcId, u64)) -> Explanation {
    let ((proc, read, written), (by, lost)) = (own, other);
    Explanation {
        expected: "whoever changes a shared value starts from the newest one".to_owned(),
        happened: format!(
            "{proc} read {read}; {by} wrote {lost}; {proc} wrote {written} over it: what {by} did \
             is lost"
        ),
        likely:
            "reading, computing and writing are three steps, and another process came between. \
                 Where a lock is to keep it out, the lock has let two in"
                .to_owned(),
        experiment: "make one step of it: fetch_add or compare_exchange, or hold a lock from the \
                     read to the write; of a lock, look at the step that takes it"
            .to_owned(),
        man: "std::sync::atomic, `fetch_add`",
    }
}

pub(super) fn mutual_exclusion(demanded: &Demand, first: ProcId, second: ProcId) -> Explanation {
    Explanation {
        expected: demand::demand(demanded),
        happened: format!("{second} came in while {first} was there"),
        likely: "the lock let two in: looking whether it is free and taking it are two steps, or \
                 each process has a lock of its own"
            .to_owned(),
        experiment: "take it in one step (compare_exchange, swap), and see that the lock itself \
                     lies in the shared memory"
            .to_owned(),
        man: "man 7 futex",
    }
}

pub(super) fn spurious_wakeup(task: TaskId) -> Explanation {
    Explanation {
        expected: "whoever returns from a wait looks whether it is over".to_owned(),
        happened: format!(
            "{task}'s wait in futex returned, as it may at any time, though nobody had woken it, and \
             it went on without a look at the word"
        ),
        likely:
            "`if` stands where `while` belongs: the return of a wait says nothing but that it is \
                 time to look again"
                .to_owned(),
        experiment: "look at the word after every return of the wait, in a loop".to_owned(),
        man: "man 2 futex, FUTEX_WAIT",
    }
}

pub(super) fn wakeup_lost(
    sleeper: TaskId,
    by: Option<ProcId>,
    waits: &[Wait],
    trace: &Trace,
) -> Explanation {
    let changed = by.map_or_else(
        || "the word has changed since".to_owned(),
        |by| format!("{by} has changed the word since"),
    );
    Explanation {
        expected: "whoever changes a word that others sleep on wakes them".to_owned(),
        happened: format!(
            "{sleeper} sleeps in futex; {changed}, and nobody wakes it:\n{}",
            told(waits, trace)
        ),
        likely:
            "the word was changed without a wake (FUTEX_WAKE); or the wake went to one sleeper \
                 of several; or FUTEX_PRIVATE was asked for, which reaches this process only"
                .to_owned(),
        experiment: "wake after each change that lets somebody go on, without FUTEX_PRIVATE_FLAG \
                     in memory that processes share"
            .to_owned(),
        man: "man 2 futex, FUTEX_WAKE and FUTEX_PRIVATE_FLAG",
    }
}

pub(super) fn lock_abandoned(
    holder: ProcId,
    waiter: TaskId,
    waits: &[Wait],
    trace: &Trace,
) -> Explanation {
    Explanation {
        expected: "whoever ends has given back its locks".to_owned(),
        happened: format!(
            "{holder} ended with the lock that {waiter} waits for:\n{}",
            told(waits, trace)
        ),
        likely: "a lock in shared memory outlives its holder: a process that returns early, \
                 panics or is killed between lock and unlock leaves it locked for ever"
            .to_owned(),
        experiment: "unlock on every path; where the holder may be killed, use a robust mutex, \
                     which hands the lock on with EOWNERDEAD"
            .to_owned(),
        man: "man 3 pthread_mutexattr_setrobust",
    }
}

fn told(waits: &[Wait], trace: &Trace) -> String {
    let mut lines: Vec<String> =
        waits.iter().take(TOLD).map(|wait| wait::sentence(wait, trace)).collect();
    if waits.len() > TOLD {
        lines.push(format!("and {} more wait", waits.len() - TOLD));
    }
    lines.join("\n")
}
