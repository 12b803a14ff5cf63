//! Whole runs: every event, the tree, what was tried.

use crate::build::{P2, judgement};
use crate::cases;
use forklings_model::{Demand, Doubt, End, Ending, Explored, Natural, Stuck, TaskId, Untold};
use forklings_report::sentence::end::given_up;
use forklings_report::{Style, terminal};

const WIDE: Style = Style { colour: false, width: 100, unicode: true };

#[test]
fn a_run_is_drawn_with_every_event() {
    let trace = cases::zombie_left().trace;
    insta::assert_snapshot!("run", terminal::trace(&trace, true, &WIDE));
    let narrow = Style { width: 50, unicode: false, ..WIDE };
    insta::assert_snapshot!("run-narrow", terminal::trace(&trace, true, &narrow));
}

#[test]
fn a_wait_that_a_signal_forestalls_has_not_begun() {
    for (name, failure) in crate::signal_cases::all() {
        if name == "signal-lost" || name == "signal-lost-merged" {
            let drawn = terminal::trace(&failure.trace, true, &WIDE);
            let has = |text: &str| drawn.contains(text);
            assert_eq!(has("about to wait: for a signal"), name == "signal-lost", "{drawn}");
            assert_eq!(has("pause: EINTR"), name == "signal-lost-merged", "{drawn}");
        }
    }
}

#[test]
fn a_run_of_thirty_processes_is_a_list() {
    insta::assert_snapshot!("run-thirty", terminal::trace(&cases::thirty().trace, true, &WIDE));
}

#[test]
fn what_came_before_main_is_left_out_and_said_to_be() {
    let trace = cases::starts_up();
    insta::assert_snapshot!("run-own", terminal::trace(&trace, false, &WIDE));
    let all = terminal::trace(&trace, true, &WIDE);
    assert!(all.contains("SIGSEGV: handler") && all.contains("SIGTERM: default"), "{all}");
    assert!(!all.contains("left out"), "{all}");
}

#[test]
fn a_run_that_was_given_up_names_the_calls_and_says_what_can_be_done() {
    let mut trace = cases::starts_up();
    let stuck = |call: Option<&str>, modelled| Stuck {
        task: TaskId::main(P2),
        call: call.map(str::to_owned),
        modelled,
    };
    let said: Vec<String> =
        [stuck(Some("flock"), false), stuck(Some("read"), true), stuck(None, true)]
            .into_iter()
            .map(|stuck| given_up("nobody moves", &[stuck], &trace))
            .collect();
    insta::assert_snapshot!("given-up", said.join("\n\n"));
    trace.end = End::Abandoned { reason: "no more memory".to_owned(), stuck: Vec::new() };
    assert!(terminal::trace(&trace, false, &WIDE).contains("no more memory"));
}

#[test]
fn what_was_tried_is_said_honestly() {
    let usual = judgement(Vec::new()).explored;
    let said: String = [
        usual.clone(),
        Explored { schedules: 54, drawn: 52, saturated: Some(50), ..usual.clone() },
        Explored { exhausted: true, ..usual.clone() },
        Explored { preemptions: Some(0), ..usual.clone() },
        Explored { preemptions: Some(2), drawn: 110, ..usual.clone() },
        Explored { preemptions: Some(1), drawn: 0, ..usual.clone() },
        Explored {
            schedules: 2,
            drawn: 0,
            distinct_orders: 1,
            unmodelled: vec!["io_uring_setup".to_owned()],
            not_replayable: 2,
            ..usual.clone()
        },
        Explored { schedules: 0, drawn: 0, ..usual },
    ]
    .iter()
    .map(terminal::explored)
    .collect();
    insta::assert_snapshot!("explored", said);
}

#[test]
fn what_the_run_without_the_tracer_showed_is_part_of_what_was_tried() {
    let usual = judgement(Vec::new()).explored;
    let differs = |doubt| Natural::Differs {
        demand: Demand::Ends(Ending::Exited(0)),
        actual: "exit(1)\u{1b}[2J\nmore".to_owned(),
        times: 2,
        runs: 3,
        doubt,
    };
    let untold = |why| Natural::NotTold { why };
    let said: String = [
        Natural::Held,
        differs(None),
        differs(Some(Doubt::NotAlways)),
        differs(Some(Doubt::Time)),
        differs(Some(Doubt::NotDemanded)),
        untold(Untold::NotKeptApart),
        untold(Untold::Sleeps(2)),
        untold(Untold::StillRunning(10)),
        untold(Untold::OthersStillRunning),
        untold(Untold::OutOfMemory),
        untold(Untold::EndlessOutput),
        untold(Untold::Unsteady),
        untold(Untold::Refused("clone: no more processes".to_owned())),
    ]
    .into_iter()
    .map(|natural| terminal::explored(&Explored { natural: Some(natural), ..usual.clone() }))
    .collect();
    assert!(!said.contains('\u{1b}'), "{said}");
    insta::assert_snapshot!("unwatched", said);
}
