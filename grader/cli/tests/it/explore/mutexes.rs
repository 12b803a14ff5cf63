//! Mutexes, semaphores and conditions, which enter the kernel only to wait.

use super::door::{finds, silent};
use super::programs::{c, compiled, rust, rust_v0};

#[test]
fn two_mutexes_taken_in_two_orders_are_a_deadlock_that_names_who_holds_what() {
    let explored = finds(&[], &[&c("lockorder")], &["deadlock"]);
    let happened = explored.json["findings"][0]["happened"].as_str().unwrap();
    assert!(happened.contains("waits in pthread_mutex_lock for what P1."), "{happened}");
    silent(&[], &[&c("lockorder"), "same"]);
}

#[test]
fn a_program_that_is_linked_statically_is_no_different() {
    let program = compiled("lockorder-static", "lockorder", &["-static"]);
    finds(&[], &[&program], &["deadlock"]);
    silent(&[], &[&program, "same"]);
}

#[test]
fn locks_of_rust_are_no_different_however_their_names_are_mangled() {
    for program in [rust("lockorder"), rust_v0("lockorder")] {
        let explored = finds(&[], &[&program], &["deadlock"]);
        let happened = explored.json["findings"][0]["happened"].as_str().unwrap();
        assert!(happened.contains("waits in Mutex::lock"), "{happened}");
        silent(&[], &[&program, "same"]);
    }
    let explored = finds(&[], &[&rust("condition")], &["deadlock"]);
    let likely = explored.json["findings"][0]["likely"].as_str().unwrap();
    assert!(likely.contains("condition"), "{likely}");
    silent(&[], &[&rust("condition"), "looks"]);
}

#[test]
fn semaphores_in_shared_memory_taken_in_two_orders_are_a_deadlock() {
    finds(&["--waive", "orphan-left"], &[&c("semorder")], &["deadlock"]);
    silent(&[], &[&c("semorder"), "same"]);
}

#[test]
fn a_wait_for_a_condition_without_a_look_is_a_deadlock() {
    let explored = finds(&[], &[&c("condition")], &["deadlock"]);
    let happened = explored.json["findings"][0]["happened"].as_str().unwrap();
    assert!(happened.contains("pthread_cond_wait"), "{happened}");
    silent(&[], &[&c("condition"), "looks"]);
}

#[test]
fn a_wake_up_between_the_look_and_the_wait_for_a_condition_is_a_deadlock() {
    finds(&[], &[&c("stopflag")], &["deadlock"]);
    silent(&[], &[&c("stopflag"), "locked"]);
}

#[test]
fn who_looks_again_and_again_under_a_mutex_lets_others_go() {
    silent(&["--schedules", "40"], &[&c("spinsonlock")]);
    finds(&["--schedules", "2", "--seconds", "1"], &[&c("spinsonlock"), "never"], &["time-limit"]);
}

#[test]
fn much_work_under_a_mutex_is_no_wait() {
    silent(&["--schedules", "12"], &[&c("counts")]);
}
