//! Schedule files that no longer fit.

use crate::door::run;
use serde_json::json;
use std::fs;
use tempfile::TempDir;

/// Replays a file with these fields changed; gives the error's message.
#[track_caller]
fn error(changes: &serde_json::Value) -> String {
    let folder = TempDir::new().unwrap();
    let mut file = json!({
        "version": 1,
        "suite": env!("CARGO_BIN_EXE_forklings"),
        "test": "reap_all::x",
        "exercise": "zombies",
        "scenario": {"name": "reap_all", "args": ["2"]},
        "subject": env!("CARGO_BIN_EXE_forklings"),
        "subject_hash": "0",
        "schedule": {"seed": 1, "strategy": "random"},
    });
    for (name, value) in changes.as_object().unwrap() {
        file[name] = value.clone();
    }
    let path = folder.path().join("x.schedule");
    fs::write(&path, file.to_string()).unwrap();
    let said = run(&["replay", path.to_str().unwrap()]);
    assert_eq!(said.code, 3, "{said:?}");
    said.stderr
}

#[test]
fn a_suite_or_program_that_is_gone_or_new_is_named_with_the_remedy() {
    for (changes, message) in [
        (json!({"suite": "/gone/public"}), "the suite /gone/public is gone"),
        (json!({"subject": "/gone/zombies"}), "the program /gone/zombies is gone"),
        (json!({}), "was built anew since this schedule was found"),
    ] {
        let said = error(&changes);
        assert!(said.contains(message), "{said}");
        assert!(said.contains("run the test again: cargo test -p zombies"), "{said}");
    }
}

#[test]
fn another_version_is_told_from_damage() {
    assert!(error(&json!({"version": 3})).contains("it has version 3"));
    assert!(error(&json!({"schedule": 7})).contains("it is damaged"));
}
