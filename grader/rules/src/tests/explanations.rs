//! Rules that only explain: wrong-child-reaped, eintr-not-handled, short-io-ignored,
//! status-misread, and status-lost without its demand.

use super::builder::{pid, readable, writable};
use super::*;
use forklings_model::{EventKind, SignalSource, WaitOptions, WaitOutcome, WaitTarget};

const ALARM: Signal = Signal(14);
const ECHILD: WaitOutcome = WaitOutcome::Failed(10);
const EINTR: WaitOutcome = WaitOutcome::Failed(4);

/// Two children, both dead; the work's wait takes any, and gets the driver's.
fn stolen(after: impl FnOnce(&mut Run)) -> Trace {
    let mut run = run();
    run.fork(P1);
    run.fork(P1);
    run.dies(P2, 0);
    run.dies(P3, 0);
    run.reaps_any(P1, P2);
    after(&mut run);
    run.reaps(P1, P3);
    run.prints(P1, "other: somebody else has reaped it\n");
    run.done()
}

#[test]
fn a_child_killed_by_what_it_should_have_been_told_by_explains() {
    let killed = |signal: Signal, sender: ProcId| {
        let mut run = run();
        run.fork(P1);
        run.sends(sender, signal, P2);
        run.delivered(P2, signal, SignalSource::Process(sender));
        run.killed(P2, signal);
        run.reaps(P1, P2);
        run.done()
    };
    let demands = [line("child: told")];
    for signal in [Signal(10), Signal(12), Signal(34)] {
        let trace = killed(signal, P1);
        assert_eq!(names(&trace, &[]), [""; 0], "{signal} may be how a program ends a child");
        assert_eq!(names(&trace, &demands), ["killed-by-signal", "output-wrong"], "{signal}");
        assert_eq!(names(&killed(signal, P2), &demands), ["output-wrong"], "by itself");
    }
    for signal in [Signal(15), Signal::KILL, ALARM] {
        assert_eq!(names(&killed(signal, P1), &demands), ["output-wrong"], "{signal}");
    }
}

#[test]
fn a_stolen_child_explains_but_never_rejects() {
    let missed = stolen(|run| run.waited(P1, WaitTarget::Stranger(pid(P2)), ECHILD));
    assert_eq!(names(&missed, &[]), [""; 0], "a table of statuses does just this");
    let demands = [line("other: reaped by its owner")];
    assert_eq!(names(&missed, &demands), ["wrong-child-reaped", "output-wrong"]);
}

#[test]
fn a_look_that_misses_the_child_and_another_s_pid_explain_nothing() {
    let demands = [line("other: reaped by its owner")];
    let looked = stolen(|run| run.looks_in_vain(P1, P2));
    assert_eq!(names(&looked, &demands), ["output-wrong"]);
    let stranger = stolen(|run| run.waited(P1, WaitTarget::Stranger(pid(ProcId(9))), ECHILD));
    assert_eq!(names(&stranger, &demands), ["output-wrong"]);
}

/// P1's wait for P2 is interrupted.
fn interrupted(target: WaitTarget, after: impl FnOnce(&mut Run)) -> Trace {
    let mut run = run();
    run.handles(P1, ALARM);
    run.fork(P1);
    run.delivered(P1, ALARM, SignalSource::Fault);
    run.event(P1, EventKind::Interrupted { call: "wait4".to_owned(), signal: Some(ALARM) });
    run.waited(P1, target, EINTR);
    run.dies(P2, 0);
    after(&mut run);
    run.done()
}

#[test]
fn an_interruption_taken_for_the_end_explains_the_zombie() {
    let taken_for_the_end = interrupted(WaitTarget::Child(P2), |_| ());
    assert_eq!(names(&taken_for_the_end, &[]), ["eintr-not-handled", "zombie-left"]);
    let finding = &crate::verdict(&taken_for_the_end, &[], &[])[0];
    let call = "wait".to_owned();
    let detail = Detail::EintrNotHandled { proc: P1, call, signal: Some(ALARM) };
    assert_eq!(finding.detail, detail);
}

#[test]
fn the_driver_s_look_afterwards_is_no_repetition() {
    let looked = interrupted(WaitTarget::Child(P2), |run| {
        run.waited(P1, WaitTarget::Child(P2), WaitOutcome::Seen(P2));
    });
    assert_eq!(names(&looked, &[]), ["eintr-not-handled", "zombie-left"]);
}

#[test]
fn an_interrupted_call_that_is_made_again_is_handled() {
    let demands = [line("never said")];
    for target in [WaitTarget::Child(P2), WaitTarget::Any] {
        let again = interrupted(target, |run| run.waited(P1, target, run.reaped(P2, true)));
        assert_eq!(names(&again, &demands), ["output-wrong"]);
    }
    let otherwise = interrupted(WaitTarget::Child(P2), |run| run.reaps_any(P1, P2));
    assert_eq!(names(&otherwise, &demands), ["output-wrong"]);
    let interruptible = |call: &str| {
        let mut run = run();
        run.event(P1, EventKind::Interrupted { call: call.to_owned(), signal: None });
        run.done()
    };
    for call in ["pause", "rt_sigsuspend", "clock_nanosleep", "poll"] {
        assert_eq!(names(&interruptible(call), &demands), ["output-wrong"], "{call}");
    }
}

