//! zombie-left, orphan-left, status-lost, too-many-processes, busy-wait, panic-ignored.

use super::builder::{child, pid};
use super::*;
use crate::is_library_s_own;
use forklings_model::{
    Action, EventKind, Fault, Pid, SignalSource, Strike, TaskId, WaitOptions, WaitOutcome,
    WaitTarget, WaitsFor,
};

/// A run in which P1 forked P2 and P2 is dead, visibly.
fn one_dead() -> Run {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 2);
    run
}

#[test]
fn a_dead_child_that_nobody_waited_for_is_a_zombie() {
    let trace = one_dead().done();
    let finding = only(&trace, &[]);
    assert_eq!(
        finding.detail,
        Detail::ZombieLeft { child: P2, pid: pid(P2), ending: Ending::Exited(2), parent: P1 }
    );
    assert_eq!(finding.evidence, [1, 3, 4, 5]);
    assert_eq!(finding.site, trace.events[1].site, "without a wait, the fork is to blame");
}

#[test]
fn the_last_wait_that_could_have_reaped_it_is_blamed() {
    let mut run = run();
    run.fork(P1);
    run.fork(P1);
    run.dies(P2, 0);
    run.reaps_any(P1, P2);
    run.dies(P3, 0);
    run.fork(P1);
    run.dies(ProcId(4), 0);
    run.reaps(P1, ProcId(4));
    let trace = run.done();
    let finding = only(&trace, &[]);
    let blamed = trace.events.iter().find(|e| e.site == finding.site).unwrap();
    assert!(matches!(blamed.kind, EventKind::Waited { target: WaitTarget::Any, .. }));
    assert!(finding.origin.is_some());
}

#[test]
fn a_line_of_the_student_is_shown_before_one_of_the_driver() {
    const STUDENT: &str = "/course/zombies/src/lib.rs";
    const DRIVER: &str = "/course/zombies/src/main.rs";
    // Who forks, who waited last so that P2 could be meant, who waited for somebody else before that.
    for (forks, waits, earlier) in
        [(STUDENT, DRIVER, DRIVER), (DRIVER, STUDENT, DRIVER), (DRIVER, DRIVER, STUDENT)]
    {
        let mut run = run();
        let stranger = WaitTarget::Stranger(Pid(4711));
        run.waited(P1, stranger, WaitOutcome::Failed(10));
        let earlier_at = run.in_file(earlier);
        let forked_at = run.fork_in(P1, forks);
        run.dies(P2, 2);
        run.waited(P1, WaitTarget::Group, WaitOutcome::Failed(10));
        let waited_at = run.in_file(waits);
        let expected = match (forks, waits) {
            (STUDENT, _) => (forked_at, None),
            (_, STUDENT) => (waited_at, forked_at),
            _ => (earlier_at, forked_at),
        };
        let finding = only(&run.done(), &[]);
        assert_eq!((finding.site, finding.origin), expected, "{forks} {waits} {earlier}");
    }
}

#[test]
fn looking_at_a_child_does_not_reap_it() {
    let mut run = one_dead();
    run.waited(P1, WaitTarget::Child(P2), WaitOutcome::Seen(P2));
    let seen = 5;
    let trace = run.done();
    assert_eq!(only(&trace, &[]).site, trace.events[seen].site);
}

#[test]
fn a_reaped_child_is_no_zombie_whatever_the_call() {
    for target in [WaitTarget::Any, WaitTarget::Group, WaitTarget::Child(P2)] {
        let mut run = one_dead();
        run.waited(P1, WaitTarget::Child(P2), WaitOutcome::Seen(P2));
        run.waited(P1, target, run.reaped(P2, true));
        assert_eq!(names(&run.done(), &[]), [""; 0]);
    }
}

#[test]
fn a_wait_in_another_thread_reaps_too() {
    let mut run = one_dead();
    let thread = TaskId { proc: P1, thread: 2 };
    let (target, outcome) = (WaitTarget::Child(P2), run.reaped(P2, true));
    run.by(thread, EventKind::Waited { target, options: WaitOptions::default(), outcome });
    assert_eq!(names(&run.done(), &[]), [""; 0]);
}

