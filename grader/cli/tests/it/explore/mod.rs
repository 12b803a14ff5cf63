//! `forklings explore` on small programs: each known mistake is found under its rule within 200
//! schedules, and each correct twin is silent.

mod bad_input;
mod differences;
mod door;
mod faults;
mod leaks;
mod mutexes;
mod programs;
mod real;
mod replay;
mod shared_memory;
mod spins;
mod steps;
mod unwatched;

use door::{explore, finds, silent};
use programs::{c, compiled, python, script, stripped};

#[test]
fn a_zombie_is_found() {
    let explored = finds(&[], &[&c("zombie")], &["zombie-left"]);
    let place = explored.json["findings"][0]["places"][0]["place"].as_str().unwrap();
    assert!(place.ends_with("zombie.c:15"), "{place}");
}

#[test]
fn static_and_stripped_programs_are_no_different() {
    finds(&[], &[&compiled("zombie-static", "zombie", &["-static"])], &["zombie-left"]);
    finds(&[], &[&stripped("zombie")], &["zombie-left"]);
    silent(&[], &[&compiled("pipeline-static", "pipeline", &["-static"])]);
}

#[test]
fn python_is_no_different() {
    // Starting Python takes a while, and it needs few schedules to show this.
    let few = ["--schedules", "12"];
    let Some(python) = python() else { return };
    finds(&few, &[&python, &script("zombie.py")], &["zombie-left"]);
    silent(&few, &[&python, &script("pool.py")]);
}

#[test]
fn an_orphan_is_found() {
    finds(&[], &[&c("orphan")], &["orphan-left"]);
}

#[test]
fn pipes_that_cross_are_a_deadlock() {
    let explored = finds(&[], &[&c("crossing")], &["deadlock"]);
    let happened = explored.json["findings"][0]["happened"].as_str().unwrap();
    assert!(happened.contains("P1") && happened.contains("P2"), "{happened}");
}

#[test]
fn a_signal_between_the_look_and_the_wait_is_found_and_sigsuspend_is_silent() {
    finds(&[], &[&c("checkpause")], &["signal-lost"]);
    finds(&[], &[&c("alarmpause")], &["signal-lost"]);
    finds(&[], &[&c("selectflag")], &["signal-lost"]);
    silent(&[], &[&c("sigsuspend")]);
}

#[test]
fn an_alarm_between_its_setting_and_the_read_that_it_shall_end_is_found() {
    finds(&[], &[&c("alarmread")], &["signal-lost"]);
    silent(&[], &[&compiled("alarmread-mended", "alarmread", &["-DMENDED"])]);
}

#[test]
fn who_says_that_it_is_ready_before_it_is_can_be_killed() {
    let explored = explore(&[], &[&c("ready")]);
    assert_eq!(explored.code, 5, "{}", explored.json);
    silent(&[], &[&c("ready"), "before"]);
}

#[test]
fn a_descriptor_that_is_marked_too_late_is_inherited() {
    finds(&[], &[&c("cloexec")], &["deadlock"]);
    silent(&[], &[&c("cloexec"), "at once"]);
}

#[test]
fn a_record_of_a_signalfd_may_stand_for_two_children() {
    finds(&[], &[&c("signalfd")], &["signal-lost"]);
    silent(&[], &[&c("signalfd"), "all"]);
}

#[test]
fn a_program_that_multiplies_is_found() {
    finds(&["--processes", "40"], &[&c("bomb")], &["process-limit"]);
}

#[test]
fn a_signal_that_comes_before_its_handler_kills() {
    finds(&[], &[&c("killed")], &["killed-by-signal"]);
}

#[test]
fn a_crash_in_some_orders_is_found() {
    let explored = finds(&[], &[&c("crash")], &["crashed"]);
    let times = explored.json["findings"][0]["shown_in"].as_u64();
    assert!(times < explored.json["schedules"].as_u64(), "{}", explored.json);
}

#[test]
fn a_file_that_another_makes_between_the_look_and_the_open_is_found() {
    let options = ["--waive", "temp-left", "--waive", "zombie-left", "--waive", "orphan-left"];
    finds(&options, &[&c("looksfirst")], &["crashed"]);
    silent(&[], &[&c("looksfirst"), "tries"]);
}

#[test]
fn a_file_that_another_removes_between_the_look_and_the_open_is_found() {
    finds(&["--waive", "zombie-left"], &[&c("vanishes")], &["crashed"]);
    silent(&[], &[&c("vanishes"), "tries"]);
}

#[test]
fn a_process_that_waits_for_the_end_of_its_own_pipe_holds_it_open() {
    let program = c("eof");
    for name in ["plain", "executes", "handler"] {
        silent(&[], &[&program, name]);
    }
    finds(&[], &[&program, "plain", "wrong"], &["pipe-end-open"]);
    finds(&[], &[&program, "executes", "wrong"], &["pipe-end-open"]);
    // A signal might come, whose handler writes.
    finds(&[], &[&program, "handler", "wrong"], &["deadlock"]);
}

#[test]
fn correct_programs_are_silent() {
    for program in ["pipeline", "waitorder", "early"] {
        silent(&[], &[&c(program)]);
    }
}

#[test]
fn every_kind_of_name_that_is_left_is_found() {
    for (kind, rule) in [
        ("temp", "temp-left"),
        ("shm", "shm-left"),
        ("sem", "sem-left"),
        ("queue", "queue-left"),
        ("fifo", "fifo-left"),
        ("socket", "socket-left"),
        ("semget", "sem-left"),
        ("msgget", "queue-left"),
        ("shmget", "shm-left"),
    ] {
        let found = finds(&["--schedules", "10"], &[&c("left"), kind], &[rule]);
        let place = found.json["findings"][0]["places"][0]["place"].as_str().unwrap_or("none");
        assert!(place.contains("left.c:"), "{kind}: {place}");
    }
}

#[test]
fn runs_are_kept_apart_and_what_is_made_in_the_folder_is_no_temporary_file() {
    let explored = silent(&[], &[&c("tidy")]);
    let there: Vec<_> = explored.folder.path().read_dir().unwrap().flatten().collect();
    assert!(there.is_empty(), "nothing is really written: {there:?}");
}

#[test]
fn a_rule_can_be_waived() {
    silent(&["--waive", "orphan-left"], &[&c("orphan")]);
}
