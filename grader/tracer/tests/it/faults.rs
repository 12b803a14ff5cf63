//! Strikes: each place of a run is hit in turn, nothing else is, and a schedule hits it again.

use crate::door::{behaves, explorer};
use forklings_model::{EventKind, Fault, Schedule, Strategy, Strike, Trace};
use forklings_sandbox::{Wanted, probe};
use forklings_tracer::{Exploration, Plan};
use std::collections::BTreeSet;

fn anywhere(what: Strike) -> Fault {
    Fault::Strike { what, nth: None }
}

/// Every run of an exploration that lets this strike.
fn explored(guest: &str, what: Strike) -> Vec<Trace> {
    let mut explorer = explorer(guest, Wanted::All);
    let plan = Plan { faults: vec![anywhere(what)], ..Plan::new(200) };
    let mut exploration = Exploration::new(plan);
    let mut traces = Vec::new();
    while let Some(trace) = exploration.next(&mut explorer).unwrap() {
        traces.push(trace);
    }
    traces
}

fn injected(trace: &Trace) -> Vec<Fault> {
    let fault = |kind: &EventKind| match kind {
        EventKind::Injected { fault } => Some(*fault),
        _ => None,
    };
    trace.events.iter().filter_map(|event| fault(&event.kind)).collect()
}

fn said(traces: &[Trace]) -> BTreeSet<String> {
    traces.iter().map(|t| String::from_utf8_lossy(&t.stdout).trim().to_owned()).collect()
}

/// The runs of a guest say this, and nothing else.
#[track_caller]
fn says(guest: &str, what: Strike, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|&line| line.to_owned()).collect();
    assert_eq!(said(&explored(guest, what)), expected, "{guest} with {what}");
}

#[test]
fn guests_that_nothing_strikes_do_what_they_do_without_the_tracer() {
    for guest in ["makes-descriptors", "needs-room", "writes-to-readers", "has-workers"] {
        behaves(guest);
    }
}

#[test]
fn every_call_that_makes_a_descriptor_fails_once_and_no_other_does() {
    let mut lines = vec!["[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]".to_owned()];
    for nth in 0..12 {
        let mut errors = [0; 13];
        errors[nth] = libc::EMFILE;
        lines.push(format!("{errors:?}"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    says("makes-descriptors", Strike::Emfile, &lines);
}

#[test]
fn what_the_loader_and_the_runtime_open_is_spared() {
    for trace in explored("executes-and-opens", Strike::Emfile) {
        assert_eq!(trace.root_ending(), Some(forklings_model::Ending::Exited(0)), "{trace:?}");
    }
    says("executes-and-opens", Strike::Emfile, &["0", &libc::EMFILE.to_string()]);
}

#[test]
fn every_call_that_needs_room_fails_once() {
    let full = libc::ENOSPC;
    let bad = libc::EBADF;
    let mut lines = vec![[0; 8]];
    for nth in 2..8 {
        let mut errors = [0; 8];
        errors[nth] = full;
        lines.push(errors);
    }
    lines.push([full, 0, 0, bad, bad, bad, bad, 0]);
    lines.push([0, full, 0, 0, 0, 0, 0, bad]);
    let lines: Vec<String> = lines.iter().map(|errors| format!("{errors:?}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    says("needs-room", Strike::Enospc, &lines);
}

#[test]
fn what_needs_no_room_is_spared() {
    let line = format!("[0, 0, {}, 0]", libc::EEXIST);
    says("writes-where-no-room-is-needed", Strike::Enospc, &[&line]);
}

#[test]
fn a_write_whose_readers_die_fails_and_the_kernel_sends_sigpipe() {
    let broken = libc::EPIPE;
    let mut lines = vec!["[0, 0, 0, 0, 0] 0 0".to_owned()];
    for (nth, calls) in [(0, 3), (1, 2), (2, 1)] {
        let mut errors = [0; 5];
        errors[nth..3].fill(broken);
        lines.push(format!("{errors:?} {calls} 1"));
    }
    for (nth, calls) in [(3, 2), (4, 1)] {
        let mut errors = [0; 5];
        errors[nth..].fill(broken);
        lines.push(format!("{errors:?} {calls} 1"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    says("writes-to-readers", Strike::Epipe, &lines);
}

#[test]
fn readers_that_cannot_die_are_spared() {
    says("writes-to-the-root", Strike::Epipe, &["1 0"]);
    says("writes-to-itself-too", Strike::Epipe, &["0"]);
    for guest in ["writes-to-the-root", "writes-to-itself-too"] {
        assert!(explored(guest, Strike::Epipe).iter().all(|trace| injected(trace).is_empty()));
    }
}

#[test]
fn a_worker_dies_at_every_moment_and_the_root_never_does() {
    let traces = explored("has-workers", Strike::Kill);
    let lines: BTreeSet<String> =
        ["4 0", "4 1", "3 1", "2 1"].into_iter().map(str::to_owned).collect();
    assert_eq!(said(&traces), lines);
}

#[test]
fn a_wait_may_end_for_no_reason() {
    says("sleeps-in-turn", Strike::SpuriousWakeup, &["24 0"]);
}

#[test]
fn no_run_is_struck_twice_and_the_schedule_says_where() {
    for what in Strike::ALL {
        let guest = match what {
            Strike::Epipe => "writes-to-readers",
            Strike::Enospc => "needs-room",
            Strike::Emfile => "makes-descriptors",
            Strike::Kill => "has-workers",
            Strike::SpuriousWakeup => "sleeps-in-turn",
        };
        for trace in explored(guest, what) {
            let struck = injected(&trace);
            assert!(struck.len() <= 1, "{struck:?}");
            assert!(struck.iter().all(|fault| trace.schedule.faults == [*fault]));
        }
    }
}

#[test]
fn a_schedule_strikes_the_same_place_again() {
    if !probe().namespaces {
        return;
    }
    for (guest, what) in [
        ("writes-to-readers", Strike::Epipe),
        ("needs-room", Strike::Enospc),
        ("makes-descriptors", Strike::Emfile),
        ("has-workers", Strike::Kill),
        ("sleeps-in-turn", Strike::SpuriousWakeup),
    ] {
        let mut explorer = explorer(guest, Wanted::All);
        for nth in 1..=4 {
            let schedule = Schedule {
                faults: vec![Fault::Strike { what, nth: Some(nth) }],
                ..Schedule::new(Strategy::Random, u64::from(nth))
            };
            let first = explorer.run(&schedule).unwrap();
            assert_eq!(injected(&first), schedule.faults, "{guest}");
            for again in [&schedule, &first.schedule, &schedule, &first.schedule] {
                assert!(explorer.run(again).unwrap() == first, "{guest}, {again:?}");
            }
        }
    }
}
