//! signal-lost, mask-not-restored, handler-not-restored and unsafe-in-handler.

use super::*;
use forklings_model::{
    Action, End, EventKind, LostIn, ObjectKind, SignalSet, SignalSource, WaitsFor,
};

const USR1: Signal = Signal(10);
const USR2: Signal = Signal(12);
const ALRM: Signal = Signal::ALRM;

/// A parent and its child, of which the child has ended; the parent waits for ever in this call.
#[track_caller]
fn hangs(mut run: Run, call: &str, awaited: SignalSet) -> Trace {
    run.ends(P2, Ending::Exited(0));
    run.zombie(P2, Some(P1));
    run.awaits(P1, call, awaited);
    let on = WaitsFor::Signal;
    let task = forklings_model::TaskId::main(P1);
    run.cut(End::Deadlock { waits: vec![forklings_model::Wait { task, on, site: None }] })
}

fn set(signals: &[Signal]) -> SignalSet {
    SignalSet::of(signals)
}

fn all_but(signals: &[Signal]) -> SignalSet {
    SignalSet::of(signals).complement()
}

/// A parent that handles SIGUSR1 and has forked.
fn family() -> Run {
    let mut run = run();
    run.handles(P1, USR1);
    run.fork(P1);
    run
}

#[track_caller]
fn lost(trace: &Trace, signal: Signal, window: LostIn) {
    assert_eq!(only(trace, &[]).detail, Detail::SignalLost { proc: P1, signal, window });
}

#[test]
fn a_handler_that_ran_before_the_wait_lost_the_signal() {
    let mut run = family();
    run.sends(P2, USR1, P1);
    run.runs_handler(P1, USR1, SignalSource::Process(P2));
    let trace = hangs(run, "pause", all_but(&[]));
    lost(&trace, USR1, LostIn::BeforeTheWait);
    let finding = only(&trace, &[]);
    assert_eq!(finding.origin, trace.events[4].site, "where it was sent");
    assert_eq!(finding.site, trace.events.last().unwrap().site, "where it is waited for");
}

#[test]
fn a_handler_that_ran_directly_before_a_poll_of_descriptors_lost_the_signal() {
    let hangs = |between: fn(&mut Run)| {
        let mut run = family();
        run.sends(P2, USR1, P1);
        run.runs_handler(P1, USR1, SignalSource::Process(P2));
        between(&mut run);
        run.stuck(vec![(P1, WaitsFor::AnyOf { fds: vec![3] })])
    };
    lost(&hangs(|_| ()), USR1, LostIn::BeforeTheWait);
    let looked = hangs(|run| run.prints(P1, "heard\n"));
    assert_eq!(names(&looked, &[]), ["deadlock"], "it went on when it had heard");
    let death = |reap: bool| {
        let mut run = run();
        run.handles(P1, Signal::CHLD);
        run.fork(P1);
        run.dies(P2, 0);
        if reap {
            run.reaps(P1, P2);
        }
        run.runs_handler(P1, Signal::CHLD, SignalSource::Kernel);
        run.stuck(vec![(P1, WaitsFor::AnyOf { fds: vec![3] })])
    };
    lost(&death(false), Signal::CHLD, LostIn::BeforeTheWait);
    assert_eq!(names(&death(true), &[]), ["deadlock"], "the child was reaped");
}

#[test]
fn an_alarm_directly_before_a_call_that_it_would_have_ended_is_lost() {
    let hangs = |signal, source, restart| {
        let mut run = run();
        let (action, no_child_wait, handler) = (Action::Handler, false, Some(0));
        let kind = EventKind::Disposition { signal, action, restart, no_child_wait, handler };
        run.event(P1, kind);
        run.fork(P1);
        run.runs_handler(P1, signal, source);
        run.stuck(vec![(P1, WaitsFor::Child { candidates: vec![P2] })])
    };
    let timer = SignalSource::Kernel;
    lost(&hangs(ALRM, timer, false), ALRM, LostIn::BeforeTheWait);
    assert_eq!(names(&hangs(ALRM, timer, true), &[]), ["deadlock"], "it would go on waiting");
    assert_eq!(names(&hangs(USR1, timer, false), &[]), ["deadlock"], "it is no time-out");
    let child = SignalSource::Process(P2);
    assert_eq!(names(&hangs(ALRM, child, false), &[]), ["deadlock"], "nobody has set a timer");
}

