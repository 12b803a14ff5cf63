//! The files that show a run again.

use super::door::{explore, finds};
use super::programs::{c, compiled, python};
use crate::door::run;
use std::fs;
use tempfile::TempDir;

#[test]
fn a_finding_is_shown_again_and_a_result_too() {
    let rule = "signal-lost";
    let found = finds(&[], &[&c("checkpause")], &[rule]);
    let said = run(&["replay", &found.replay(rule)]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains(&format!("the same schedule shows {rule} again")), "{said:?}");

    let differs = explore(&[], &[&c("outputrace")]);
    for output in differs.json["outputs"].as_array().unwrap() {
        let said = run(&["replay", output["replay"].as_str().unwrap()]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.stdout.contains("the same schedule shows this result again"), "{said:?}");
    }
}

#[test]
fn demands_and_input_are_part_of_the_file() {
    let found = explore(&["--before", "child", "parent"], &[&c("sleeporder")]);
    let said = run(&["replay", &found.replay("order-violated")]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("comes before the line \"parent\""), "{said:?}");
}

#[test]
fn another_build_is_told_apart() {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("program");
    fs::copy(c("zombie"), &program).unwrap();
    let found = finds(&[], &[program.to_str().unwrap()], &["zombie-left"]);
    let file = found.replay("zombie-left");
    fs::copy(compiled("zombie-optimised", "zombie", &["-O2"]), &program).unwrap();
    let said = run(&["replay", &file]);
    assert_eq!((said.code, said.stdout.as_str()), (3, ""), "{said:?}");
    assert!(said.stderr.contains("has changed since this schedule was found"), "{said:?}");
    fs::remove_file(&program).unwrap();
    assert!(run(&["replay", &file]).stderr.contains("is gone; explore it again"));
}

#[test]
fn another_script_is_told_apart_from_the_same_interpreter() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("script.py");
    fs::write(&script, "import os\nif os.fork() == 0:\n    os._exit(0)\n").unwrap();
    let Some(python) = python() else { return };
    let command = [&python, script.to_str().unwrap()];
    let found = explore(&["--schedules", "2"], &command);
    let file = found.replay(found.rules()[0]);
    fs::write(&script, "pass\n").unwrap();
    let said = run(&["replay", &file]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.stderr.contains("script.py has changed"), "{said:?}");
}

#[test]
fn a_damaged_file_is_no_schedule_file() {
    let found = finds(&[], &[&c("zombie")], &["zombie-left"]);
    let file = found.replay("zombie-left");
    let whole = fs::read_to_string(&file).unwrap();
    for (broken, message) in [
        (whole.replace("\"version\": 2", "\"version\": 9"), "it has version 9"),
        (whole.replace("\"shows\"", "\"show\""), "it is damaged"),
        (whole[..40].to_owned(), "it is no schedule file"),
    ] {
        fs::write(&file, broken).unwrap();
        let said = run(&["replay", &file]);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.stderr.contains(message), "{said:?}");
    }
}
