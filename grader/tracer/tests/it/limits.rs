//! What has no end by itself is ended, and named rightly.

use crate::door::{LIMITS, ends, explorer, program};
use forklings_model::{End, ProcId, Schedule, Strategy, Stuck, TaskId, WaitsFor};
use forklings_sandbox::Wanted;
use forklings_tracer::{Explorer, Subject};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[test]
fn a_loop_without_calls_is_a_time_limit() {
    ends("spins", |end| matches!(end, End::TimeLimit { computing: true, .. }));
}

#[test]
fn a_loop_without_calls_is_shown_again_with_its_place_in_the_code() {
    let mut explorer = explorer("spins", Wanted::All);
    let seen = explorer.run(&Schedule::new(Strategy::Random, 1)).unwrap();
    let again = explorer.show(&seen).unwrap();
    let End::TimeLimit { computing: true, site: Some(site), .. } = again.end else {
        panic!("{:?}", again.end);
    };
    let frames = &again.sites[usize::try_from(site.0).unwrap()];
    let mut lines = frames.iter().filter_map(|frame| frame.line.as_ref());
    assert!(lines.any(|line| line.file.ends_with("bounds.rs")), "{frames:#?}");
}

#[test]
fn a_loop_of_calls_is_a_time_limit() {
    ends("calls-for-ever", |end| matches!(end, End::TimeLimit { computing: true, .. }));
}

#[test]
fn a_fork_bomb_is_a_process_limit() {
    ends("forks-for-ever", |end| matches!(end, End::ProcessLimit { processes: 16, .. }));
}

#[test]
fn a_flood_is_an_output_limit() {
    ends("floods", |end| matches!(end, End::OutputLimit { .. }));
}

#[test]
fn a_deadlock_says_who_waits_for_what() {
    ends("deadlocks", |end| {
        let End::Deadlock { waits } = end else { return false };
        waits.iter().any(|wait| matches!(wait.on, WaitsFor::Child { .. }))
            && waits.iter().any(
                |wait| matches!(&wait.on, WaitsFor::Readable { writers, .. } if writers.len() == 2),
            )
    });
}

#[test]
fn a_wake_up_that_is_lost_just_before_the_sleep_shows_in_some_schedule() {
    let mut explorer = explorer("looks-then-pauses", Wanted::All);
    let lost = (0..100).filter(|&seed| {
        let end = explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap().end;
        matches!(end, End::Deadlock { .. })
    });
    assert!(lost.count() > 0);
}

/// The waits of a deadlock, if a run ends in one.
fn waits(end: &End) -> Vec<&WaitsFor> {
    let End::Deadlock { waits } = end else { return Vec::new() };
    waits.iter().map(|wait| &wait.on).collect()
}

#[test]
fn two_who_open_fifos_in_the_wrong_order_wait_for_each_other() {
    ends("fifo-deadlock", |end| {
        let waits = waits(end);
        waits.len() == 2
            && waits.iter().all(|on| matches!(on, WaitsFor::FifoPeer { writes: false, .. }))
    });
}

#[test]
fn a_process_that_locks_a_file_twice_waits_for_itself() {
    ends(
        "flock-deadlock",
        |end| matches!(&waits(end)[..], [WaitsFor::Lock { holders, .. }] if holders == &[ProcId::ROOT]),
    );
}

#[test]
fn semaphores_that_nobody_raises_are_told_apart() {
    ends("semaphore-deadlock", |end| {
        let waits = waits(end);
        waits.iter().filter(|on| matches!(on, WaitsFor::Semaphore { .. })).count() == 2
    });
}

#[test]
fn a_wake_that_nobody_sends_is_missed_in_some_schedule_and_not_in_others() {
    let mut explorer = explorer("forgets-to-wake", Wanted::All);
    let stuck = (0..40).filter(|&seed| {
        let end = explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap().end;
        matches!(waits(&end)[..], [WaitsFor::Futex { .. }])
    });
    let stuck = stuck.count();
    assert!((1..40).contains(&stuck), "{stuck}");
}

#[test]
fn the_end_of_a_process_wakes_nobody_at_a_word_that_it_set_to_0() {
    let mut explorer = explorer("frees-and-ends", Wanted::All);
    let stuck = (0..40).filter(|&seed| {
        let end = explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap().end;
        matches!(waits(&end)[..], [WaitsFor::Futex { .. }])
    });
    assert!((1..40).contains(&stuck.count()));
}

#[test]
fn what_a_run_leaves_in_the_kernel_is_not_there_in_the_next_one() {
    let mut explorer = explorer("leaves-objects", Wanted::All);
    for seed in 0..3 {
        let trace = explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap();
        assert_eq!(trace.stdout, b"new new new new\n", "seed {seed}");
    }
}

#[test]
fn a_call_without_a_model_that_never_returns_is_named() {
    let mut explorer = explorer("waits-unmodelled", Wanted::All);
    let trace = explorer.run(&Schedule::new(Strategy::ParentFirst, 0)).unwrap();
    let End::Abandoned { stuck, .. } = trace.end else { panic!("{:?}", trace.end) };
    let task = TaskId::main(ProcId(2));
    let call = Some("futex_waitv".to_owned());
    assert_eq!(stuck, [Stuck { task, call, modelled: false }]);
    assert_eq!(trace.unmodelled, ["futex_waitv"]);
}

#[test]
fn a_launch_that_is_cancelled_comes_to_an_end() {
    for _ in 0..100 {
        let mut subject = Subject::new(program(), vec!["returns".into()], LIMITS);
        subject.cancel = Some(Arc::new(AtomicBool::new(true)));
        // Killed in the middle of it, or too late.
        drop(Explorer::launch(subject));
    }
}