#[test]
fn a_record_of_a_signalfd_that_stood_for_two_children_is_a_loss() {
    let hangs = |reaps_all: bool| {
        let mut run = run();
        run.masks(P1, &[Signal::CHLD]);
        let object = run.object(ObjectKind::Other("signalfd4".to_owned()));
        run.event(P1, EventKind::Opened { fd: 3, object, close_on_exec: true });
        run.fork(P1);
        run.fork(P1);
        run.dies(P2, 0);
        run.dies(P3, 0);
        run.event(P1, EventKind::SignalMerged { signal: Signal::CHLD });
        run.reaps(P1, P2);
        if reaps_all {
            run.reaps(P1, P3);
        }
        run.stuck(vec![(P1, WaitsFor::Readable { fd: 3, object, writers: Vec::new() })])
    };
    lost(&hangs(false), Signal::CHLD, LostIn::Merged);
    assert_eq!(names(&hangs(true), &[]), ["deadlock"], "it has heard of both");
}

#[test]
fn another_program_waits_for_nothing_that_came_before_it() {
    let mut run = family();
    run.sends(P2, USR1, P1);
    run.runs_handler(P1, USR1, SignalSource::Process(P2));
    let program = "another".to_owned();
    run.event(P1, EventKind::Exec { program, argv: Vec::new(), inherited: Vec::new() });
    assert_eq!(names(&hangs(run, "pause", all_but(&[])), &[]), ["deadlock"]);
}

#[test]
fn a_signal_that_ended_a_wait_is_not_lost_when_the_next_never_comes() {
    let mut run = family();
    run.awaits(P1, "pause", all_but(&[]));
    run.sends(P2, USR1, P1);
    run.wakes(P1, USR1, P2);
    assert_eq!(names(&hangs(run, "pause", all_but(&[])), &[]), ["deadlock"]);
}

#[test]
fn who_waits_for_what_it_had_blocked_loses_nothing_else() {
    let mut run = run();
    run.handles(P1, USR1);
    run.handles(P1, ALRM);
    run.masks(P1, &[USR1]);
    run.fork(P1);
    run.runs_handler(P1, ALRM, SignalSource::Kernel);
    let trace = hangs(run, "rt_sigsuspend", all_but(&[]));
    assert_eq!(names(&trace, &[]), ["deadlock"], "SIGALRM is not what it waits for");
}

#[test]
fn merged_signals_are_lost_to_who_counts_them() {
    let counting = |merged: Signal| {
        let mut run = run();
        run.handles(P1, USR1);
        run.masks(P1, &[USR1]);
        run.fork(P1);
        run.sends(P2, USR1, P1);
        run.sends(P2, USR1, P1);
        run.event(P1, EventKind::SignalMerged { signal: merged });
        run.awaits(P1, "rt_sigsuspend", all_but(&[]));
        run.wakes(P1, USR1, P2);
        hangs(run, "rt_sigsuspend", all_but(&[]))
    };
    lost(&counting(USR1), USR1, LostIn::Merged);
    assert_eq!(names(&counting(USR2), &[]), ["deadlock"], "nobody waits for that one");
}

#[test]
fn sigchld_is_lost_only_while_a_dead_child_is_not_reaped() {
    let deaths = |reap: bool| {
        let mut run = run();
        run.handles(P1, Signal::CHLD);
        run.fork(P1);
        run.fork(P1);
        run.dies(P3, 0);
        run.runs_handler(P1, Signal::CHLD, SignalSource::Kernel);
        if reap {
            run.reaps(P1, P3);
        }
        run.awaits(P1, "pause", all_but(&[]));
        let read = WaitsFor::Signal;
        run.stuck(vec![(P2, read)])
    };
    // P1 is not among those who are stuck: nothing is said of it.
    assert_eq!(names(&deaths(false), &[]), ["deadlock"]);
    let stuck = |reap: bool| {
        let trace = deaths(reap);
        let wait = |proc| forklings_model::Wait {
            task: forklings_model::TaskId::main(proc),
            on: WaitsFor::Signal,
            site: None,
        };
        Trace { end: End::Deadlock { waits: vec![wait(P1), wait(P2)] }, ..trace }
    };
    lost(&stuck(false), Signal::CHLD, LostIn::BeforeTheWait);
    assert_eq!(names(&stuck(true), &[]), ["deadlock"]);
}

