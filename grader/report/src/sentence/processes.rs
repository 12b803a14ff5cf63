//! Sentences of the rules about children, statuses and waiting.

use super::Explanation;
use crate::escape::quoted;
use crate::place::is_given;
use crate::sentence::demand::demand;
use crate::sentence::name::{self, count, ended};
use forklings_model::{
    Demand, Ending, Event, EventKind, ProcId, Signal, Trace, WaitOutcome, WaitTarget,
};

const EINTR: i32 = 4;
const ECHILD: i32 = 10;

pub(super) fn zombie_left(
    child: ProcId,
    ending: Ending,
    parent: ProcId,
    trace: &Trace,
) -> Explanation {
    let waits = Waits::of(parent, trace);
    let (likely, experiment) = if waits.merged {
        (
            "two deaths can share one SIGCHLD: after each signal collect until nobody is left",
            "wait with WNOHANG in a loop, and stop at \"nobody yet\" or ECHILD, not after one child",
        )
    } else if waits.interrupted {
        (
            "a wait returned EINTR, which says \"ask again\", and the program did not ask again",
            "call waitpid again for as long as it fails with EINTR",
        )
    } else if waits.gave_up {
        (
            "a wait failed with ECHILD, which says no more than that this one is no child (any \
             more), and the program gave up on the others",
            "go on with the next pid after an error, and return the error when all are reaped",
        )
    } else if waits.asked_too_early {
        (
            "waitpid with WNOHANG answered \"nobody has ended yet\", and nobody asked again later",
            "leave WNOHANG out, so that the call waits; or ask again before the program ends",
        )
    } else if waits.reaped > 0 {
        (
            "the program waits for some of its children and not for all: it leaves the loop early \
             (at an error, at the first child, by WNOHANG), or waits once for each SIGCHLD, of \
             which several deaths can share one",
            "count: as many successful waits as successful forks, on every path to the end",
        )
    } else {
        (
            "no wait is ever called for this child. The end of a child does not reap it: its entry \
             stays in the process table until its parent waits for it",
            "call waitpid for the pid that fork returned, on every path to the end",
        )
    };
    Explanation {
        expected: format!("{parent} waits for every child before it ends"),
        happened: format!("{child} {} and nobody waited for it", ended(ending)),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "man 2 waitpid, NOTES",
    }
}

pub(super) fn orphan_left(proc: ProcId, parent: ProcId, trace: &Trace) -> Explanation {
    let waits = Waits::of(parent, trace);
    let likely = if waits.reaped > 0 {
        format!("{parent} waits for some of its children, but not for {proc}")
    } else {
        format!("{parent} does not wait for {proc}; the order in which they end is then luck")
    };
    let whose =
        if parent == ProcId::ROOT { String::new() } else { format!(" (child of {parent})") };
    Explanation {
        expected: "nobody is left running when the program ends".to_owned(),
        happened: format!("{proc}{whose} was still running when P1 ended"),
        likely,
        experiment: format!(
            "let {parent} wait for {proc} before it ends. If {proc} would never end by itself, tell \
             it to: close the pipe that it reads from, or send it SIGTERM"
        ),
        man: "man 2 waitpid",
    }
}

pub(super) fn status_lost(
    child: ProcId,
    ending: Ending,
    parent: ProcId,
    ignored_sigchld: bool,
) -> Explanation {
    let (happened, likely, experiment) = if ignored_sigchld {
        (
            format!("{child} {}, and the kernel threw its status away", ended(ending)),
            format!(
                "{parent} ignores SIGCHLD (or set SA_NOCLDWAIT). The kernel then reaps its children itself, and wait fails with ECHILD"
            ),
            "leave SIGCHLD at its default, or install a handler; collect each child with waitpid",
        )
    } else {
        (
            format!("{child} {}, and {parent} reaped it without looking at its status", ended(ending)),
            "a wait without a place for the status (a null pointer) reaps the child and drops what it had to say".to_owned(),
            "give wait a status to fill, and look at it",
        )
    };
    Explanation {
        expected: format!("{parent} learns how each of its children ended"),
        happened,
        likely,
        experiment: experiment.to_owned(),
        man: "man 2 waitpid, NOTES",
    }
}

pub(super) fn wrong_child(child: ProcId, parent: ProcId) -> Explanation {
    Explanation {
        expected: "each part of the program reaps its own children".to_owned(),
        happened: format!(
            "a wait for any child took {child}; when {parent} later waited for exactly {child}, the \
             answer was ECHILD: it was gone"
        ),
        likely: "waitpid(-1), or wait(), takes whichever child ends first, also one that another \
                 part of the program started"
            .to_owned(),
        experiment: "wait for the pids that are yours: waitpid(pid, …) for each of them".to_owned(),
        man: "man 2 waitpid, \"The value of pid can be\"",
    }
}

pub(super) fn status_misread(child: ProcId, ending: Ending, said: &str) -> Explanation {
    let likely = match ending {
        Ending::Exited(_) => {
            "the status word is not the exit code: the code is in its bits 8 to 15. \
             WEXITSTATUS takes it out, after WIFEXITED has said that there is one"
        }
        Ending::Killed(_) => {
            "a child that a signal killed has no exit code: WIFEXITED is false, WIFSIGNALED is \
             true, and WTERMSIG is the signal"
        }
    };
    Explanation {
        expected: format!("the program says that {child} {}", ended(ending)),
        happened: format!("it said {}", quoted(said)),
        likely: likely.to_owned(),
        experiment: "match on nix's WaitStatus (Exited, Signaled), or use the macros of wait(2)"
            .to_owned(),
        man: "man 2 wait, WIFEXITED and below",
    }
}

