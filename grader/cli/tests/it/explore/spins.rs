//! Loops that only look at memory: waits that make no call.

use super::door::{finds, silent};
use super::programs::{c, compiled, rust};
use crate::door::forklings;

#[test]
fn two_spin_locks_taken_in_two_orders_are_a_deadlock() {
    let explored = finds(&[], &[&c("spinorder")], &["deadlock"]);
    let happened = explored.json["findings"][0]["happened"].as_str().unwrap();
    assert!(happened.contains("turns in a loop until memory changes"), "{happened}");
    assert_eq!(explored.json["not_replayable"], 0, "{}", explored.json);
    silent(&[], &[&c("spinorder"), "same"]);
}

#[test]
fn a_loop_for_a_flag_ends_also_in_a_program_that_really_computes() {
    for optimised in ["-O0", "-O2"] {
        let program = compiled(&format!("spinflag{optimised}"), "spinflag", &[optimised]);
        let explored = silent(&["--schedules", "20"], &[&program]);
        let output = &explored.json["outputs"][0];
        assert_eq!(output["stdout"], "first\nsecond\n", "{}", explored.json);
    }
}

#[test]
fn yields_by_which_a_library_hands_a_value_over_are_not_listed() {
    // Where the lines of its code are found: they tell.
    let listed = |words: &[&str]| {
        let args = [&["explore", "--json", "--schedules", "60", "--"], words].concat();
        let output = forklings(&args).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json["listed"].clone()
    };
    let program = rust("handover");
    assert_eq!(listed(&[&program]), serde_json::json!([]));
    let own = listed(&[&program, "flag"]);
    assert_eq!(own[0]["rule"], "busy-wait", "{own}");
}
