//! What has no end by itself is ended, and named rightly.

use crate::door::{ends, explorer};
use forklings_model::{End, Schedule, Strategy, WaitsFor};
use forklings_sandbox::Wanted;

#[test]
fn a_loop_without_calls_is_a_time_limit() {
    ends("spins", |end| matches!(end, End::TimeLimit { computing: true, .. }));
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