pub(super) fn too_many(
    demanded: &Demand,
    seen: u32,
    culprit: Option<ProcId>,
    trace: &Trace,
) -> Explanation {
    let at_once = matches!(demanded, Demand::AtMostAlive(_));
    let seen = count(seen.into(), "process", "processes");
    let by_child = culprit.filter(|&proc| proc != ProcId::ROOT);
    let happened = match by_child {
        Some(proc) => {
            let parent = name::parent(trace, proc)
                .map_or(String::new(), |parent| format!(", a child of {parent},"));
            format!("there were {seen}: {proc}{parent} forked too")
        }
        None if at_once => {
            format!("there were {} at once", seen.replace("process", "child process"))
        }
        None => format!("there were {seen}"),
    };
    let (likely, experiment) = if at_once {
        (
            "the next child is forked before a place is free. A child holds its place until it is \
             reaped, not only until it ends",
            "when all places are taken, wait for one child (any of them) before the next fork",
        )
    } else if by_child.is_some() {
        (
            "a child that has done its work goes on in the parent's code: it falls through the \
             loop, or returns from the function, and forks as well",
            "end the child inside its branch, with _exit",
        )
    } else {
        (
            "fork is called more often than the contract says",
            "count the calls of fork; what does each child do after its work?",
        )
    };
    Explanation {
        expected: demand(demanded),
        happened,
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "man 2 fork",
    }
}

pub(super) fn panic_ignored(child: ProcId, panic: &str) -> Explanation {
    Explanation {
        expected: "a child that fails is not reported as a success".to_owned(),
        happened: format!("{child} panicked ({}), and P1 ended with status 0", quoted(panic)),
        likely:
            "a child's panic is its exit status 101. The parent waited and did not look at the \
                 status, or took every status for success"
                .to_owned(),
        experiment: "treat only Exited(_, 0) as success and pass everything else on; and mend the \
                     panic itself"
            .to_owned(),
        man: "man 2 wait, WEXITSTATUS",
    }
}

/// What is expected of who waits.
const SLEEPS: &str = "whoever has to wait sleeps until it is time";

pub(super) fn busy_wait(proc: ProcId, call: Option<&str>, times: u32, naps: u32) -> Explanation {
    let Some(call) = call.map(name::call) else { return spin(proc) };
    let (rest, likely) = if naps == 0 {
        let likely =
            "a loop asks \"is it done?\" and takes a whole processor from those it waits for";
        ("and never slept".to_owned(), likely)
    } else {
        let likely = "a loop asks \"is it done?\", takes a nap and asks again. Nobody wakes it when it \
                      is time, so it wakes for nothing until then, and too late after";
        (format!("and between took {}", name::count(naps.into(), "nap", "naps")), likely)
    };
    Explanation {
        expected: SLEEPS.to_owned(),
        happened: format!(
            "{proc} asked {times} times in a row with {call}, each time in vain, {rest}"
        ),
        likely: likely.to_owned(),
        experiment: match call.as_str() {
            "waitpid" | "waitid" | "wait" => "leave WNOHANG out: then the call waits",
            "read" | "write" => "leave O_NONBLOCK out, or poll with a time-out before each try",
            "poll" | "select" | "ppoll" | "pselect6" | "epoll_wait" => {
                "give it a time-out other than 0"
            }
            _ => "use a call that waits: waitpid, read from a pipe, sigsuspend, poll",
        }
        .to_owned(),
        man: "man 2 waitpid, WNOHANG",
    }
}

/// It turned in a loop that made no call.
fn spin(proc: ProcId) -> Explanation {
    Explanation {
        expected: SLEEPS.to_owned(),
        happened: format!("{proc} turned in a loop that only looked at memory, and never slept"),
        likely: "a loop looks whether a flag is set, or a lock free, and takes a whole processor \
                 from those it waits for"
            .to_owned(),
        experiment:
            "use a call that waits: futex for a word that processes share, a condition or a \
                     channel between threads, else waitpid, sigsuspend, poll, or a read from a pipe"
                .to_owned(),
        man: "man 2 futex; man 2 sigsuspend",
    }
}

/// What a process did with its waits.
struct Waits {
    reaped: usize,
    merged: bool,
    interrupted: bool,
    asked_too_early: bool,
    gave_up: bool,
}

impl Waits {
    fn of(parent: ProcId, trace: &Trace) -> Self {
        let mut seen = Self {
            reaped: 0,
            merged: false,
            interrupted: false,
            asked_too_early: false,
            gave_up: false,
        };
        // What the given driver waits for afterwards says nothing about the student's waits.
        let own = |event: &&Event| event.task.proc == parent && !is_given(trace, event.site);
        for event in trace.events.iter().filter(own) {
            // What the last wait answered says why the program stopped asking.
            if let EventKind::Waited { outcome, target, .. } = &event.kind {
                seen.interrupted = *outcome == WaitOutcome::Failed(EINTR);
                seen.gave_up = *outcome == WaitOutcome::Failed(ECHILD)
                    && matches!(target, WaitTarget::Child(_) | WaitTarget::Stranger(_));
                seen.asked_too_early = *outcome == WaitOutcome::NothingYet
                    && !matches!(target, WaitTarget::Stranger(_));
                seen.reaped += usize::from(matches!(outcome, WaitOutcome::Reaped { .. }));
            }
            if let EventKind::SignalMerged { signal: Signal::CHLD } = event.kind {
                seen.merged = true;
            }
        }
        seen
    }
}
