//! What a kernel may do to a correct program, on demand.

use super::door::{Explored, explore, finds, silent};
use super::programs::{c, compiled};

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

/// A program that does not reckon with a fault is found by this rule, and shown again by a file; its
/// twin, which does, is silent although it was struck, too.
#[track_caller]
fn is_told_from_its_twin(fault: &str, program: &str, rule: &str) {
    let found = finds(&["--faults", fault], &[&c(program)], &[rule]);
    let file = std::fs::read_to_string(found.replay(rule)).unwrap();
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    let strike = &file["schedule"]["faults"][0]["strike"];
    assert_eq!(strike["what"], fault, "{file}");
    assert!(strike["nth"].as_u64() >= Some(1), "{file}");
    let again = crate::door::forklings(&["replay", &found.replay(rule)]).output().unwrap();
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(said.contains(rule), "{said}");
    assert!(struck(&found, fault));
    silent(&[], &[&c(program)]);

    let twin = compiled(&format!("{program}-handles"), program, &["-DHANDLES"]);
    let quiet = explore(&["--faults", fault], &[&twin]);
    assert_eq!((quiet.code, quiet.rules().len()), (0, 0), "{}", quiet.json);
    assert!(struck(&quiet, fault), "{}", quiet.json);
}

fn struck(explored: &Explored, fault: &str) -> bool {
    let results = explored.json["outputs"].as_array().unwrap();
    results.iter().any(|result| result["struck"] == fault)
        || !explored.json["findings"].as_array().unwrap().is_empty()
}

#[test]
fn who_writes_to_readers_that_may_die_reckons_with_epipe() {
    is_told_from_its_twin("epipe", "brokenpipe", "killed-by-signal");
}

#[test]
fn who_writes_a_file_reckons_with_a_full_disk() {
    is_told_from_its_twin("enospc", "fulldisk", "crashed");
}

#[test]
fn who_opens_something_reckons_with_no_descriptor_left() {
    is_told_from_its_twin("emfile", "nodescriptors", "crashed");
}

#[test]
fn who_has_workers_reckons_with_their_death() {
    is_told_from_its_twin("kill", "killedworker", "deadlock");
}
