//! todo-left, crashed, killed-by-signal and the limits.

use super::*;
use forklings_model::{End, SignalSource};

const ALARM: Signal = Signal(14);
const SEGV: Signal = Signal(11);

#[test]
fn a_todo_s_text_is_told_and_nothing_else_is() {
    let mut run = run();
    run.fork(P1);
    run.panics(P1, "not yet implemented: wait for the child");
    let finding = only(&run.over(), &[line("child: done")]);
    assert_eq!(finding.detail, Detail::TodoLeft { todo: "wait for the child".to_owned() });
}

#[test]
fn a_todo_in_a_child_counts_and_unimplemented_is_a_crash() {
    let mut with_todo = run();
    with_todo.fork(P1);
    with_todo.panics(P2, "not yet implemented");
    assert_eq!(names(&with_todo.done(), &[]), ["todo-left"]);
    let mut other = run();
    other.panics(P1, "not implemented: later");
    assert_eq!(names(&other.over(), &[]), ["crashed"]);
}

#[test]
fn a_panic_of_the_root_is_a_crash_and_explains_what_it_left() {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 0);
    run.panics(P1, "index out of bounds");
    let trace = run.over();
    let finding = only(&trace, &[line("x"), Demand::Ends(Ending::Exited(0))]);
    let Detail::Crashed { proc: P1, ending, panic } = finding.detail else { panic!("{finding:?}") };
    assert_eq!((ending, panic.as_deref()), (Ending::Exited(101), Some("index out of bounds")));
    assert_eq!(names(&trace, &[Demand::Ends(Ending::Exited(101))]), [""; 0]);
}

#[test]
fn a_demanded_death_is_neither_a_crash_nor_a_killing() {
    for signal in [SEGV, ALARM, Signal::PIPE] {
        let mut run = run();
        run.delivered(P1, signal, SignalSource::Kernel);
        run.ends(P1, Ending::Killed(signal));
        let trace = run.over();
        assert_eq!(names(&trace, &[Demand::Ends(Ending::Killed(signal))]), [""; 0]);
        let name = if signal == SEGV { "crashed" } else { "killed-by-signal" };
        assert_eq!(names(&trace, &[Demand::Ends(Ending::Exited(0))]), [name]);
    }
}

/// A child that a signal kills and that its parent reaps.
fn dying_child(signal: Signal, before: impl FnOnce(&mut Run)) -> Trace {
    let mut run = run();
    run.fork(P1);
    before(&mut run);
    run.killed(P2, signal);
    run.reaps(P1, P2);
    run.done()
}

#[test]
fn a_child_s_own_fault_is_a_crash() {
    let fault = dying_child(SEGV, |run| run.delivered(P2, SEGV, SignalSource::Kernel));
    assert_eq!(names(&fault, &[]), ["crashed"]);
    let abort = dying_child(Signal::ABRT, |run| {
        run.complains(P2, "fatal runtime error: stack overflow, aborting\n");
        run.sends(P2, Signal::ABRT, P2);
    });
    assert_eq!(names(&abort, &[]), ["crashed"]);
}

#[test]
fn a_child_killed_on_purpose_is_no_finding() {
    for signal in [SEGV, Signal::ABRT, Signal::KILL, ALARM] {
        let by_parent = dying_child(signal, |run| run.sends(P1, signal, P2));
        assert_eq!(names(&by_parent, &[]), [""; 0], "{signal} from the parent");
        let by_itself = dying_child(signal, |run| run.sends(P2, signal, P2));
        assert_eq!(names(&by_itself, &[]), [""; 0], "{signal} by itself");
    }
    for signal in [Signal::PIPE, ALARM] {
        let trace = dying_child(signal, |run| run.delivered(P2, signal, SignalSource::Kernel));
        assert_eq!(names(&trace, &[]), [""; 0], "{signal} from the kernel");
    }
    let by_fault = dying_child(Signal::KILL, |_| ());
    assert_eq!(names(&by_fault, &[]), [""; 0]);
}

#[test]
fn who_killed_the_root_is_told() {
    let mut run = run();
    run.fork(P1);
    run.sends(P2, Signal::KILL, P1);
    run.ends(P1, Ending::Killed(Signal::KILL));
    let finding = only(&run.over(), &[]);
    assert_eq!(
        finding.detail,
        Detail::KilledBySignal { proc: P1, signal: Signal::KILL, by: Some(P2) }
    );
}

#[test]
fn memory_that_was_refused_is_no_crash() {
    let mut with_text = run();
    with_text.complains(P1, "memory allocation of 4194304 bytes failed\n");
    with_text.sends(P1, Signal::ABRT, P1);
    with_text.ends(P1, Ending::Killed(Signal::ABRT));
    assert_eq!(names(&with_text.over(), &[]), ["memory-limit"]);
    let mut without = run();
    without.complains(P1, "memory allocation of hope failed\n");
    without.ends(P1, Ending::Killed(Signal::ABRT));
    assert_eq!(names(&without.over(), &[]), ["crashed"]);
}

#[test]
fn each_limit_has_its_rule_and_hides_what_did_not_come() {
    let cases = [
        (End::TimeLimit { seconds: 5, proc: P1, computing: true, site: None }, "time-limit"),
        (End::ProcessLimit { processes: 32, proc: P1 }, "process-limit"),
        (End::MemoryLimit { mib: 256, proc: P1 }, "memory-limit"),
        (End::OutputLimit { kib: 64, proc: P1 }, "output-limit"),
    ];
    for (end, name) in cases {
        let mut run = run();
        run.fork(P1);
        run.prints(P1, "a\n");
        let trace = run.cut(end);
        let unmet = [line("b"), before("a", "b"), is("a\nb\n"), Demand::Forks(4)];
        assert_eq!(names(&trace, &unmet), [name]);
        assert_eq!(names(&trace, &[is("b\n")]), [name, "output-wrong"], "wrong for good");
    }
}

#[test]
fn a_bomb_under_a_demand_is_too_many_processes() {
    let mut run = run();
    for _ in 0..4 {
        run.fork(P1);
    }
    let trace = run.cut(End::ProcessLimit { processes: 4, proc: P1 });
    assert_eq!(names(&trace, &[Demand::Forks(3)]), ["too-many-processes"]);
    assert_eq!(names(&trace, &[Demand::Forks(4)]), ["process-limit"]);
    assert_eq!(names(&trace, &[]), ["process-limit"]);
}

#[test]
fn an_abandoned_run_says_nothing() {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 0);
    run.ends(P1, Ending::Killed(SEGV));
    let trace = run.cut(End::Abandoned { reason: "no progress".to_owned(), stuck: Vec::new() });
    assert_eq!(names(&trace, &[line("x"), Demand::StatusesTaken]), [""; 0]);
    assert_eq!(crate::demand(&trace, &line("x")), None);
    assert!(crate::judge(&trace).is_empty());
}