#[test]
fn every_parent_is_asked_not_the_first_process_only() {
    let mut run = run();
    run.fork(P1);
    run.fork(P2);
    run.dies(P3, 0);
    run.dies(P2, 0);
    run.reaps(P1, P2);
    let finding = only(&run.done(), &[]);
    assert!(matches!(finding.detail, Detail::ZombieLeft { child: P3, parent: P2, .. }));
}

#[test]
fn a_death_that_the_parent_could_not_see_is_no_zombie() {
    let mut run = run();
    run.fork(P1);
    run.ends(P2, Ending::Exited(0));
    run.ends(P1, Ending::Exited(0));
    run.zombie(P2, None);
    assert_eq!(names(&run.over(), &[]), [""; 0]);
}

#[test]
fn an_orphan_that_dies_later_is_init_s() {
    // Double fork: P2 ends at once and is reaped, P3 lives on and ends before the root does.
    let mut run = run();
    run.fork(P1);
    run.fork(P2);
    run.dies(P2, 0);
    run.event(P3, EventKind::Orphaned { to: None });
    run.reaps(P1, P2);
    run.ends(P3, Ending::Exited(0));
    run.zombie(P3, None);
    assert_eq!(names(&run.done(), &[]), [""; 0]);
}

#[test]
fn a_subreaper_must_reap_whom_it_adopts() {
    let mut run = run();
    run.event(P1, EventKind::BecameSubreaper);
    run.fork(P1);
    run.fork(P2);
    run.dies(P2, 0);
    run.reaps(P1, P2);
    run.event(P3, EventKind::Orphaned { to: Some(P1) });
    run.ends(P3, Ending::Exited(0));
    run.zombie(P3, Some(P1));
    let finding = only(&run.done(), &[]);
    assert!(matches!(finding.detail, Detail::ZombieLeft { child: P3, parent: P1, .. }));
}

#[test]
fn a_discarded_status_leaves_no_zombie_and_is_lost_only_on_demand() {
    let mut run = run();
    let kind = EventKind::Disposition {
        signal: Signal::CHLD,
        action: Action::Ignore,
        restart: false,
        no_child_wait: false,
        handler: None,
    };
    run.event(P1, kind);
    run.fork(P1);
    run.ends(P2, Ending::Exited(3));
    run.event(P2, EventKind::Discarded { parent: Some(P1) });
    let trace = run.done();
    assert_eq!(names(&trace, &[]), [""; 0]);
    let finding = only(&trace, &[Demand::StatusesTaken]);
    assert_eq!(finding.site, trace.events[1].site, "ignoring SIGCHLD is to blame");
    assert!(matches!(finding.detail, Detail::StatusLost { ignored_sigchld: true, .. }));
}

#[test]
fn a_null_pointer_loses_the_status_unless_it_was_seen_before() {
    let mut run = one_dead();
    run.waited(P1, WaitTarget::Child(P2), run.reaped(P2, false));
    assert_eq!(names(&run.done(), &[Demand::StatusesTaken]), ["status-lost"]);

    let mut run = one_dead();
    run.waited(P1, WaitTarget::Child(P2), WaitOutcome::Seen(P2));
    run.waited(P1, WaitTarget::Child(P2), run.reaped(P2, false));
    assert_eq!(names(&run.done(), &[Demand::StatusesTaken]), [""; 0]);
}

#[test]
fn a_process_that_outlives_the_program_is_an_orphan() {
    let mut run = run();
    run.fork(P1);
    let finding = only(&run.done(), &[]);
    assert_eq!(finding.detail, Detail::OrphanLeft { proc: P2, pid: pid(P2), parent: P1 });
}

