//! Equal schedules give equal traces: output bytes, pids, order, everything.

use crate::door::explorer;
use forklings_model::{Schedule, Strategy};
use forklings_sandbox::{Wanted, probe};
use std::collections::BTreeSet;
use std::env;
use std::fs;

/// Runs of one seed: a thousand here; the long tier sets FORKLINGS_RUNS.
fn rounds() -> u32 {
    env::var("FORKLINGS_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

/// So many runs of one schedule, with at least so many decisions, are one trace.
fn repeats(guest: &str, seed: u64, decisions: usize, rounds: u32) {
    let mut explorer = explorer(guest, Wanted::All);
    // Without a pid namespace pids differ from run to run, and so does the output.
    if !probe().namespaces {
        return;
    }
    let schedule = Schedule::new(Strategy::Random, seed);
    let first = explorer.run(&schedule).unwrap();
    assert!(first.schedule.decisions.len() >= decisions, "{}", first.schedule.decisions.len());
    for round in 1..rounds {
        let again = explorer.run(&schedule).unwrap();
        let differs = again.events.iter().zip(&first.events).find(|(a, b)| a != b);
        assert!(again == first, "run {round} of {guest} differs: {differs:?}");
    }
}

#[test]
fn one_seed_gives_one_trace() {
    repeats("races", 42, 20, rounds());
}

/// When a loop is found out is a matter of the clock; what comes of it is not. Each takes longer.
#[test]
fn one_seed_gives_one_trace_of_loops_that_wait() {
    repeats("spin-lock", 42, 10, rounds() / 20);
}

#[test]
fn one_seed_gives_one_trace_of_accesses_to_shared_memory() {
    repeats("counts-in-turn", 42, 20, rounds() / 10);
}

#[test]
fn recorded_decisions_give_the_same_trace_under_another_strategy() {
    let mut explorer = explorer("races", Wanted::All);
    let first = explorer.run(&Schedule::new(Strategy::Random, 7)).unwrap();
    let follow = Schedule { strategy: Strategy::ParentFirst, ..first.schedule.clone() };
    let again = explorer.run(&follow).unwrap();
    assert_eq!(again.schedule.decisions, first.schedule.decisions);
    if probe().namespaces {
        assert_eq!(again.events, first.events);
    }
}

#[test]
fn with_sleeps_last_only_what_a_sleep_decided_is_different() {
    let mut sleeper = explorer("orders-by-sleep", Wanted::All);
    let runs = (0..50).map(|seed| sleeper.run(&Schedule::new(Strategy::Random, seed)).unwrap());
    let early: Vec<Schedule> = runs
        .filter(|trace| trace.stdout == b"parent\nchild\n")
        .map(|trace| trace.schedule)
        .collect();
    assert!(!early.is_empty(), "no sleep ended early");
    for schedule in early {
        let again = sleeper.run_with_sleeps_last(&schedule).unwrap();
        assert_eq!(again.stdout, b"child\nparent\n", "{schedule:?}");
    }
    // An explorer holds a processor.
    drop(sleeper);
    let mut racer = explorer("races", Wanted::All);
    for seed in 0..10 {
        let schedule = Schedule::new(Strategy::Random, seed);
        let trace = racer.run(&schedule).unwrap();
        let again = racer.run_with_sleeps_last(&trace.schedule).unwrap();
        if probe().namespaces {
            assert!(again.events == trace.events, "nobody sleeps, seed {seed}");
        }
    }
}

#[test]
fn different_seeds_give_different_orders() {
    let mut explorer = explorer("races", Wanted::All);
    let orders: BTreeSet<Vec<u8>> = (0..20)
        .map(|seed| explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap().stdout)
        .collect();
    assert!(orders.len() > 10, "{}", orders.len());
}

#[test]
fn explorers_beside_each_other_do_not_meet() {
    let threads: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(|| {
                let mut explorer = explorer("races", Wanted::All);
                let schedule = Schedule::new(Strategy::Random, 5);
                let first = explorer.run(&schedule).unwrap();
                (0..50).all(|_| explorer.run(&schedule).unwrap().events.len() == first.events.len())
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}

#[test]
fn nothing_is_left_when_an_explorer_ends() {
    let mut explorer = explorer("forks", Wanted::All);
    explorer.run(&Schedule::new(Strategy::Random, 1)).unwrap();
    drop(explorer);
    // Init is our only child, and it was reaped: whatever else there was died with it.
    let children = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    assert_eq!(children.trim(), "");
}