#[test]
fn an_unwrapped_interruption_is_reported_in_place_of_the_panic() {
    let mut run = run();
    run.fork(P1);
    run.waited(P1, WaitTarget::Child(P2), EINTR);
    run.panics(P1, "called `Result::unwrap()` on an `Err` value: EINTR");
    assert_eq!(names(&run.over(), &[line("x")]), ["eintr-not-handled"]);
}

#[test]
fn an_interrupted_read_must_be_made_again() {
    let reading = |again: bool| {
        let mut run = run();
        let pipe = run.pipe(P1, 3, 4);
        run.reads(P1, (3, pipe), 10, Err(4));
        if again {
            run.reads(P1, (3, pipe), 10, Ok(0));
        }
        run.done()
    };
    assert_eq!(names(&reading(false), &[line("x")]), ["eintr-not-handled", "output-wrong"]);
    assert_eq!(names(&reading(true), &[line("x")]), ["output-wrong"]);
}

/// P2 writes into a pipe, P1 reads from it.
fn talk(transfers: impl FnOnce(&mut Run, forklings_model::ObjectId)) -> Trace {
    let mut run = run();
    let pipe = run.pipe(P1, 3, 4);
    run.fork(P1);
    transfers(&mut run, pipe);
    run.dies(P2, 0);
    run.reaps(P1, P2);
    run.done()
}

#[test]
fn one_read_taken_for_all_explains_what_is_missing() {
    let once = talk(|run, pipe| {
        run.writes(P2, (4, pipe), 5, Ok(5));
        run.reads(P1, (3, pipe), 100, Ok(5));
        run.writes(P2, (4, pipe), 5, Ok(5));
    });
    assert_eq!(names(&once, &[]), [""; 0]);
    assert_eq!(names(&once, &[line("x")]), ["short-io-ignored", "output-wrong"]);
}

#[test]
fn reading_to_the_end_or_all_that_was_written_is_no_short_read() {
    let to_the_end = talk(|run, pipe| {
        run.writes(P2, (4, pipe), 10, Ok(10));
        run.reads(P1, (3, pipe), 100, Ok(10));
        run.reads(P1, (3, pipe), 100, Ok(0));
    });
    assert_eq!(names(&to_the_end, &[line("x")]), ["output-wrong"]);
    let by_length = talk(|run, pipe| {
        run.writes(P2, (4, pipe), 10, Ok(10));
        run.reads(P1, (3, pipe), 100, Ok(10));
    });
    assert_eq!(names(&by_length, &[line("x")]), ["output-wrong"]);
    let child_takes_its_fill = talk(|run, pipe| {
        run.writes(P1, (4, pipe), 100, Ok(100));
        run.reads(P2, (3, pipe), 20, Ok(20));
        run.writes(P1, (4, pipe), 100, Err(32));
    });
    assert_eq!(names(&child_takes_its_fill, &[line("x")]), ["output-wrong"]);
}

#[test]
fn the_rest_of_a_short_write_must_follow() {
    let writing = |next: Option<u64>| {
        talk(|run, pipe| {
            run.writes(P2, (4, pipe), 10, Ok(4));
            if let Some(asked) = next {
                run.writes(P2, (4, pipe), asked, Ok(asked));
            }
            run.reads(P1, (3, pipe), 100, Ok(10));
            run.reads(P1, (3, pipe), 100, Ok(0));
        })
    };
    let demands = [line("x")];
    assert_eq!(names(&writing(None), &demands), ["short-io-ignored", "output-wrong"]);
    assert_eq!(names(&writing(Some(10)), &demands), ["short-io-ignored", "output-wrong"]);
    assert_eq!(names(&writing(Some(6)), &demands), ["output-wrong"]);
    assert_eq!(names(&writing(Some(3)), &demands), ["output-wrong"], "in pieces");
}

#[test]
fn a_read_of_something_else_under_the_same_number_is_not_of_the_rest() {
    let once = talk(|run, pipe| {
        run.writes(P2, (4, pipe), 10, Ok(10));
        run.reads(P1, (3, pipe), 100, Ok(5));
        run.closes(P1, 3, pipe);
        let other = run.pipe(P1, 3, 5);
        run.reads(P1, (3, other), 100, Ok(5));
    });
    assert_eq!(names(&once, &[line("x")]), ["short-io-ignored", "output-wrong"]);
}