#[test]
fn the_child_of_whom_the_schedule_killed_is_nobody_s_orphan() {
    for struck in [true, false] {
        let mut run = run();
        run.fork(P1);
        run.fork(P2);
        if struck {
            let fault = Fault::Strike { what: Strike::Kill, nth: Some(2) };
            run.event(P2, EventKind::Injected { fault });
        }
        run.killed(P2, Signal::KILL);
        run.event(P3, EventKind::Orphaned { to: None });
        run.reaps(P1, P2);
        let expected: &[&str] = if struck { &[] } else { &["orphan-left"] };
        assert_eq!(names(&run.done(), &[]), expected);
    }
}

#[test]
fn who_is_killed_after_the_end_was_an_orphan_all_the_same() {
    let mut run = run();
    run.fork(P1);
    run.ends(P1, Ending::Exited(0));
    let mut trace = run.over();
    let mut killed = trace.events[3].clone();
    killed.seq = 4;
    killed.task = TaskId::main(P2);
    killed.kind = EventKind::Ended { ending: Ending::Killed(Signal::KILL) };
    trace.events.push(killed);
    assert_eq!(names(&trace, &[]), ["orphan-left"]);
}

#[test]
fn children_that_go_round_the_loop_are_too_many() {
    let mut run = run();
    for _ in 0..2 {
        run.at(77).fork(P1);
    }
    run.at(77).fork(P2);
    for (parent, child) in [(P2, ProcId(4)), (P1, P2), (P1, P3)] {
        run.dies(child, 0);
        run.reaps(parent, child);
    }
    let trace = run.done();
    let fan = Demand::Tree { parents: vec![0, 0], shape: "fan".to_owned() };
    let finding = only(&trace, std::slice::from_ref(&fan));
    assert_eq!(
        finding.detail,
        Detail::TooManyProcesses { demand: fan, seen: 3, culprit: Some(P2) }
    );
    assert_eq!(names(&trace, &[Demand::Forks(2)]), ["too-many-processes"]);
    assert_eq!(names(&trace, &[Demand::Forks(3)]), [""; 0]);
    assert_eq!(names(&trace, &[Demand::Forks(4)]), ["output-wrong"]);
}

#[test]
fn a_chain_is_no_fan_and_the_order_of_birth_does_not_matter() {
    let mut run = run();
    run.fork(P1);
    run.fork(P2);
    for (parent, child) in [(P2, P3), (P1, P2)] {
        run.dies(child, 0);
        run.reaps(parent, child);
    }
    let trace = run.done();
    let tree = |parents: &[u32]| Demand::Tree { parents: parents.to_vec(), shape: String::new() };
    assert_eq!(names(&trace, &[tree(&[0, 1])]), [""; 0]);
    let finding = only(&trace, &[tree(&[0, 0])]);
    let Detail::OutputWrong { actual, .. } = finding.detail else { panic!("{finding:?}") };
    assert_eq!(actual, "P1 forked P2; P2 forked P3");
}

#[test]
fn alive_is_from_fork_to_reaping() {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 0);
    run.fork(P1); // P2 is dead but not reaped: two
    run.reaps(P1, P2);
    run.dies(P3, 0);
    run.reaps(P1, P3);
    let trace = run.done();
    assert_eq!(names(&trace, &[Demand::AtMostAlive(2)]), [""; 0]);
    let finding = only(&trace, &[Demand::AtMostAlive(1)]);
    assert!(matches!(finding.detail, Detail::TooManyProcesses { seen: 2, .. }));
    assert_eq!(finding.site, trace.events[5].site);
}

/// P1 asks so often whether P2 has ended, and then it has.
fn polling(times: usize, between: impl FnMut(&mut Run, usize)) -> Trace {
    let mut run = asking(times, between);
    let outcome = run.reaped(P2, true);
    let options = WaitOptions { no_hang: true, ..WaitOptions::default() };
    run.event(P1, EventKind::Waited { target: WaitTarget::Child(P2), options, outcome });
    run.done()
}

/// The same, up to the answer.
fn asking(times: usize, mut between: impl FnMut(&mut Run, usize)) -> Run {
    let mut run = run();
    run.fork(P1);
    for n in 0..times {
        run.waited(P1, WaitTarget::Child(P2), WaitOutcome::NothingYet);
        between(&mut run, n);
    }
    run.dies(P2, 0);
    run
}

