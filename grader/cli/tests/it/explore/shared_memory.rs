//! Memory that processes share: textbook programs, right and with their known mistake.

use super::door::{explore, finds, silent};
use super::programs::{compiled, rust};

/// The programs of `textbook.c`, at a level of optimisation.
fn textbook(level: &str) -> String {
    compiled(&format!("textbook{level}"), "textbook", &[level, "-lpthread"])
}

/// The right program is silent, and the wrong one breaks these rules.
#[track_caller]
fn told_apart(name: &str, rules: &[&str]) {
    told_apart_at("-O0", name, rules);
}

#[track_caller]
fn told_apart_at(level: &str, name: &str, rules: &[&str]) {
    let program = textbook(level);
    silent(&[], &[&program, name]);
    finds(&[], &[&program, name, "wrong"], rules);
}

/// The right program is silent, and the wrong one breaks no rule but ends in several ways.
#[track_caller]
fn told_by_results(name: &str) {
    let program = textbook("-O0");
    silent(&[], &[&program, name]);
    let explored = explore(&[], &[&program, name, "wrong"]);
    assert_eq!(explored.rules(), [""; 0], "{}", explored.json);
    assert_eq!(explored.code, 5, "{}", explored.json);
}

/// As [`told_apart`], in memory of System V.
#[track_caller]
fn told_apart_in_a_segment(name: &str, rules: &[&str]) {
    let options = ["-O0", "-DSEGMENT", "-lpthread"];
    let program = compiled("textbook-segment", "textbook", &options);
    watched(&program, name);
    finds(&[], &[&program, name, "wrong"], rules);
}

/// The right program is silent, and all of its accesses were seen.
#[track_caller]
fn watched(program: &str, name: &str) {
    let silent = silent(&[], &[program, name]);
    assert_eq!(silent.json["unwatched_memory"], false, "{}", silent.json);
}

#[test]
fn a_segment_is_followed_like_any_shared_memory() {
    told_apart_in_a_segment("peterson", &["lost-update"]);
    told_apart_in_a_segment("buffer", &["lost-update"]);
    told_apart_in_a_segment("futex", &["wakeup-lost"]);
    told_apart_in_a_segment("philosophers", &["deadlock"]);
}

#[test]
fn a_segment_is_one_memory_however_it_was_attached() {
    let program = compiled("segments", "segments", &["-O0", "-lpthread"]);
    for name in ["semaphore", "atomic", "attaches", "addresses", "executes"] {
        watched(&program, name);
        finds(&[], &[&program, name, "wrong"], &["lost-update"]);
    }
    watched(&program, "reads");
}

#[test]
fn what_is_left_of_a_mapping_over_which_another_was_mapped_is_followed() {
    let program = compiled("segments", "segments", &["-O0", "-lpthread"]);
    watched(&program, "maps-over");
    finds(&[], &[&program, "maps-over", "wrong"], &["lost-update"]);
}

#[test]
fn a_data_race_in_a_segment_is_told_with_both_lines() {
    let program = rust("races");
    for name in ["handed", "locked", "counted"] {
        silent(&[], &[&program, name, "segment"]);
    }
    let race = finds(&[], &[&program, "handed", "wrong", "segment"], &["data-race"]);
    assert_eq!(race.json["findings"][0]["places"].as_array().map(Vec::len), Some(2));
    let wrong = ["locked", "wrong", "segment"];
    finds(&[], &[&[&*program], &wrong[..]].concat(), &["lost-update", "data-race"]);
    finds(&[], &[&program, "counted", "wrong", "segment"], &["lost-update"]);
}

#[test]
fn what_the_compiler_makes_better_is_no_different() {
    told_apart_at("-O2", "peterson", &["lost-update"]);
    told_apart_at("-O2", "futex", &["wakeup-lost"]);
}

#[test]
fn petersons_lock_needs_its_two_stores_in_order() {
    told_apart("peterson", &["lost-update"]);
}

#[test]
fn two_that_draw_the_same_ticket_wait_for_ever() {
    told_apart("ticket", &["lost-update", "deadlock"]);
}

#[test]
fn a_seqlock_is_read_torn_by_who_does_not_look_again() {
    told_by_results("seqlock");
}

#[test]
fn a_private_wake_up_does_not_reach_another_process() {
    told_apart("futex", &["wakeup-lost"]);
}

#[test]
fn a_wait_that_ends_for_no_reason_is_no_wake_up() {
    let program = textbook("-O0");
    let struck = ["--faults", "spurious-wakeup"];
    silent(&[], &[&program, "event", "wrong"]);
    finds(&struck, &[&program, "event", "wrong"], &["crashed", "spurious-wakeup"]);
    for careful in ["event", "futex"] {
        let explored = explore(&struck, &[&program, careful]);
        assert_eq!((explored.code, explored.rules()), (0, vec![]), "{}", explored.json);
    }
}

