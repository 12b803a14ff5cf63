//! Dissimilar correct programs: every rule is silent about each of them, under every demand that
//! an exercise makes of such a program.

use super::*;
use forklings_model::{EventKind, SignalSource, WaitOutcome, WaitTarget, WaitsFor};

const P4: ProcId = ProcId(4);

fn demands() -> [Demand; 5] {
    [
        Demand::StatusesTaken,
        Demand::Forks(3),
        Demand::AtMostAlive(3),
        Demand::Ends(Ending::Exited(0)),
        line("all reaped"),
    ]
}

#[track_caller]
fn silent(mut run: Run) {
    run.prints(P1, "all reaped\n");
    assert_eq!(names(&run.done(), &demands()), [""; 0]);
}

fn three() -> Run {
    let mut run = run();
    for _ in 0..3 {
        run.fork(P1);
    }
    run
}

#[test]
fn waiting_for_each_by_pid() {
    let mut run = three();
    for child in [P4, P2, P3] {
        run.dies(child, 1);
    }
    for child in [P2, P3, P4] {
        run.reaps(P1, child);
    }
    silent(run);
}

#[test]
fn waiting_for_any_until_nobody_is_left() {
    let mut run = three();
    for child in [P4, P2, P3] {
        let on = super::builder::child(&[P2, P3, P4]);
        run.event(P1, EventKind::Blocked { on });
        run.dies(child, 0);
        run.reaps_any(P1, child);
    }
    run.waited(P1, WaitTarget::Any, WaitOutcome::Failed(10));
    silent(run);
}

#[test]
fn a_handler_that_collects_with_wnohang_and_a_main_that_suspends() {
    let mut run = run();
    run.handles(P1, Signal::CHLD);
    for _ in 0..3 {
        run.fork(P1);
    }
    run.dies(P2, 0);
    run.dies(P3, 0);
    run.event(P1, EventKind::SignalMerged { signal: Signal::CHLD });
    for round in [vec![P2, P3], vec![P4]] {
        run.event(P1, EventKind::Blocked { on: WaitsFor::Signal });
        if round == [P4] {
            run.dies(P4, 0);
        }
        run.delivered(P1, Signal::CHLD, SignalSource::Kernel);
        let call = "rt_sigsuspend".to_owned();
        run.event(P1, EventKind::Interrupted { call, signal: Some(Signal::CHLD) });
        let last = round == [P4];
        for child in round {
            run.reaps_any(P1, child);
        }
        let outcome = if last { WaitOutcome::Failed(10) } else { WaitOutcome::NothingYet };
        run.waited(P1, WaitTarget::Any, outcome);
    }
    silent(run);
}

#[test]
fn interrupted_waits_that_go_on_and_looks_before_reaping() {
    let mut run = three();
    for child in [P2, P3, P4] {
        run.delivered(P1, Signal(14), SignalSource::Fault);
        run.waited(P1, WaitTarget::Child(child), WaitOutcome::Failed(4));
        run.dies(child, 9);
        run.waited(P1, WaitTarget::Child(child), WaitOutcome::Seen(child));
        run.waited(P1, WaitTarget::Child(child), run.reaped(child, true));
        run.looks_in_vain(P1, child);
    }
    silent(run);
}

#[test]
fn a_table_of_statuses_whose_owner_meets_echild() {
    let mut run = three();
    for child in [P2, P3, P4] {
        run.dies(child, 0);
        run.reaps_any(P1, child);
    }
    for child in [P2, P3, P4] {
        let pid = super::builder::pid(child);
        run.waited(P1, WaitTarget::Stranger(pid), WaitOutcome::Failed(10));
    }
    silent(run);
}

#[test]
fn sleeping_between_looks() {
    let mut run = three();
    for _ in 0..100 {
        run.waited(P1, WaitTarget::Any, WaitOutcome::NothingYet);
        run.sleeps(P1, 1_000_000);
    }
    for child in [P2, P3, P4] {
        run.dies(child, 0);
        run.reaps_any(P1, child);
    }
    silent(run);
}

#[test]
fn commands_of_the_standard_library() {
    let mut run = run();
    for n in 2..5 {
        let child = run.fork(P1);
        assert_eq!(child, ProcId(n));
        let program = "/bin/true".to_owned();
        run.event(child, EventKind::Exec { program, argv: Vec::new(), inherited: Vec::new() });
        run.dies(child, 0);
        run.reaps(P1, child);
    }
    run.event(P1, EventKind::ForkFailed { errno: 11, injected: true });
    silent(run);
}

#[test]
fn a_worker_pool_with_pipes_that_are_closed_where_they_must() {
    let mut run = run();
    for n in 1..4 {
        let fd = 3 + 2 * n;
        let pipe = run.pipe(P1, fd, fd + 1);
        let child = run.fork(P1);
        run.closes(P1, fd + 1, pipe);
        run.closes(child, fd, pipe);
        run.event(
            P1,
            EventKind::Blocked { on: super::builder::readable(fd, pipe, &[(child, fd)]) },
        );
        run.writes(child, (fd + 1, pipe), 70_000, Ok(65_536));
        run.reads(P1, (fd, pipe), 4_096, Ok(4_096));
        run.writes(child, (fd + 1, pipe), 4_464, Ok(4_464));
        run.reads(P1, (fd, pipe), 100_000, Ok(65_904));
        run.dies(child, 0);
        run.reads(P1, (fd, pipe), 100_000, Ok(0));
        run.closes(P1, fd, pipe);
        run.reaps(P1, child);
    }
    silent(run);
}