#[test]
fn asking_without_end_is_a_busy_wait() {
    let finding = only(&polling(60, |_, _| ()), &[]);
    assert_eq!(
        finding.detail,
        Detail::BusyWait { proc: P1, call: Some("wait4".to_owned()), times: 60, naps: 0 }
    );
    let signalled = polling(60, |run, n| {
        if n == 30 {
            run.delivered(P1, Signal::CHLD, SignalSource::Kernel);
        }
    });
    assert_eq!(names(&signalled, &[]), ["busy-wait"], "a signal that arrives is no progress");
}

#[test]
fn turning_until_memory_changes_is_a_busy_wait_if_it_ends() {
    let family = || {
        let mut run = run();
        run.fork(P1);
        run
    };
    let mut ends = family();
    ends.event(P1, EventKind::Blocked { on: WaitsFor::Memory });
    ends.prints(P1, "heard\n");
    ends.dies(P2, 0);
    ends.reaps(P1, P2);
    let detail = Detail::BusyWait { proc: P1, call: None, times: 0, naps: 0 };
    assert_eq!(only(&ends.done(), &[]).detail, detail);
    let never = family().stuck(vec![(P1, WaitsFor::Memory), (P2, WaitsFor::Signal)]);
    assert_eq!(names(&never, &[]), ["deadlock"]);
}

#[test]
fn a_look_at_another_dead_child_between_the_questions_is_no_progress() {
    let mut run = run();
    run.fork(P1);
    run.fork(P1);
    run.dies(P3, 0);
    for _ in 0..60 {
        run.waited(P1, WaitTarget::Child(P2), WaitOutcome::NothingYet);
        run.waited(P1, WaitTarget::Any, WaitOutcome::Seen(P3));
    }
    run.dies(P2, 0);
    run.reaps(P1, P2);
    run.reaps(P1, P3);
    assert_eq!(names(&run.done(), &[]), ["busy-wait"]);
}

#[test]
fn asking_a_few_times_or_after_each_sleep_is_no_busy_wait() {
    assert_eq!(names(&polling(49, |_, _| ()), &[]), [""; 0]);
    assert_eq!(names(&polling(300, |run, _| run.sleeps(P1, 1_000_000)), &[]), [""; 0]);
    let waits = polling(300, |run, n| {
        if n % 40 == 39 {
            run.event(P1, EventKind::Blocked { on: WaitsFor::Signal });
        }
    });
    assert_eq!(names(&waits, &[]), [""; 0]);
}

/// P1 asks, takes a nap and asks again.
fn napping(times: usize) -> Trace {
    polling(times, |run, _| run.sleeps(P1, 1_000_000))
}

#[test]
fn a_nap_after_each_question_is_a_busy_wait_where_the_contract_says_so() {
    let finding = only(&napping(8), &[Demand::WaitsAsleep]);
    let call = Some("wait4".to_owned());
    assert_eq!(finding.detail, Detail::BusyWait { proc: P1, call, times: 8, naps: 8 });
    assert_eq!(crate::demand(&napping(8), &Demand::WaitsAsleep), Some(finding));
    assert_eq!(names(&napping(300), &[]), [""; 0]);
}

#[test]
fn a_wait_in_steps_is_a_busy_wait_where_the_contract_says_so() {
    let steps = |times: usize| {
        let mut run = run();
        run.fork(P1);
        for _ in 0..times {
            run.event(P1, EventKind::Blocked { on: WaitsFor::AnyOf { fds: vec![3] } });
            run.event(P1, EventKind::TimedOut { call: "poll".to_owned() });
        }
        run.dies(P2, 0);
        run.reaps(P1, P2);
        run.done()
    };
    let finding = only(&steps(8), &[Demand::WaitsAsleep]);
    let call = Some("poll".to_owned());
    assert_eq!(finding.detail, Detail::BusyWait { proc: P1, call, times: 8, naps: 8 });
    assert_eq!(names(&steps(7), &[Demand::WaitsAsleep]), [""; 0]);
    assert_eq!(names(&steps(300), &[]), [""; 0]);
}