#[test]
fn producers_without_a_mutex_overwrite_each_others_place() {
    told_apart("buffer", &["lost-update"]);
}

#[test]
fn who_writes_under_a_lock_for_readers_loses_updates() {
    told_apart("readers", &["lost-update"]);
}

#[test]
fn what_shall_be_prepared_once_is_prepared_twice_without_a_lock() {
    told_by_results("once");
}

#[test]
fn a_barrier_without_generations_is_passed_twice() {
    told_apart("barrier", &["deadlock"]);
}

#[test]
fn philosophers_take_their_forks_in_one_order_or_starve() {
    told_apart("philosophers", &["deadlock"]);
}

#[test]
fn a_lock_whose_holder_has_ended_is_abandoned() {
    told_apart("leaves", &["lock-abandoned"]);
}

#[test]
fn a_robust_mutex_is_handed_on_however_its_holder_dies() {
    let program = compiled("robust", "robust", &["-lpthread"]);
    for how in ["term", "abort", "pause"] {
        silent(&[], &[&program, how]);
    }
    let struck = explore(&["--faults", "kill"], &[&program]);
    assert_eq!(struck.rules(), [""; 0], "{}", struck.json);
}

#[test]
fn plain_accesses_of_rust_that_nothing_orders_are_a_data_race_with_both_lines() {
    let program = rust("races");
    silent(&[], &[&program, "handed"]);
    let explored = finds(&[], &[&program, "handed", "wrong"], &["data-race"]);
    let places = explored.json["findings"][0]["places"].as_array().unwrap();
    assert_eq!(places.len(), 2, "{places:?}");
    silent(&[], &[&program, "locked"]);
    finds(&[], &[&program, "locked", "wrong"], &["lost-update", "data-race"]);
}

#[test]
fn who_uses_it_more_often_than_is_followed_is_told_so() {
    let program = rust("races");
    let watched = |name| silent(&["--schedules", "2"], &[&program, name]).json;
    assert_eq!(watched("counted")["unwatched_memory"], false);
    assert_eq!(watched("counted-long")["unwatched_memory"], true);
}

#[test]
fn two_atomic_steps_are_not_one() {
    let program = rust("races");
    silent(&[], &[&program, "counted"]);
    finds(&[], &[&program, "counted", "wrong"], &["lost-update"]);
    silent(&[], &[&program, "counted-once"]);
    finds(&[], &[&program, "counted-once", "wrong"], &["lost-update"]);
}

#[test]
fn who_counts_from_zero_to_one_is_told_from_who_sets_a_flag() {
    for level in ["-O0", "-O1", "-O2"] {
        let program = compiled(&format!("once{level}"), "once", &[level]);
        silent(&[], &[&program, "count"]);
        finds(&[], &[&program, "count", "wrong"], &["lost-update"]);
        silent(&[], &[&program, "mark"]);
        let turned = explore(&[], &[&program, "turn"]);
        assert_eq!(turned.rules(), [""; 0], "{}", turned.json);
    }
}

#[test]
fn an_exchange_whose_result_nobody_reads_is_a_store() {
    for level in ["-O0", "-O1", "-O2"] {
        let program = compiled(&format!("highest{level}"), "highest", &[level]);
        silent(&[], &[&program]);
        finds(&[], &[&program, "wrong"], &["lost-update"]);
    }
}

#[test]
fn who_was_interrupted_in_a_wait_for_shared_memory_is_watched_as_before() {
    let program = compiled("interrupted", "interrupted", &["-O1", "-lpthread"]);
    let interrupts = ["--faults", "eintr"];
    silent(&interrupts, &[&program]);
    finds(&interrupts, &[&program, "wrong"], &["lost-update"]);
}

#[test]
fn who_is_told_by_what_is_no_access_is_told() {
    let program = rust("told");
    watched(&program, "executes");
    for how in ["file", "answer", "vforks"] {
        watched(&program, how);
        finds(&[], &[&program, how, "wrong"], &["data-race"]);
    }
}

#[test]
fn who_may_be_told_by_memory_that_nobody_follows_is_accused_of_no_race() {
    let program = rust("told");
    for how in ["large", "device"] {
        let right = silent(&[], &[&program, how]);
        assert_eq!(right.json["unwatched_memory"], true, "{}", right.json);
        let wrong = explore(&[], &[&program, how, "wrong"]);
        assert_eq!((wrong.code, wrong.rules()), (0, vec![]), "{}", wrong.json);
    }
}
