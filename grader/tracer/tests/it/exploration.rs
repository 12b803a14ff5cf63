//! Explorations: what each strategy finds, what an enumeration counts, and what may be claimed.

use crate::door::{explorer, explorer_of};
use forklings_model::{Decision, End, Explored, Schedule, Strategy, Trace};
use forklings_sandbox::Wanted;
use forklings_tracer::{Exploration, Explorer, Misfit, Mix, Plan, TracerError, fingerprint};
use std::collections::BTreeSet;
use std::env;

/// Whether a run shows a bug.
pub(crate) type Shows = fn(&Trace) -> bool;

/// A guest with a bug, and how its runs show it.
pub(crate) const BUGS: [(&str, Shows); 4] = [
    ("sleep-order", |trace| trace.stdout == b"ba"),
    ("lost-wake-up", deadlocked),
    ("second-death", deadlocked),
    ("crossing-pipes", deadlocked),
];

/// Schedules for each strategy and bug: 200 here, more for the table.
fn rounds() -> u32 {
    env::var("FORKLINGS_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

fn deadlocked(trace: &Trace) -> bool {
    matches!(trace.end, End::Deadlock { .. })
}

fn guest(name: &str) -> Explorer {
    explorer_of("orders", name)
}

/// Follows a plan to its end: every trace, and what was tried.
fn explore(name: &str, plan: Plan) -> (Vec<Trace>, Explored) {
    explore_with(&mut guest(name), plan)
}

fn explore_with(explorer: &mut Explorer, plan: Plan) -> (Vec<Trace>, Explored) {
    let mut exploration = Exploration::new(plan);
    let mut traces = Vec::new();
    while let Some(trace) = exploration.next(explorer).unwrap() {
        traces.push(trace);
    }
    (traces, exploration.explored())
}

/// Tries every schedule with at most so many preemptions.
fn enumerate(name: &str, preemptions: u32) -> (Vec<Trace>, Explored) {
    explore(name, Plan::only(Strategy::Exhaustive { preemptions }, 3000))
}

#[test]
#[expect(clippy::print_stdout, reason = "the table in docs/dev/measurements.md is made by it")]
fn every_strategy_that_draws_finds_every_bug_within_200_schedules() {
    for name in ["random", "pos", "walk", "pct-2", "pct-3", "exhaustive-2", "rotation"] {
        let mix = name.parse().map_or(Mix::Rotation, Mix::Only);
        let mut row = format!("| {name} |");
        for (bug, shows) in BUGS {
            let plan = Plan {
                mix: mix.clone(),
                saturation: None,
                // A rate needs its whole number of runs.
                stop_when_exhausted: mix == Mix::Rotation,
                ..Plan::new(rounds())
            };
            let (traces, _) = explore(bug, plan);
            let shown = traces.iter().filter(|trace| shows(trace)).count();
            let first = traces.iter().position(shows);
            assert!(first.is_some_and(|first| first < 200), "{bug} under {name}: {first:?}");
            row += &format!(" {} |", shown * 100 / traces.len());
        }
        println!("{row}");
    }
}

#[test]
fn an_enumeration_ends_with_the_number_of_orders_that_can_be_counted_by_hand() {
    // After the fork the parent returns from it and writes (2 steps), the child starts, writes and
    // exits, and its death becomes visible (4 steps); then only the parent is left. Of C(6, 2) = 15
    // ways to merge 2 and 4 steps, by the preemptions in them: 1 with none (the parent goes on
    // until it waits), 4 with one, 5 with two, 4 with three, 1 with four.
    for (preemptions, leaves) in [(0, 1), (1, 5), (2, 10), (3, 14)] {
        let (traces, explored) = enumerate("two-letters", preemptions);
        assert_eq!(traces.len(), leaves, "at most {preemptions} preemptions");
        assert_eq!((explored.preemptions, explored.exhausted), (Some(preemptions), false));
    }
    let (traces, explored) = enumerate("two-letters", 4);
    assert_eq!((traces.len(), explored.exhausted), (15, true));
    let different: BTreeSet<_> = traces.iter().map(|t| t.schedule.decisions.to_string()).collect();
    assert_eq!(different.len(), 15);
    // All that matters is whose letter comes first.
    assert_eq!(explored.distinct_orders, 2);
}

#[test]
fn the_rotation_stops_when_everything_was_tried() {
    let (traces, explored) = explore("two-letters", Plan::new(200));
    assert!(explored.exhausted);
    assert!(traces.len() < 40, "{}", traces.len());
    let different: BTreeSet<_> = traces.iter().map(|t| t.schedule.decisions.to_string()).collect();
    assert_eq!(different.len(), 15);
}

#[test]
fn nothing_is_claimed_where_more_than_decisions_decides() {
    // The sizes of the pieces of a large write are drawn; a large vector write has no model.
    for name in ["large-write", "large-vector-write"] {
        let (_, explored) = explore_with(&mut explorer(name, Wanted::All), Plan::new(30));
        assert_eq!((explored.exhausted, explored.preemptions), (false, None), "{name}");
    }
}

#[test]
fn equal_explorations_give_equal_schedules() {
    let schedules = || -> Vec<Schedule> {
        let (traces, _) = explore("second-death", Plan { saturation: None, ..Plan::new(60) });
        traces.into_iter().map(|trace| trace.schedule).collect()
    };
    let first = schedules();
    assert_eq!(first, schedules());
    // What later ones have learnt stands in them.
    let learnt = first.iter().any(|schedule| match &schedule.strategy {
        Strategy::Walk { operations } => operations.contains_key("root.2"),
        _ => false,
    });
    let length = first.iter().find_map(|schedule| match schedule.strategy {
        Strategy::Pct { length, .. } => Some(length),
        _ => None,
    });
    assert!(learnt && length.is_some_and(|length| (4..20).contains(&length)), "{length:?}");
}

#[test]
fn every_schedule_of_an_exploration_can_be_replayed_alone() {
    let mut explorer = guest("crossing-pipes");
    let (traces, _) = explore_with(&mut explorer, Plan { saturation: None, ..Plan::new(40) });
    for trace in traces {
        let again = explorer.run(&trace.schedule).unwrap();
        assert_eq!(again.schedule, trace.schedule);
        assert_eq!(fingerprint(&again), fingerprint(&trace));
        assert_eq!(again.events.len(), trace.events.len());
    }
}

#[test]
fn decisions_that_do_not_fit_are_noticed() {
    let mut explorer = guest("two-letters");
    let schedule = explorer.run(&Schedule::new(Strategy::Random, 3)).unwrap().schedule;
    let whole = schedule.decisions.len();
    let mut replay = |change: fn(&mut Vec<Decision>)| {
        let mut schedule = schedule.clone();
        change(&mut schedule.decisions.0);
        match explorer.replay(&schedule) {
            Err(TracerError::Misfit(misfit)) => Some(misfit),
            other => other.map(|_| None).unwrap(),
        }
    };
    assert_eq!(replay(|_| {}), None);
    let outside = replay(|decisions| decisions[1] = Decision { picked: 7, of: 0 });
    assert!(matches!(outside, Some(Misfit::Choice { number: 1, choices: 2, .. })), "{outside:?}");
    let other = replay(|decisions| decisions[1].of = 3);
    assert!(matches!(other, Some(Misfit::Choice { number: 1, choices: 2, .. })), "{other:?}");
    let short = replay(|decisions| decisions.truncate(decisions.len() - 1));
    assert_eq!(short, Some(Misfit::Beyond { given: whole - 1, taken: whole }));
    let long = replay(|decisions| decisions.push(Decision { picked: 0, of: 2 }));
    assert_eq!(long, Some(Misfit::Left { given: whole + 1, taken: whole }));
}

#[test]
fn another_program_s_decisions_do_not_fit() {
    let schedule = guest("two-children").run(&Schedule::new(Strategy::Random, 3)).unwrap().schedule;
    let other = guest("two-letters").replay(&schedule);
    assert!(matches!(other, Err(TracerError::Misfit(_))), "{other:?}");
}