#[test]
fn a_few_naps_are_no_busy_wait_nor_are_naps_before_a_call_that_waits() {
    let asleep = [Demand::WaitsAsleep];
    assert_eq!(names(&napping(7), &asleep), [""; 0]);
    let work = polling(100, |run, n| {
        run.sleeps(P1, 1);
        if n % 7 == 6 {
            run.prints(P1, "still there\n");
        }
    });
    assert_eq!(names(&work, &asleep), [""; 0], "useful work between");
    // Whether the wait had to wait or not: it would have.
    for blocks in [true, false] {
        let mut waits = asking(12, |run, n| {
            run.sleeps(P1, 1);
            if n == 11 && blocks {
                run.event(P1, EventKind::Blocked { on: child(&[P2]) });
            }
        });
        waits.reaps(P1, P2);
        assert_eq!(names(&waits.done(), &asleep), [""; 0]);
    }
    let between = polling(49, |run, n| {
        if n % 7 == 0 {
            run.sleeps(P1, 1);
        }
    });
    assert_eq!(names(&between, &asleep), [""; 0], "few naps, each after several questions");
    let sleepy = polling(4, |run, _| (0..9).for_each(|_| run.sleeps(P1, 1)));
    assert_eq!(names(&sleepy, &asleep), [""; 0], "sleeps that follow no question");
}

#[test]
fn yields_inside_of_a_call_are_the_library_s_own() {
    let asking = |asks: &[(&str, &str)]| {
        let mut run = run();
        run.fork(P1);
        for (call, line) in asks {
            for _ in 0..60 {
                run.event(P1, EventKind::PolledInVain { call: (*call).to_owned() });
                run.in_line(line);
            }
            run.prints(P1, "on\n");
        }
        run.dies(P2, 0);
        run.reaps(P1, P2);
        run.done()
    };
    let own = |asks: &[(&str, &str)]| {
        let trace = asking(asks);
        is_library_s_own(&only(&trace, &[]), &trace)
    };
    let send = ("sched_yield", "sender.send(1)?;");
    let yields = ("sched_yield", "thread::yield_now();");
    assert!(own(&[send]));
    assert!(!own(&[yields]));
    assert!(!own(&[("waitid", "child.try_wait()?;")]), "a question that the line need not name");
    assert!(!own(&[send, yields]), "one of its own comes later");
    let mut unknown = asking(&[send]);
    unknown.sites.clear();
    assert!(!is_library_s_own(&only(&unknown, &[]), &unknown), "no line is known");
}

#[test]
fn polls_of_two_threads_are_not_added_up() {
    let mut run = run();
    for n in 0..98 {
        let task = TaskId { proc: P1, thread: 1 + n % 2 };
        run.by(task, EventKind::PolledInVain { call: "sched_yield".to_owned() });
    }
    assert_eq!(names(&run.done(), &[]), [""; 0]);
}

#[test]
fn a_panic_in_a_child_must_not_end_in_success() {
    let panicking = |code| {
        let mut run = run();
        run.fork(P1);
        run.panics(P2, "no input");
        run.reaps(P1, P2);
        run.exits(code)
    };
    let finding = only(&panicking(0), &[]);
    assert_eq!(finding.detail, Detail::PanicIgnored { child: P2, panic: "no input".to_owned() });
    assert_eq!(names(&panicking(1), &[Demand::Ends(Ending::Exited(1))]), [""; 0]);
    assert_eq!(names(&panicking(1), &[line("x")]), ["output-wrong"]);
}

#[test]
fn status_101_without_a_message_and_a_caught_panic_are_no_panics() {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 101);
    run.reaps(P1, P2);
    run.fork(P1);
    run.complains(P3, "thread 'main' panicked at src/lib.rs:3:5:\ncaught\n");
    run.dies(P3, 0);
    run.reaps(P1, P3);
    assert_eq!(names(&run.done(), &[]), [""; 0]);
}
