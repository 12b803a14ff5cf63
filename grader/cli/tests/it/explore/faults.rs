//! What a kernel may do to a correct program, on demand.

use super::door::{explore, silent};
use super::programs::c;

#[test]
fn an_interrupted_read_that_is_taken_for_the_end_shows() {
    silent(&[], &[&c("eintr")]);
    let explored = explore(&["--faults", "eintr"], &[&c("eintr")]);
    assert_eq!(explored.code, 5, "{}", explored.json);
    let results = explored.json["outputs"].as_array().unwrap();
    assert!(results.iter().any(|result| result["stdout"] == "nothing\n"), "{}", explored.json);
    let named = explore(&["--faults", "eintr:SIGUSR1"], &[&c("eintr")]);
    assert_eq!(named.code, 5, "{}", named.json);
}

#[test]
fn what_a_program_says_when_fork_fails_is_no_difference() {
    let explored = explore(&["--faults", "fork-eagain"], &[&c("forkfails")]);
    assert_eq!((explored.code, explored.json["differs"].as_bool()), (0, Some(false)));
    let results = explored.json["outputs"].as_array().unwrap();
    assert!(results.iter().any(|result| result["exit_status"] == 3), "{}", explored.json);
    assert!(results.iter().any(|result| result["failed_fork"] == 1), "{}", explored.json);
}

#[test]
fn a_correct_pipeline_stands_short_transfers() {
    let explored = silent(&["--faults", "short-io"], &[&c("pipeline")]);
    assert_eq!(explored.json["faults"][0], serde_json::json!(["short-read", "short-write"]));
}

#[test]
fn time_outs_and_alarms_end_early_only_where_that_is_asked_for() {
    let patient = silent(&[], &[&c("impatient")]);
    assert_eq!(patient.json["late_timeouts"], true, "{}", patient.json);
    let early = explore(&["--faults", "early-timeout"], &[&c("impatient")]);
    assert_eq!((early.code, early.json["late_timeouts"].as_bool()), (5, Some(false)));
    let results = early.json["outputs"].as_array().unwrap();
    for line in ["poll gave up", "read gave up"] {
        let said = |result: &serde_json::Value| {
            result["stdout"].as_str().is_some_and(|text| text.contains(line))
        };
        assert!(results.iter().any(said), "{line}: {}", early.json);
    }
}
