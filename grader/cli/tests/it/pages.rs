//! What is printed for reading, as snapshots.

use crate::door::{Said, forklings, run};

#[track_caller]
fn page(args: &[&str]) -> String {
    let Said { code, stdout, stderr } = run(args);
    assert_eq!((code, stderr.as_str()), (0, ""));
    stdout
}

#[test]
fn overview() {
    insta::assert_snapshot!(page(&[]));
}

#[test]
fn help() {
    insta::assert_snapshot!(page(&["--help"]));
}

#[test]
fn help_of_grade() {
    insta::assert_snapshot!(page(&["grade", "--help"]));
}

#[test]
fn help_of_trace() {
    insta::assert_snapshot!(page(&["trace", "--help"]));
}

#[test]
fn help_of_explore() {
    insta::assert_snapshot!(page(&["explore", "--help"]));
}

#[test]
fn list() {
    insta::assert_snapshot!(page(&["list"]));
}

#[test]
fn explain() {
    insta::assert_snapshot!(page(&["explain", "zombie-left"]));
}

#[test]
fn hints_are_there_for_every_exercise() {
    insta::assert_snapshot!(page(&["hint"]));
}

#[test]
fn hints_are_there_for_every_task() {
    insta::assert_snapshot!(page(&["hint", "signal-sync"]));
}

#[test]
fn hints_come_one_at_a_time() {
    insta::assert_snapshot!(page(&["hint", "zombies", "reap_all", "2"]));
}

#[test]
fn doctor_says_yes_or_no_to_each_thing() {
    let said = run(&["doctor"]);
    assert!([0, 4].contains(&said.code), "{said:?}");
    for what in ["course", "compiler", "tracing", "seccomp", "namespaces", "memory limit"] {
        assert!(said.stdout.lines().any(|line| line.starts_with(what)), "{what}: {said:?}");
    }
}

#[test]
fn a_trace_as_json_is_json_alone() {
    let said = run(&["trace", "--json", "--", "sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    let json: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(json["trace"]["stdout"], "out\n");
    assert_eq!(json["trace"]["stderr"], "err\n");
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn a_command_is_looked_up_and_runs_where_the_user_is() {
    let output = forklings(&["trace", "--json", "--", "pwd"]).current_dir("/usr").output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["trace"]["stdout"], "/usr\n");
}

#[test]
fn what_a_command_leaves_behind_is_found() {
    let said = run(&["trace", "--json", "--", "sh", "-c", "sleep 1000 & true"]);
    assert_eq!(said.code, 1, "{said:?}");
    let json: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(json["findings"][0]["detail"]["rule"], "orphan-left");
}
