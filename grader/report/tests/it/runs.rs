//! Whole runs: every event, the tree, what was tried.

use crate::build::judgement;
use crate::cases;
use forklings_report::{Style, terminal};

const WIDE: Style = Style { colour: false, width: 100, unicode: true };

#[test]
fn a_run_is_drawn_with_every_event() {
    let trace = cases::zombie_left().trace;
    insta::assert_snapshot!("run", terminal::trace(&trace, &WIDE));
    let narrow = Style { width: 50, unicode: false, ..WIDE };
    insta::assert_snapshot!("run-narrow", terminal::trace(&trace, &narrow));
}

#[test]
fn a_run_of_thirty_processes_is_a_list() {
    insta::assert_snapshot!("run-thirty", terminal::trace(&cases::thirty().trace, &WIDE));
}

#[test]
fn what_was_tried_is_said_honestly() {
    let mut explored = judgement(Vec::new()).explored;
    let mut said = terminal::explored(&explored);
    explored.exhausted = true;
    said += &terminal::explored(&explored);
    explored.exhausted = false;
    explored.schedules = 1;
    explored.distinct_orders = 1;
    explored.unmodelled = vec!["io_uring_setup".to_owned()];
    said += &terminal::explored(&explored);
    explored.schedules = 0;
    said += &terminal::explored(&explored);
    insta::assert_snapshot!("explored", said);
}