#[test]
fn a_death_before_the_handler_is_there_is_never_told() {
    let late = |early: bool| {
        let mut run = run();
        if early {
            run.handles(P1, Signal::CHLD);
        }
        run.fork(P1);
        run.dies(P2, 0);
        if !early {
            run.handles(P1, Signal::CHLD);
        }
        run.awaits(P1, "pause", all_but(&[]));
        let on = WaitsFor::Signal;
        let task = forklings_model::TaskId::main(P1);
        run.cut(End::Deadlock { waits: vec![forklings_model::Wait { task, on, site: None }] })
    };
    lost(&late(false), Signal::CHLD, LostIn::Ignored);
    assert_eq!(names(&late(true), &[]), ["deadlock"], "it was not thrown away");
}

#[test]
fn what_was_ignored_when_it_came_is_lost_unless_it_was_blocked() {
    let ignoring = |blocked: bool| {
        let mut run = run();
        run.disposes(P1, USR1, Action::Ignore, None);
        if blocked {
            run.masks(P1, &[USR1]);
        }
        run.fork(P1);
        run.sends(P2, USR1, P1);
        run.handles(P1, USR1);
        run.ends(P2, Ending::Exited(0));
        run.zombie(P2, Some(P1));
        run
    };
    lost(&hangs(ignoring(false), "pause", all_but(&[])), USR1, LostIn::Ignored);
    let pending = hangs(ignoring(true), "rt_sigsuspend", all_but(&[]));
    assert_eq!(names(&pending, &[]), ["deadlock"]);
}

#[test]
fn sigwait_for_what_was_thrown_away_waits_for_ever() {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 0);
    run.awaits(P1, "rt_sigtimedwait", set(&[Signal::CHLD]));
    let task = forklings_model::TaskId::main(P1);
    let wait = forklings_model::Wait { task, on: WaitsFor::Signal, site: None };
    lost(&run.cut(End::Deadlock { waits: vec![wait] }), Signal::CHLD, LostIn::Ignored);
}

#[test]
fn a_signal_that_the_wait_itself_blocks_never_comes() {
    let blocking = |sent: bool| {
        let mut run = run();
        run.handles(P1, USR1);
        run.masks(P1, &[USR1]);
        run.fork(P1);
        if sent {
            run.sends(P2, USR1, P1);
        }
        hangs(run, "pause", all_but(&[USR1]))
    };
    lost(&blocking(true), USR1, LostIn::Blocked);
    assert_eq!(names(&blocking(false), &[]), ["deadlock"]);
    let mut taken = run();
    taken.masks(P1, &[USR1]);
    taken.fork(P1);
    taken.sends(P2, USR1, P1);
    taken.event(P1, EventKind::SignalTaken { signal: USR1 });
    assert_eq!(names(&hangs(taken, "pause", all_but(&[USR1])), &[]), ["deadlock"]);
}

#[test]
fn a_wait_may_block_more_than_its_thread() {
    let shut = |signal: Signal, action: Option<Action>| {
        let mut run = family();
        if let Some(action) = action {
            run.disposes(P1, signal, action, None);
        }
        run.sends(P2, signal, P1);
        hangs(run, "rt_sigsuspend", set(&[USR1]))
    };
    lost(&shut(ALRM, Some(Action::Handler)), ALRM, LostIn::Blocked);
    for (signal, action) in
        [(ALRM, Some(Action::Ignore)), (Signal::CONT, None), (Signal::STOP, None)]
    {
        assert_eq!(names(&shut(signal, action), &[]), ["deadlock"], "{signal} is not pending");
    }
}

