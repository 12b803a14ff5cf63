//! Sentences of deadlock: the shape of the waits tells what most likely went wrong.

use super::Explanation;
use crate::sentence::wait;
use forklings_model::{Trace, Wait, WaitsFor};

/// Waits that are told in full.
const TOLD: usize = 5;

const PIPES: &str = "man 7 pipe, \"I/O on pipes and FIFOs\"";
const CAPACITY: &str = "man 7 pipe, \"Pipe capacity\"";

/// Cause, experiment and manual page.
type Advice = (&'static str, &'static str, &'static str);

pub(super) fn deadlock(waits: &[Wait], trace: &Trace) -> Explanation {
    let mut lines: Vec<String> =
        waits.iter().take(TOLD).map(|wait| wait::sentence(wait, trace)).collect();
    if waits.len() > TOLD {
        lines.push(format!("and {} more wait", waits.len() - TOLD));
    }
    let (likely, experiment, man) = advice(waits, trace);
    Explanation {
        expected: "somebody can always go on until the program ends".to_owned(),
        happened: format!("nobody can go on:\n{}", lines.join("\n")),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man,
    }
}

fn advice(waits: &[Wait], trace: &Trace) -> Advice {
    let any = |is: fn(&WaitsFor) -> bool| waits.iter().any(|wait| is(&wait.on));
    let writes = any(|on| matches!(on, WaitsFor::Writable { .. }));
    let reads = any(|on| matches!(on, WaitsFor::Readable { .. } | WaitsFor::AnyOf { .. }));
    let children = any(|on| matches!(on, WaitsFor::Child { .. }));
    let signals = any(|on| matches!(on, WaitsFor::Signal));
    let stopped = any(|on| matches!(on, WaitsFor::Continue));
    // What a child waits for is none of the student's pipes: the given program lets its processes
    // wait for each other, to see who is there.
    let meets = waits.iter().any(|wait| wait::meets_others(wait, trace));
    if meets && !writes {
        (
            "a child's work waits until others are there too, and P1 waits for this child before \
             it has started them",
            "start all that may run at once, then wait; and wait for whichever ends first, where \
             its place is needed for the next",
            "man 2 waitpid, \"The value of pid can be\"",
        )
    } else if writes && children {
        (
            "the parent waits for the child's end, the child waits for somebody to read: what it \
             writes does not fit into the pipe",
            "read until end of file first, and only then wait for the child. Where nobody wants to \
             read, close every read end before the wait: a write then fails with EPIPE",
            CAPACITY,
        )
    } else if writes {
        (
            "each side writes and neither reads: a pipe holds only so much (64 KiB on Linux), a \
             socket or a queue too, then the write waits",
            "take turns, or let one process write and another read; try it with a larger input",
            CAPACITY,
        )
    } else if reads && children {
        (
            "the parent waits for the child's end, the child waits for bytes, or an end of file, \
             that the parent still owes it",
            "write, and close the write end, before you wait for the child",
            PIPES,
        )
    } else if stopped {
        (
            "a stopped process goes on by SIGCONT alone, and one that comes before the stop is spent: \
             it is not kept for later",
            "wait until the child has stopped, with WUNTRACED, before you send SIGCONT",
            "man 2 waitpid, WUNTRACED",
        )
    } else if signals {
        (
            "the signal came before anybody waited for it: checked first, then slept",
            "block the signal before the fork, and wait with sigsuspend, which opens the mask and \
             sleeps in one step",
            "man 2 sigsuspend",
        )
    } else if waits.len() == 1 && waits.iter().any(|wait| wait::reads_from_driver(wait, trace)) {
        (
            "the given driver waits for a sign of another process, and nobody is left who would give \
             it: perhaps that process did not wait where it should, and has ended",
            "look in the timeline at what the other process did before it ended",
            "the exercise's README",
        )
    } else if reads && waits.len() == 1 {
        (
            "a read from an empty pipe waits as long as anybody holds a write end, and nobody is \
             left who writes",
            "if the answer may be \"nothing yet\", ask with O_NONBLOCK, or with poll; if it is an \
             end of file, close every write end first",
            PIPES,
        )
    } else if reads {
        (
            "each waits to read what the other would write, or close, only afterwards",
            "let one side write first. A side that has nothing (more) to write closes its write end \
             before it reads: the other then sees end of file",
            PIPES,
        )
    } else if waits.iter().any(waits_for_condition) {
        (
            "a wake-up of a condition is spent where nobody waits yet: it came before the wait, or \
             went to another",
            "change what is waited for under the mutex, and wait in a loop that looks at it first; \
             wake all where more than one may wait",
            "man 3 pthread_cond_wait",
        )
    } else if waits.iter().any(holds_it_itself) {
        (
            "whoever holds a plain lock and takes it again waits for itself",
            "give the lock back first, or let the inner function rely on its caller's lock",
            "man 3 pthread_mutex_lock",
        )
    } else if waits.iter().filter(|wait| is_for_lock(&wait.on)).count() > 1 {
        (
            "each holds a lock that another waits for",
            "take the locks in the same order everywhere",
            "man 3 pthread_mutex_lock",
        )
    } else if waits.iter().any(joins) {
        (
            "a thread is joined that does not end: it waits for something that only the joining \
             thread, or nobody, could still give it, such as a message, the drop of a last Sender, \
             a wake-up or a lock",
            "let the thread know that nothing more comes, and drop or unlock what it waits for, before \
             you join it",
            "std::sync::mpsc, `Receiver::recv`",
        )
    } else if waits.len() > 1 && waits.iter().any(is_for_own_lock) {
        (
            "a lock is never given back: each of two holds the one that the other waits for, or its \
             holder waits for itself, or it was taken more often than given back",
            "take several locks in one order, the same everywhere; give each back as often as it is \
             taken",
            "man 7 futex",
        )
    } else if waits.iter().any(|wait| matches!(wait.on, WaitsFor::Memory)) {
        (
            "what the loop looks for never comes: a lock that is never given back, or a flag that \
             is set only after this wait, or never",
            "look where the flag is set, or the lock given back, and what that waits for",
            "man 7 pthreads",
        )
    } else if waits.len() == 1 {
        (
            "nobody is left who could end the wait",
            "look for who was to end it, and why it is gone or did so before the wait began",
            "man 2 waitpid",
        )
    } else {
        (
            "the waits form a ring: each waits for the next",
            "draw who waits for whom: which of these waits can be left out, or come later?",
            "man 2 waitpid",
        )
    }
}

fn waits_for_condition(wait: &Wait) -> bool {
    matches!(&wait.on, WaitsFor::Futex { function: Some(function), .. }
        if function.starts_with("pthread_cond_") || function.starts_with("Condvar::"))
}

fn holds_it_itself(wait: &Wait) -> bool {
    let Wait { task, on, .. } = wait;
    matches!(on, WaitsFor::Futex { holder: Some(holder), .. } if holder == task)
        || matches!(on, WaitsFor::Lock { holders, .. } if *holders == [task.proc])
}

fn joins(wait: &Wait) -> bool {
    matches!(&wait.on, WaitsFor::Futex { function: Some(function), .. } if function == "pthread_join")
}

/// A futex that is waited on without a library's lock: most likely one that was built on it.
fn is_for_own_lock(wait: &Wait) -> bool {
    matches!(wait.on, WaitsFor::Futex { function: None, .. })
}

/// A mutex, a semaphore that serves as one, or a lock on a file.
fn is_for_lock(on: &WaitsFor) -> bool {
    matches!(on, WaitsFor::Lock { .. } | WaitsFor::Semaphore { .. } | WaitsFor::Memory)
        || matches!(on, WaitsFor::Futex { function: Some(function), .. }
            if function.to_lowercase().contains("lock") || function == "sem_wait")
}
