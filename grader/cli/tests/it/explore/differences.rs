//! Results that differ with the order, and what is demanded of them.

use super::door::{explore, finds, silent};
use super::programs::c;
use std::fs;
use tempfile::TempDir;

/// Two results, each with a file, and no rule broken.
#[track_caller]
fn differs(program: &str, expected: &[(&str, u64)]) {
    let explored = explore(&[], &[&c(program)]);
    assert_eq!((explored.code, explored.rules().len()), (5, 0), "{}", explored.json);
    let mut results: Vec<(&str, u64)> = Vec::new();
    for output in explored.json["outputs"].as_array().unwrap() {
        let file = output["replay"].as_str().unwrap();
        assert!(fs::metadata(file).unwrap().is_file());
        results.push((output["stdout"].as_str().unwrap(), output["exit_status"].as_u64().unwrap()));
    }
    results.sort_unstable();
    assert_eq!(results, expected, "{}", explored.json);
}

#[test]
fn an_output_that_depends_on_the_order_is_listed() {
    differs("outputrace", &[("one\ntwo\n", 0), ("two\none\n", 0)]);
}

#[test]
fn an_exit_status_that_depends_on_the_order_is_listed() {
    differs("statusrace", &[("", 1), ("", 2)]);
}

#[test]
fn an_order_that_rests_on_a_sleep_is_found_when_it_is_demanded() {
    let demand = ["--before", "child", "parent"];
    finds(&demand, &[&c("sleeporder")], &["order-by-sleep", "order-violated"]);
    silent(&demand, &[&c("waitorder")]);
}

#[test]
fn a_select_without_descriptors_is_a_sleep() {
    let demand = ["--before", "child", "parent"];
    finds(&demand, &[&c("selectorder")], &["order-by-sleep", "order-violated"]);
    silent(&demand, &[&c("selectorder"), "wait"]);
}

#[test]
fn the_whole_output_can_be_demanded() {
    let folder = TempDir::new().unwrap();
    let wanted = folder.path().join("wanted");
    fs::write(&wanted, "one\ntwo\n").unwrap();
    let demand = ["--stdout", wanted.to_str().unwrap()];
    finds(&demand, &[&c("outputrace")], &["order-violated"]);
    fs::write(&wanted, "HELLO\n").unwrap();
    silent(&demand, &[&c("pipeline")]);
    fs::write(&wanted, "GOODBYE\n").unwrap();
    finds(&demand, &[&c("pipeline")], &["output-wrong"]);
}

#[test]
fn standard_input_is_the_same_in_every_run() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, "3\n1\n2\n").unwrap();
    let explored = silent(&["--stdin", input.to_str().unwrap()], &["sort"]);
    assert_eq!(explored.json["outputs"][0]["stdout"], "1\n2\n3\n");
}

#[test]
fn equal_explorations_say_the_same_and_another_seed_other_schedules() {
    let one = |seed: &str| {
        let options = ["--seed", seed, "--schedules", "30", "--strategy", "random"];
        let mut json = explore(&options, &[&c("outputrace")]).json;
        for output in json["outputs"].as_array_mut().unwrap() {
            output["replay"].take();
        }
        json
    };
    assert_eq!(one("7"), one("7"));
    assert_ne!(one("7")["outputs"], one("8")["outputs"]);
}