#[test]
fn a_wait_whose_time_was_up_only_explains() {
    let late = |line: &str| {
        let mut run = family();
        run.sends(P2, USR1, P1);
        run.runs_handler(P1, USR1, SignalSource::Process(P2));
        run.dies(P2, 0);
        run.awaits(P1, "rt_sigtimedwait", set(&[USR1]));
        run.event(P1, EventKind::TimedOut { call: "rt_sigtimedwait".to_owned() });
        run.reaps(P1, P2);
        run.prints(P1, line);
        run.done()
    };
    assert_eq!(names(&late("in time\n"), &[line("in time")]), [""; 0]);
    assert_eq!(names(&late("too late\n"), &[line("in time")]), ["signal-lost", "output-wrong"]);
}

#[test]
fn a_deadlock_of_another_kind_is_none_of_a_handler_s_that_ran() {
    let mut run = family();
    run.runs_handler(P1, USR1, SignalSource::Process(P2));
    let pipe = run.pipe(P1, 3, 4);
    let read = super::builder::readable(3, pipe, &[(P2, 4)]);
    let trace = run.stuck(vec![(P1, read), (P2, WaitsFor::Signal)]);
    assert!(!names(&trace, &[]).contains(&"signal-lost"));
}

fn mask() -> Demand {
    Demand::MaskRestored { from: "begins".to_owned(), to: "over".to_owned() }
}

fn handlers() -> Demand {
    Demand::HandlersRestored { from: "begins".to_owned(), to: "over".to_owned() }
}

/// Something between the two lines, after something before them.
fn scoped(before: impl FnOnce(&mut Run), inside: impl FnOnce(&mut Run)) -> Trace {
    let mut run = run();
    before(&mut run);
    run.prints(P1, "begins\n");
    inside(&mut run);
    run.prints(P1, "over\n");
    run.done()
}

#[test]
fn a_mask_that_is_left_changed_is_told_with_both() {
    let trace = scoped(|run| run.masks(P1, &[USR2]), |run| run.masks(P1, &[USR1, USR2]));
    let (was, blocked) = (set(&[USR2]), set(&[USR1, USR2]));
    let finding = only(&trace, &[mask()]);
    assert_eq!(finding.detail, Detail::MaskNotRestored { proc: P1, demand: mask(), was, blocked });
    assert_eq!(finding.site, trace.events[3].site, "where it was changed");
    assert_eq!(names(&trace, &[]), [""; 0], "nobody asked");
    assert_eq!(crate::demand(&trace, &mask()), Some(finding));
}

#[test]
fn a_mask_that_was_put_back_is_right_whatever_it_was_meanwhile() {
    let back = scoped(
        |run| run.masks(P1, &[USR2]),
        |run| {
            run.masks(P1, &[USR1, USR2]);
            run.runs_handler(P1, ALRM, SignalSource::Kernel);
            run.masks(P1, &[USR2]);
        },
    );
    assert_eq!(names(&back, &[mask(), handlers()]), [""; 0]);
    // What the caller had blocked is unblocked: changed too.
    let emptied = scoped(
        |run| run.masks(P1, &[USR2]),
        |run| {
            run.masks(P1, &[USR1, USR2]);
            run.masks(P1, &[]);
        },
    );
    assert_eq!(names(&emptied, &[mask()]), ["mask-not-restored"]);
}

#[test]
fn the_mask_of_a_child_is_its_own() {
    let trace = scoped(
        |_| (),
        |run| {
            run.fork(P1);
            run.masks(P2, &[USR1]);
            run.dies(P2, 0);
            run.reaps(P1, P2);
        },
    );
    assert_eq!(names(&trace, &[mask()]), [""; 0]);
}

#[test]
fn a_line_that_another_process_writes_is_no_end_of_the_region() {
    let mut run = run();
    run.fork(P1);
    run.prints(P1, "begins\n");
    run.masks(P1, &[USR1]);
    run.prints(P2, "over\n");
    run.masks(P1, &[]);
    run.dies(P2, 0);
    run.reaps(P1, P2);
    run.prints(P1, "over\n");
    assert_eq!(names(&run.done(), &[mask()]), [""; 0]);
}

