//! Sentences of the rules about limits, crashes and unfinished work.

use super::Explanation;
use crate::escape::{block, quoted};
use crate::sentence::name::count;
use forklings_model::{Ending, ProcId};

pub(super) fn build_failed(diagnostics: &str) -> Explanation {
    Explanation {
        expected: "the program compiles".to_owned(),
        happened: format!("the compiler refused it:\n{}", block(diagnostics, 16).join("\n")),
        likely: "the first error is usually the cause of those after it".to_owned(),
        experiment: "mend the first error and compile again".to_owned(),
        man: "rustc --explain E0000 (the error's number)",
    }
}

pub(super) fn todo_left(todo: &str) -> Explanation {
    Explanation {
        expected: "the function does what the README says".to_owned(),
        happened: format!("it is not written yet: {}", quoted(todo)),
        likely: "this task is still to be done".to_owned(),
        experiment: "replace the todo! by code".to_owned(),
        man: "the exercise's README",
    }
}

pub(super) fn process_limit(processes: u32, proc: ProcId) -> Explanation {
    Explanation {
        expected: format!(
            "at most {} are alive at once",
            count(processes.into(), "process", "processes")
        ),
        happened: format!("{proc} asked for one more, and the run was ended"),
        likely: "a fork in a loop that has no end, or children that go on in their parent's loop: \
                 their number then doubles with each round"
            .to_owned(),
        experiment: "end each child inside its branch, with _exit; do not repeat a failed \
                     fork for ever"
            .to_owned(),
        man: "man 2 fork",
    }
}

pub(super) fn memory_limit(mib: u32, proc: ProcId) -> Explanation {
    Explanation {
        expected: format!("a process uses at most {mib} MiB of memory"),
        happened: format!("{proc} wanted more, and the run was ended"),
        likely: "something grows in a loop that does not end, or a length is taken from data \
                 without a check; a length may be no length at all, when an earlier read took less \
                 or more than its message"
            .to_owned(),
        experiment: "print the lengths that you allocate, and how much each read gave".to_owned(),
        man: "man 2 setrlimit, RLIMIT_AS",
    }
}

pub(super) fn output_limit(kib: u32, proc: ProcId) -> Explanation {
    Explanation {
        expected: format!("the program writes at most {kib} KiB of output"),
        happened: format!("{proc} wrote more, and the run was ended"),
        likely: "a loop that prints does not end; often a child that should have ended prints too"
            .to_owned(),
        experiment: "run the scenario yourself and look at what repeats".to_owned(),
        man: "man 2 write",
    }
}

pub(super) fn time_limit(seconds: u32, proc: ProcId, computing: bool) -> Explanation {
    let limit = count(seconds.into(), "second", "seconds");
    let (doing, likely, experiment) = if computing {
        (
            "was computing",
            "a loop without an end: what should end it never becomes true",
            "which loop is it in, at the line above? Print its condition in each round",
        )
    } else {
        (
            "was sleeping",
            "it sleeps again and again for something that does not happen (the clock here is \
             virtual: no sleep costs real time, but each counts)",
            "wait for the event itself, not for the time it may take",
        )
    };
    Explanation {
        expected: format!("the program ends within {limit}"),
        happened: format!("after {limit} {proc} {doing}, and the run was ended"),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "man 2 waitpid",
    }
}

/// Cause, experiment and what to read, as far as a panic's message tells.
fn panicked(message: &str) -> (&'static str, &'static str, &'static str) {
    if message.starts_with("attempt to ") {
        return (
            "a number left the range of its type: counted down once too often, perhaps, or by a \
             process or thread that had not counted it up",
            "who changes this number, and in which order? Print it before the line above",
            "std's documentation of the type, `checked_sub`",
        );
    }
    // What `unwrap` and `expect` say of a `Result` ends with the error: `EIO`, `Os { code: 5, … }`.
    if message.contains("`Result::unwrap()`")
        || message.contains(": E")
        || message.contains(": Os {")
    {
        return (
            "an unwrap or expect met an error. A system call may fail on a good day; its error \
             belongs into the Result",
            "replace unwrap by ? or by a match, at the line above",
            "man 3 errno",
        );
    }
    (
        "an unwrap, expect, index or assertion met what it did not expect, or a function that was \
         handed in panicked where nothing stops it",
        "read the panic's words. An error belongs into the Result; catch_unwind stops a panic that \
         must not get out of the line above",
        "std::panic::catch_unwind",
    )
}

pub(super) fn crashed(proc: ProcId, ending: Ending, panic: Option<&str>) -> Explanation {
    if let Some(panic) = panic {
        let (likely, experiment, man) = panicked(panic);
        return Explanation {
            expected: format!("{proc} ends by itself, errors are returned"),
            happened: format!("{proc} panicked: {}", quoted(panic)),
            likely: likely.to_owned(),
            experiment: experiment.to_owned(),
            man,
        };
    }
    let (likely, experiment) = match ending {
        Ending::Killed(signal) if signal.0 == 6 => (
            "abort was called: a failed assertion of the C library, a panic while another panic \
             was under way, or a panic that must not unwind",
            "read what was written to standard error",
        ),
        Ending::Killed(signal) if signal.0 == 8 => (
            "an integer was divided by zero, or the quotient does not fit",
            "look at the divisors at the line above, and at what they are when others were faster",
        ),
        Ending::Killed(_) => (
            "memory was used that is not (or no longer) there: a wrong pointer or length, or \
             a stack that grew too large by endless recursion",
            "look at the pointers and lengths in use there; in Rust only unsafe code has them",
        ),
        Ending::Exited(_) => ("the program gave up", "read what was written to standard error"),
    };
    Explanation {
        expected: format!("{proc} ends by itself"),
        happened: format!("{proc} {}", super::name::ended(ending)),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "man 7 signal, \"Standard signals\"",
    }
}
