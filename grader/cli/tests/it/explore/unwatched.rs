//! Programs that behave only when watched, and programs that merely differ.

use super::door::{Explored, explore, finds, silent};
use super::programs::{c, compiled};
use std::fs;
use tempfile::TempDir;

/// A file that says what the program is to print.
fn wanted(folder: &TempDir, text: &str) -> String {
    let path = folder.path().join("wanted");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Whether runs can be kept apart here; without that none is made without the tracer.
fn keeps_apart(explored: &Explored) -> bool {
    explored.json["isolation"]["namespaces"] == true
}

#[test]
fn who_behaves_only_when_watched_is_found_each_time() {
    let folder = TempDir::new().unwrap();
    let wanted = wanted(&folder, "reaped\n");
    let program = compiled("unwatched", "unwatched", &["-O1"]);
    for how in ["clocks", "calls"] {
        if !keeps_apart(&explore(&[], &[&program, how])) {
            return;
        }
        for _ in 0..5 {
            let found = finds(&["--stdout", &wanted], &[&program, how], &["differs-unwatched"]);
            assert_eq!(found.json["natural"]["is"], "differs");
            assert_eq!(found.json["natural"]["times"], 3);
            assert_eq!(found.json["findings"][0]["replay"], serde_json::Value::Null);
            assert!(!found.folder.path().join("forklings-schedules").exists());
        }
    }
}

#[test]
fn what_says_nothing_here_is_no_difference() {
    // In a pid namespace nobody sees a tracer outside of it; nobody may ask to be traced; and the
    // first process's parent has pid 1 with and without a tracer.
    let program = compiled("unwatched", "unwatched", &["-O1"]);
    for how in ["status", "traceme", "parent"] {
        let explored = silent(&[], &[&program, how]);
        assert!(!keeps_apart(&explored) || explored.json["natural"]["is"] == "held", "{how}");
    }
}

#[test]
fn what_nobody_demanded_is_told_and_accuses_nobody() {
    let program = compiled("unwatched", "unwatched", &["-O1"]);
    let explored = silent(&[], &[&program, "clocks"]);
    if keeps_apart(&explored) {
        assert_eq!(explored.json["natural"]["doubt"], "not-demanded");
    }
}

#[test]
fn who_looks_at_a_clock_is_told_of_and_not_accused() {
    let folder = TempDir::new().unwrap();
    let shell = |script: &str| {
        let options = ["--stdout", &wanted(&folder, "2026\n")];
        explore(&options, &["/bin/sh", "-c", script])
    };
    // Runs begin an hour from now by their own clock, so only the year is the same.
    let sleeps = shell("sleep 0.01; echo 2026");
    assert_eq!(sleeps.rules(), [""; 0]);
    let long = shell("sleep 5; echo 2026");
    if keeps_apart(&long) {
        assert_eq!(sleeps.json["natural"]["is"], "held");
        assert_eq!(long.json["natural"]["why"]["sleeps"], 5);
    }
    let program = compiled("unwatched", "unwatched", &["-O1"]);
    let wanted = wanted(&folder, "reaped\n");
    let late = explore(&["--stdout", &wanted], &[&program, "clocks", "late"]);
    assert_eq!(late.rules(), [""; 0], "{}", late.json);
    if keeps_apart(&late) {
        assert_eq!(late.json["natural"]["doubt"], "time");
    }
}

#[test]
fn who_hangs_when_nobody_looks_is_not_told() {
    let program = compiled("unwatched", "unwatched", &["-O1"]);
    let explored = silent(&[], &[&program, "clocks", "hang"]);
    if keeps_apart(&explored) {
        assert_eq!(explored.json["natural"]["why"]["still-running"], 10);
    }
}

#[test]
fn faults_and_the_bare_machine_have_no_run_without_the_tracer() {
    let program = c("pipeline");
    for options in [&["--faults", "short-io"][..], &["--isolation", "none"]] {
        assert!(explore(options, &[&program]).json.get("natural").is_none(), "{options:?}");
    }
}
