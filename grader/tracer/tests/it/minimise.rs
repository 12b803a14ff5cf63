//! Failing runs made small: what is left still fails, replays, and is what the bug needs.

use crate::door::{explorer, explorer_of};
use crate::exploration::{BUGS, Shows};
use forklings_model::{Fault, Schedule, Strategy, Trace};
use forklings_sandbox::Wanted;
use forklings_tracer::{Explorer, Minimised, fingerprint, minimise};
use std::env;

/// Failing runs of each guest that are made small.
const FAILURES: usize = 20;

/// Replays of each: a hundred here; the long tier sets FORKLINGS_RUNS.
fn rounds() -> u32 {
    env::var("FORKLINGS_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

/// Runs that show a bug, by drawn schedules.
fn failing(explorer: &mut Explorer, shows: Shows, most: usize) -> Vec<Trace> {
    let mut run = |seed| explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap();
    (0..200).map(&mut run).filter(shows).take(most).collect()
}

fn small(explorer: &mut Explorer, seen: &Trace, shows: Shows) -> Minimised {
    minimise(explorer, seen, true, &mut |trace| shows(trace)).expect("it fails again")
}

#[test]
#[expect(clippy::print_stdout, reason = "the table in docs/dev/measurements.md is made by it")]
fn every_bug_is_shown_with_as_few_preemptions_as_it_needs() {
    for (bug, shows) in BUGS {
        let mut explorer = explorer_of("orders", bug);
        let seen = failing(&mut explorer, shows, FAILURES);
        assert_eq!(seen.len(), FAILURES, "{bug}");
        let small: Vec<Minimised> =
            seen.iter().map(|seen| small(&mut explorer, seen, shows)).collect();
        let mean =
            |of: &dyn Fn(usize) -> usize| (0..FAILURES).map(of).sum::<usize>() * 10 / FAILURES;
        let figure = |of: &dyn Fn(usize) -> usize| {
            let tenths = mean(of);
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        println!(
            "| {bug} | {} → {} | {} → {} | {} → {} | {} → {} | {} |",
            figure(&|n| small[n].before.preemptions as usize),
            figure(&|n| small[n].size.preemptions as usize),
            figure(&|n| small[n].before.switches),
            figure(&|n| small[n].size.switches),
            figure(&|n| seen[n].schedule.decisions.len()),
            figure(&|n| small[n].trace.schedule.decisions.len()),
            figure(&|n| small[n].before.events),
            figure(&|n| small[n].size.events),
            figure(&|n| small[n].runs as usize),
        );
        for small in &small {
            assert!(shows(&small.trace), "{bug}");
            assert!(small.size <= small.before, "{bug}: {small:?}");
            // Most bugs need one or two: see exploration/enumeration.rs.
            assert!(small.size.preemptions <= 1, "{bug}: {:?}", small.size);
        }
    }
}

#[test]
fn a_small_run_fails_the_same_way_each_time_it_is_replayed() {
    for (bug, shows) in BUGS {
        let mut explorer = explorer_of("orders", bug);
        let seen = failing(&mut explorer, shows, 1).remove(0);
        let small = small(&mut explorer, &seen, shows).trace;
        assert!(shows(&explorer.replay(&small.schedule).unwrap()), "{bug}");
        for round in 0..rounds() {
            // Without call stacks, which take longer and are nothing to this test.
            let again = explorer.run(&small.schedule).unwrap();
            assert!(shows(&again), "replay {round} of {bug}");
            assert_eq!(again.schedule, small.schedule, "replay {round} of {bug}");
            assert_eq!(fingerprint(&again), fingerprint(&small), "replay {round} of {bug}");
        }
    }
}

#[test]
fn equal_runs_are_made_equally_small() {
    let (bug, shows) = BUGS[2];
    let schedules = [(); 2].map(|()| {
        let mut explorer = explorer_of("orders", bug);
        let seen = failing(&mut explorer, shows, 1).remove(0);
        small(&mut explorer, &seen, shows).trace.schedule
    });
    assert_eq!(schedules[0], schedules[1]);
}

#[test]
fn faults_that_a_failure_does_not_need_are_left_out_where_they_may_be() {
    let (bug, shows) = BUGS[3];
    let mut explorer = explorer_of("orders", bug);
    let faults = vec![Fault::ShortRead, Fault::ShortWrite];
    let with = |seed| Schedule { faults: faults.clone(), ..Schedule::new(Strategy::Random, seed) };
    let seen = (0..200).map(|seed| explorer.run(&with(seed)).unwrap()).find(shows).unwrap();
    let mut least = |drop_faults| {
        let small = minimise(&mut explorer, &seen, drop_faults, &mut |trace| shows(trace));
        small.unwrap().trace.schedule.faults
    };
    assert_eq!(least(false), faults);
    assert_eq!(least(true), []);
}

#[test]
fn what_does_not_repeat_or_does_not_fail_is_left_alone() {
    let (bug, shows) = BUGS[0];
    let mut explorer_ = explorer_of("orders", bug);
    let seen = failing(&mut explorer_, shows, 1).remove(0);
    assert!(minimise(&mut explorer_, &seen, true, &mut |_| false).is_none(), "it does not fail");
    let unsure = Trace { replayable: false, ..seen };
    assert!(minimise(&mut explorer_, &unsure, true, &mut |trace| shows(trace)).is_none());
    let mut other = explorer("races", Wanted::All);
    let stranger = Trace { replayable: true, ..unsure };
    assert!(minimise(&mut other, &stranger, true, &mut |_| true).is_none(), "another program");
}