#[test]
fn without_its_lines_nothing_was_restored() {
    for demand in [mask(), handlers()] {
        let mut run = run();
        run.prints(P1, "begins\n");
        assert_eq!(names(&run.done(), &[demand]), ["output-wrong"]);
    }
}

#[test]
fn a_disposition_that_is_left_changed_is_told() {
    let trace = scoped(
        |run| run.disposes(P1, USR2, Action::Handler, Some(4)),
        |run| {
            run.handles(P1, USR1);
            run.disposes(P1, USR2, Action::Handler, Some(5));
            run.disposes(P1, ALRM, Action::Ignore, None);
            run.disposes(P1, ALRM, Action::Default, None);
        },
    );
    let changed =
        vec![(USR1, Action::Default, Action::Handler), (USR2, Action::Handler, Action::Handler)];
    let detail = Detail::HandlerNotRestored { proc: P1, demand: handlers(), changed };
    assert_eq!(only(&trace, &[handlers()]).detail, detail);
    assert_eq!(names(&trace, &[mask()]), [""; 0]);
}

#[test]
fn a_disposition_that_was_put_back_is_right() {
    let trace = scoped(
        |run| run.disposes(P1, USR1, Action::Handler, Some(4)),
        |run| {
            run.disposes(P1, USR1, Action::Handler, Some(5));
            run.fork(P1);
            run.disposes(P2, USR1, Action::Default, None);
            run.dies(P2, 0);
            run.reaps(P1, P2);
            run.disposes(P1, USR1, Action::Handler, Some(4));
        },
    );
    assert_eq!(names(&trace, &[handlers()]), [""; 0]);
}

/// A handler that prints.
fn printing(before: impl FnOnce(&mut Run), source: SignalSource) -> Trace {
    let mut run = run();
    run.handles(P1, USR1);
    before(&mut run);
    let (signal, action) = (USR1, Action::Handler);
    run.event(P1, EventKind::SignalDelivered { signal, source, action });
    let function = "std::io::stdio::_print".to_owned();
    run.event(P1, EventKind::UnsafeCall { signal, function });
    run.prints(P1, "got it\n");
    run.done()
}

#[test]
fn what_a_handler_must_not_call_is_told() {
    let trace = printing(|_| (), SignalSource::Kernel);
    let function = "std::io::stdio::_print".to_owned();
    let detail = Detail::UnsafeInHandler { proc: P1, signal: USR1, function };
    let finding = only(&trace, &[]);
    assert_eq!(finding.detail, detail);
    assert_eq!(finding.evidence, [2, 3]);
}

#[test]
fn a_handler_that_can_interrupt_nothing_may_call_anything() {
    let inside_a_wait = printing(
        |run| {
            run.masks(P1, &[USR1]);
            run.awaits(P1, "rt_sigsuspend", all_but(&[]));
        },
        SignalSource::Kernel,
    );
    assert_eq!(names(&inside_a_wait, &[]), [""; 0]);
    let raised = printing(|run| run.sends(P1, USR1, P1), SignalSource::Process(P1));
    assert_eq!(names(&raised, &[]), [""; 0]);
    // Blocked before, but open again when it came.
    let open = printing(
        |run| {
            run.masks(P1, &[USR1]);
            run.masks(P1, &[]);
        },
        SignalSource::Kernel,
    );
    assert_eq!(names(&open, &[]), ["unsafe-in-handler"]);
}

#[test]
fn a_child_inherits_mask_and_dispositions() {
    let mut run = run();
    run.handles(P1, USR1);
    run.masks(P1, &[USR1]);
    run.fork(P1);
    run.masks(P1, &[]);
    let (signal, action, source) = (USR1, Action::Handler, SignalSource::Process(P1));
    run.event(P2, EventKind::SignalDelivered { signal, source, action });
    run.event(P2, EventKind::UnsafeCall { signal, function: "malloc".to_owned() });
    run.dies(P2, 0);
    run.reaps(P1, P2);
    assert_eq!(names(&run.done(), &[]), [""; 0], "P2 still blocks it outside of its wait");
}
