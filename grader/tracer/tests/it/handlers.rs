//! What a trace says of masks, and of handlers from their beginning to their end.

use crate::door::{explorer, schedules};
use forklings_model::{
    Action, End, EventKind, Fault, Schedule, Signal, SignalSet, Strategy, Trace, WaitsFor,
};
use forklings_sandbox::Wanted;

const USR1: Signal = Signal(10);
const ALRM: Signal = Signal(14);

/// One run of each schedule.
fn runs(guest: &str) -> Vec<Trace> {
    let mut explorer = explorer(guest, Wanted::All);
    schedules().iter().map(|schedule| explorer.run(schedule).unwrap()).collect()
}

/// The functions that handlers called although they must not.
fn unsafe_calls(trace: &Trace) -> Vec<(Signal, &str)> {
    let calls = trace.events.iter().filter_map(|event| match &event.kind {
        EventKind::UnsafeCall { signal, function } => Some((*signal, function.as_str())),
        _ => None,
    });
    calls.collect()
}

#[test]
fn what_a_handler_must_not_call_is_named_once() {
    for (guest, function) in [
        ("prints-in-a-handler", "std::io::stdio::_print"),
        ("allocates-in-a-handler", "malloc"),
        ("exits-in-a-handler", "std::process::exit"),
    ] {
        for trace in runs(guest) {
            assert_eq!(unsafe_calls(&trace), [(USR1, function)], "{:?}", trace.schedule);
        }
    }
}

#[test]
fn what_a_handler_may_call_and_what_comes_after_it_is_not_named() {
    for guest in ["writes-in-a-handler", "jumps-out-of-a-handler", "alarm"] {
        for trace in runs(guest) {
            assert!(unsafe_calls(&trace).is_empty(), "{guest}: {:?}", trace.schedule);
        }
    }
}

#[test]
fn handlers_return_in_the_reverse_order_of_their_beginning() {
    for trace in runs("writes-in-a-handler") {
        let steps: Vec<(Option<Signal>, bool)> = trace
            .events
            .iter()
            .filter_map(|event| match event.kind {
                EventKind::SignalDelivered { signal, action: Action::Handler, .. } => {
                    Some((Some(signal), true))
                }
                EventKind::HandlerReturned { blocked } => Some((None, !blocked.is_empty())),
                _ => None,
            })
            .collect();
        // While SIGUSR1 is handled it is blocked, also when the handler within it returns.
        let nested = [(Some(USR1), true), (Some(ALRM), true), (None, true), (None, false)];
        assert_eq!(steps, nested, "{:?}", trace.schedule);
    }
}

#[test]
fn a_mask_is_told_when_it_changes_and_a_wait_says_what_it_lets_through() {
    let mut explorer = explorer("changes-its-mask", Wanted::All);
    let trace = explorer.run(&Schedule::new(Strategy::Random, 1)).unwrap();
    let masks: Vec<(SignalSet, SignalSet)> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Mask { was, blocked } => Some((was, blocked)),
            _ => None,
        })
        .collect();
    let usr1 = SignalSet::of(&[USR1]);
    assert_eq!(masks, [(SignalSet::EMPTY, usr1), (usr1, SignalSet::EMPTY)]);
    let handlers: Vec<Option<u32>> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Disposition { signal: USR1, handler, .. } => Some(handler),
            _ => None,
        })
        .collect();
    let [Some(first), Some(second), Some(third)] = handlers[..] else { panic!("{handlers:?}") };
    assert_eq!(first, third, "the same function with the same flags");
    assert_ne!(first, second, "other flags");
}

#[test]
fn a_wait_that_blocks_says_which_signals_would_end_it() {
    let seen = runs("looks-then-pauses").iter().any(|trace| {
        trace.events.windows(2).any(|pair| {
            matches!(&pair[0].kind, EventKind::AwaitsSignals { awaited, .. } if awaited.has(USR1))
                && matches!(pair[1].kind, EventKind::Blocked { .. })
        })
    });
    assert!(seen, "the wait for SIGUSR1 never blocked");
}

#[test]
fn an_alarm_may_ring_before_the_pause_that_waits_for_it() {
    let lost = |trace: &&Trace| matches!(trace.end, End::Deadlock { .. });
    let runs = runs("rings-before-it-pauses");
    assert!(runs.iter().any(|trace| lost(&trace)), "it never rang before");
    assert!(!runs.iter().all(|trace| lost(&trace)), "it always rang before");
}

#[test]
fn an_alarm_rings_before_a_sleep_ends_that_takes_longer() {
    let mut explorer = explorer("ends-a-sleeper", Wanted::All);
    let trace = explorer.run(&Schedule::new(Strategy::ParentFirst, 0)).unwrap();
    assert_eq!(trace.stdout, b"9\n");
}

#[test]
fn a_signal_that_merges_with_a_pending_one_is_told() {
    for trace in runs("coalesces") {
        let merged = trace.events.iter().filter(
            |event| matches!(event.kind, EventKind::SignalMerged { signal } if signal == USR1),
        );
        assert_eq!(merged.count(), 2, "three were sent");
    }
}

#[test]
fn a_signal_that_is_caught_and_waited_for_is_taken_or_handled() {
    let traces = runs("sigwaits-caught");
    let said = |line: &str| traces.iter().any(|trace| trace.stdout == line.as_bytes());
    assert!(said("10 0\n"), "it was never taken");
    assert!(said("-1 1\n"), "its handler never ran before the wait");
    assert!(traces.iter().all(|trace| matches!(&trace.stdout[..], b"10 0\n" | b"-1 1\n")));
}

#[test]
fn a_fault_does_not_send_what_the_wait_keeps_out() {
    let mut explorer = explorer("suspends-with-a-mask-of-its-own", Wanted::All);
    for mut schedule in schedules() {
        schedule.faults = vec![Fault::Eintr(ALRM)];
        let trace = explorer.run(&schedule).unwrap();
        assert_eq!(trace.stdout, b"1\n2\n", "{:?} under {schedule:?}", trace.end);
    }
}

#[test]
fn a_wait_for_a_shared_mutex_or_condition_that_is_interrupted_goes_on() {
    let mut explorer = explorer("shared-condvar-and-a-handler", Wanted::All);
    let mut struck = 0;
    for mut schedule in schedules() {
        schedule.faults = vec![Fault::Eintr(ALRM)];
        let trace = explorer.run(&schedule).unwrap();
        assert_eq!(trace.stdout, b"4\n", "{:?} under {schedule:?}", trace.end);
        let mut futex = None;
        for event in &trace.events {
            match &event.kind {
                EventKind::Blocked { on } => {
                    futex = matches!(on, WaitsFor::Futex { .. }).then_some(event.task)
                }
                EventKind::Injected { .. } if futex == Some(event.task) => struck += 1,
                _ => {}
            }
        }
    }
    assert!(struck > 0, "no wait for a futex was struck");
}