#[test]
fn who_asks_for_the_rest_and_is_interrupted_has_not_forgotten_it() {
    let reading = |again: bool| {
        talk(|run, pipe| {
            run.writes(P2, (4, pipe), 20, Ok(20));
            run.reads(P1, (3, pipe), 100, Ok(10));
            if again {
                run.event(P1, EventKind::Blocked { on: readable(3, pipe, &[(P2, 4)]) });
            }
            run.writes(P2, (4, pipe), 20, Err(32));
        })
    };
    assert_eq!(names(&reading(false), &[line("x")]), ["short-io-ignored", "output-wrong"]);
    assert_eq!(names(&reading(true), &[line("x")]), ["output-wrong"]);
    let writing = |again: bool| {
        talk(|run, pipe| {
            run.writes(P2, (4, pipe), 10, Ok(4));
            if again {
                run.event(P2, EventKind::Blocked { on: writable(4, pipe, &[(P1, 3)]) });
            }
            run.reads(P1, (3, pipe), 100, Ok(4));
            run.reads(P1, (3, pipe), 100, Ok(0));
        })
    };
    assert_eq!(names(&writing(false), &[line("x")]), ["short-io-ignored", "output-wrong"]);
    assert_eq!(names(&writing(true), &[line("x")]), ["output-wrong"]);
}

/// Children that end like this, are all reaped, and of whom this is said.
fn said(endings: &[Ending], said: &str, status_taken: bool) -> Trace {
    let mut run = run();
    for ending in endings {
        let child = run.fork(P1);
        run.ends(child, *ending);
        run.zombie(child, Some(P1));
        run.waited(P1, WaitTarget::Child(child), run.reaped(child, status_taken));
    }
    run.prints(P1, said);
    run.done()
}

const SEVEN: Ending = Ending::Exited(7);
const NINE: Ending = Ending::Killed(Signal::KILL);

#[test]
fn typical_misreadings_are_named() {
    let misread = [
        (SEVEN, "child 0: exited with 7", "child 0: exited with 1792"),
        (SEVEN, "child 0: exited with 7", "child 0: exited with 0"),
        (SEVEN, "child 0: exited with 7", "child 0: killed by signal 7"),
        (NINE, "child 0: killed by signal 9", "child 0: exited with 9"),
        (NINE, "child 0: killed by signal 9", "child 0: exited with 137"),
        (NINE, "child 0: killed by signal 9", "child 0: exited with 0"),
        (NINE, "child 0: killed by signal 9", "child 0: killed by signal 137"),
    ];
    for (ending, wanted, told) in misread {
        let trace = said(&[ending], &format!("{told}\n"), true);
        assert_eq!(names(&trace, &[line(wanted)]), ["status-misread", "output-wrong"], "{told}");
        let finding = &crate::verdict(&trace, &[line(wanted)], &[])[0];
        let detail = Detail::StatusMisread { child: P2, ending, said: told.to_owned() };
        assert_eq!(finding.detail, detail);
    }
}

#[test]
fn a_signal_told_as_code_0_beside_a_code_told_rightly_is_a_misreading() {
    let endings = [Ending::Exited(2), NINE];
    let trace = said(&endings, "child 0: exited with 2\nchild 1: exited with 0\n", true);
    let demands = [line("child 0: exited with 2"), line("child 1: killed by signal 9")];
    assert_eq!(names(&trace, &demands), ["status-misread", "output-wrong"]);
}

#[test]
fn other_wrong_numbers_are_no_misreading() {
    let two = [Ending::Exited(2), SEVEN];
    let other = [
        // Paired with the wrong child.
        ("child 0: exited with 2", "child 0: exited with 7\nchild 1: exited with 2\n"),
        // Counted wrongly: 2 is a code too, but not everybody's was read as 0.
        ("2 reaped", "0 reaped\n"),
        ("7 children, 7 reaped", "7 children, 6 reaped\n"),
        ("child 0: exited with 2", "no child\n"),
    ];
    for (wanted, told) in other {
        let trace = said(&two, told, true);
        assert_eq!(names(&trace, &[line(wanted)]), ["output-wrong"], "{told}");
    }
}

#[test]
fn another_child_s_code_0_is_no_misreading() {
    let trace = said(&[Ending::Exited(1), Ending::Exited(0)], "false: exit status 0\n", true);
    assert_eq!(names(&trace, &[line("false: exit status 1")]), ["output-wrong"]);
}

#[test]
fn a_status_that_was_never_asked_for_is_lost_not_misread() {
    let trace = said(&[SEVEN], "child 0: exited with 0\n", false);
    let demands = [line("child 0: exited with 7")];
    assert_eq!(names(&trace, &demands), ["status-lost", "output-wrong"]);
    assert_eq!(names(&trace, &[line("x")]), ["output-wrong"]);
    assert_eq!(names(&trace, &[]), [""; 0]);
}

#[test]
fn a_wait_that_failed_because_sigchld_is_ignored_is_explained() {
    let mut run = run();
    run.fork(P1);
    run.ends(P2, SEVEN);
    run.event(P2, EventKind::Discarded { parent: Some(P1) });
    let options = WaitOptions::default();
    let target = WaitTarget::Stranger(pid(P2));
    run.event(P1, EventKind::Waited { target, options, outcome: ECHILD });
    assert_eq!(names(&run.exits(1), &[line("x")]), ["status-lost", "output-wrong"]);
}
