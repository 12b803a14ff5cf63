//! The walk through a run: what stands between two events.

use crate::build::{P1, P2, Run};
use crate::{cases, signal_cases};
use forklings_model::{Ending, EventKind, Signal, SignalSet, SignalTarget};
use forklings_report::moment::{Life, Moment};
use forklings_report::{Style, terminal};
use std::fmt::Write;

const WIDE: Style = Style { colour: false, width: 100, unicode: true };

/// A pipe, a child, and a signal that is blocked until the end.
fn run() -> Run {
    let mut run = Run::new(&["walk"]);
    let blocked = SignalSet::of(&[Signal::CHLD, Signal(10)]);
    run.event(P1, EventKind::Mask { was: SignalSet::EMPTY, blocked });
    run.pipe(P1, 3, 4, 12);
    run.fork(P1);
    run.event(P1, EventKind::Closed { fd: 4, object: None, errno: None });
    let target = SignalTarget::Process(P1);
    run.event(P2, EventKind::SignalSent { signal: Signal(10), target, errno: None });
    run.event(P2, EventKind::Exiting);
    run.event(P2, EventKind::Ended { ending: Ending::Exited(0) });
    run.event(P2, EventKind::Zombie { parent: Some(P1) });
    run.event(P1, EventKind::SignalTaken { signal: Signal(10) });
    run
}

#[test]
fn a_child_begins_with_its_parent_s_table_and_mask_and_then_goes_its_own_way() {
    let trace = run().trace;
    let at = |kind: fn(&EventKind) -> bool| {
        let event = trace.events.iter().position(|event| kind(&event.kind)).unwrap();
        Moment::after(&trace, event + 1)
    };
    let forked = at(|kind| matches!(kind, EventKind::Forked { .. }));
    assert_eq!(forked.processes[&P1].descriptors, forked.processes[&P2].descriptors);
    assert_eq!(forked.processes[&P1].tasks[&1].blocked, forked.processes[&P2].tasks[&1].blocked);
    let closed = at(|kind| matches!(kind, EventKind::Closed { .. }));
    let fds = |proc| closed.processes[&proc].descriptors.keys().copied().collect::<Vec<_>>();
    assert_eq!((fds(P1), fds(P2)), (vec![0, 1, 2, 3], vec![0, 1, 2, 3, 4]));
}

#[test]
fn a_blocked_signal_is_pending_until_it_is_taken() {
    let trace = run().trace;
    let pending = |count| {
        let moment = Moment::after(&trace, count);
        moment.processes[&P1].pending.iter().copied().collect::<Vec<_>>()
    };
    let sent = trace
        .events
        .iter()
        .position(|event| {
            event.task.proc == P2 && matches!(event.kind, EventKind::SignalSent { .. })
        })
        .unwrap();
    assert_eq!(pending(sent), []);
    assert_eq!(pending(sent + 1), [Signal(10)]);
    assert_eq!(pending(trace.events.len() - 1), [Signal(10), Signal::CHLD]);
    assert_eq!(pending(trace.events.len()), [Signal::CHLD]);
}

#[test]
fn a_dead_process_holds_nothing_and_is_a_zombie_once_it_can_be_seen() {
    let trace = run().trace;
    let lives: Vec<Life> = (0..=trace.events.len())
        .filter_map(|count| Moment::after(&trace, count).processes.get(&P2).map(|p| p.life))
        .collect();
    let mut kinds = lives.clone();
    kinds.dedup();
    let ending = Ending::Exited(0);
    assert_eq!(kinds, [Life::Alive, Life::Exiting, Life::Dead(ending), Life::Zombie(ending)]);
    let end = Moment::after(&trace, usize::MAX);
    assert!(end.processes[&P2].descriptors.is_empty() && end.processes[&P2].tasks.is_empty());
}

#[test]
fn every_step_of_a_run_is_drawn() {
    let trace = run().trace;
    let steps = |style: &Style| {
        (0..=trace.events.len()).fold(String::new(), |mut all, done| {
            writeln!(all, "{}", terminal::step(&trace, done, &[], style)).unwrap();
            all
        })
    };
    insta::assert_snapshot!("steps", steps(&WIDE));
    let narrow = Style { width: 40, unicode: false, ..WIDE };
    let text = steps(&narrow);
    assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    let coloured = steps(&Style { colour: true, ..WIDE });
    assert_eq!(uncoloured(&coloured), steps(&WIDE));
}

/// Text without colours.
fn uncoloured(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            rest.by_ref().find(|c| *c == 'm');
        } else {
            out.push(c);
        }
    }
    out
}

#[test]
fn who_waits_is_told_with_what_it_waits_for() {
    let mut all = String::new();
    let (_, lost) =
        signal_cases::all().into_iter().find(|(name, _)| *name == "signal-lost").unwrap();
    for trace in [cases::pipe_end_open().trace, lost.trace] {
        writeln!(all, "{}", terminal::step(&trace, usize::MAX, &[], &WIDE)).unwrap();
    }
    insta::assert_snapshot!("step-waits", all);
    // Its handler ran before the wait, so it had not begun to wait.
    let (_, lost) =
        signal_cases::all().into_iter().find(|(name, _)| *name == "signal-lost").unwrap();
    let steps = (0..lost.trace.events.len()).map(|n| terminal::step(&lost.trace, n, &[], &WIDE));
    let waits: Vec<String> =
        steps.flat_map(|step| step.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(waits.iter().any(|line| line.contains("about to wait: for a signal")), "{waits:?}");
}

#[test]
fn the_code_around_a_place_is_shown_with_the_line_marked() {
    let mut run = run();
    let site = run.site(12, "here();");
    run.trace.events[2].site = Some(site);
    let (trace, done) = (run.trace, 2);
    let line = trace.line(site).unwrap().line;
    let excerpt = [(line - 1, "before();".to_owned()), (line, "\there();".to_owned())];
    let alone = terminal::step(&trace, done, &[], &WIDE);
    assert!(alone.contains("src/lib.rs:12   here();"), "{alone}");
    insta::assert_snapshot!("step-excerpt", terminal::step(&trace, done, &excerpt, &WIDE));
    insta::assert_snapshot!("step-keys", terminal::step_keys(&WIDE));
}
