//! Mappings and memory that a program keeps, where it was demanded that it keeps none.

use super::door::{Explored, finds, silent};
use super::programs::{c, compiled, python, rust, stripped};
use crate::door::run;
use serde_json::Value;

/// Every schedule shows the finding, at this line.
#[track_caller]
fn always(explored: &Explored, line: &str) {
    let finding = &explored.json["findings"][0];
    assert_eq!(finding["shown_in"], explored.json["schedules"], "{}", explored.json);
    let place = finding["places"][0]["place"].as_str().unwrap_or("none");
    assert!(place.ends_with(line), "{place}, not {line}");
}

const UNMAPPED: &[&str] = &["--unmapped"];
const GROWS: &[&str] = &["--heap-grows-at-most", "256"];

#[test]
fn a_mapping_of_each_kind_that_is_left_is_found_where_it_was_made() {
    for (kind, line) in [
        ("anonymous", "maps.c:51"),
        ("file", "maps.c:25"),
        ("private", "maps.c:25"),
        ("sysv", "maps.c:61"),
    ] {
        always(&finds(UNMAPPED, &[&c("maps"), kind], &["mapping-left"]), line);
    }
}

#[test]
fn mappings_that_are_unmapped_and_those_of_others_are_none_of_them() {
    silent(UNMAPPED, &[&c("maps"), "none"]);
    silent(UNMAPPED, &[&stripped("maps"), "none"]);
    // Nobody asks for it, nobody minds.
    silent(&[], &[&c("maps"), "file"]);
}

#[test]
fn memory_that_is_kept_is_found_where_it_was_allocated() {
    for (kept, line) in [
        ("small", "grows.c:15"),
        ("large", "grows.c:40"),
        ("thread", "grows.c:15"),
        ("mapped", "grows.c:58"),
        ("break", "grows.c:62"),
    ] {
        always(&finds(GROWS, &[&c("grows"), kept], &["memory-leaked"]), line);
    }
}

#[test]
fn memory_that_is_given_back_is_no_growth_whatever_way_it_was_got() {
    silent(GROWS, &[&c("grows")]);
    silent(GROWS, &[&stripped("grows")]);
    silent(GROWS, &[&compiled("grows-static", "grows", &["-static"])]);
    silent(&["--heap-grows-at-most", "4096"], &[&c("grows"), "small"]);
    silent(&[], &[&c("grows"), "large"]);
}

#[test]
fn what_rust_forgets_is_found_and_what_it_drops_is_not() {
    for (forgotten, line) in [
        ("vec", "leaks.rs:6"),
        ("box", "leaks.rs:21"),
        ("words", "leaks.rs:10"),
        ("thread", "leaks.rs:10"),
    ] {
        always(&finds(GROWS, &[&rust("leaks"), forgotten], &["memory-leaked"]), line);
    }
    silent(GROWS, &[&rust("leaks"), "nothing"]);
}

#[test]
fn a_replay_of_a_leak_shows_it_again() {
    let explored = finds(GROWS, &[&rust("leaks"), "vec"], &["memory-leaked"]);
    let said = run(&["replay", &explored.replay("memory-leaked")]);
    assert!(said.stdout.contains("the same schedule shows memory-leaked again"), "{said:?}");
}

#[test]
fn python_keeps_much_and_is_not_asked() {
    let Some(python) = python() else { return };
    let said: Value =
        silent(&["--schedules", "5"], &[&python, "-c", "print(len('x' * 10**7))"]).json;
    assert_eq!(said["outputs"][0]["stdout"], "10000000\n", "{said}");
}
