//! Real programs, stopped by ptrace in their system calls: the marked line must be named.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod entries;
mod guest;
mod hostile;
mod tracee;

use forklings_model::{Frame, SourceLine};
use guest::{BARE, C, C_STATIC, DYNAMIC, Guest, OPTIMISED, REMAPPED, STATIC, STATIC_FIXED};
use nix::libc;
use std::path::Path;
use tracee::{Stop, stops};

/// Lines of the guest's own source in a stack, innermost first.
fn own_lines<'a>(guest: &Guest, frames: &'a [Frame]) -> Vec<&'a SourceLine> {
    let file = Path::new(guest.source.file_name().unwrap());
    frames.iter().filter_map(|f| f.line.as_ref()).filter(|line| line.file == file).collect()
}

/// Some stop at one of `calls` has the line marked `innermost`, and further out the line of `main`
/// that led there.
#[track_caller]
fn check(guest: &Guest, scenario: &str, calls: &[i64], innermost: &str) {
    let main = guest.line(&format!("main {scenario}"));
    check_in(guest, &stops(guest, scenario), calls, &[guest.line(innermost), main]);
}

/// Some stop at one of `calls` has the lines `expected`, in this order, among the guest's own.
#[track_caller]
fn check_in(guest: &Guest, stops: &[Stop], calls: &[i64], expected: &[u32]) {
    let stacks: Vec<Vec<_>> = stops
        .iter()
        .filter(|stop| calls.contains(&stop.call))
        .map(|stop| own_lines(guest, &stop.frames).iter().map(|l| l.line).collect())
        .collect();
    let fits = |stack: &Vec<u32>| {
        let mut rest = stack.iter();
        expected.iter().all(|line| rest.any(|found| found == line))
    };
    assert!(stacks.iter().any(fits), "{expected:?} is in none of {stacks:?}");
}

const FORK: &[i64] = &[libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork, libc::SYS_vfork];
const WAIT: &[i64] = &[libc::SYS_wait4, libc::SYS_waitid];

/// What a student's program does, however it is linked.
#[track_caller]
fn check_all(guest: &Guest) {
    check(guest, "pipes", FORK, "fork");
    check(guest, "pipes", &[libc::SYS_read], "read");
    check(guest, "pipes", &[libc::SYS_write], "write");
    check(guest, "pipes", WAIT, "wait");
    check(guest, "pipes", &[libc::SYS_exit_group], "_exit");
    check(guest, "exit", &[libc::SYS_exit_group], "exit");
    check(guest, "panic", &[libc::SYS_write, libc::SYS_writev], "panic");
    check(guest, "spawn", FORK, "spawn");
    check(guest, "spawn", WAIT, "reap");
    check(guest, "threads", FORK, "thread");
    check(guest, "threads", &[libc::SYS_futex], "join");
    check(guest, "handler", &[libc::SYS_kill], "interrupted");
    check(guest, "handler", &[libc::SYS_write], "in handler");
    check(guest, "abort", &[libc::SYS_tgkill], "abort");
    let in_thread = [guest.line("kill in thread")];
    check_in(guest, &stops(guest, "threads"), &[libc::SYS_kill], &in_thread);
}

#[test]
fn calls_of_a_debug_build_are_named() {
    check_all(&DYNAMIC);
}

#[test]
fn calls_of_a_static_debug_build_are_named() {
    check_all(&STATIC);
    check_all(&STATIC_FIXED);
}

#[test]
fn calls_of_an_optimised_build_are_named_through_inlined_functions() {
    check(&OPTIMISED, "pipes", FORK, "fork");
    check(&OPTIMISED, "pipes", &[libc::SYS_read], "read");
    check(&OPTIMISED, "pipes", WAIT, "wait");
    check(&OPTIMISED, "spawn", FORK, "spawn");
}

#[test]
fn calls_of_c_programs_are_named() {
    for guest in [&*C, &*C_STATIC] {
        check(guest, "fork", FORK, "fork");
        check(guest, "fork", WAIT, "wait");
        check(guest, "fork", &[libc::SYS_exit_group], "_exit");
        check(guest, "vfork", FORK, "vfork");
        check(guest, "handler", &[libc::SYS_write], "in handler");
        check(guest, "handler", &[libc::SYS_tgkill], "interrupted");
    }
}

#[test]
fn a_call_in_a_signal_handler_names_what_was_interrupted_too() {
    for guest in [&*DYNAMIC, &*STATIC, &*C, &*C_STATIC] {
        let lines = ["in handler", "interrupted", "main handler"].map(|m| guest.line(m));
        check_in(guest, &stops(guest, "handler"), &[libc::SYS_write], &lines);
    }
}

#[test]
fn a_jump_to_nowhere_names_the_jump() {
    check(&C, "wild", &[-i64::from(libc::SIGSEGV)], "wild");
}

#[test]
fn a_line_brings_its_function_its_text_and_a_short_path() {
    for guest in [&*DYNAMIC, &*REMAPPED] {
        let stops = stops(guest, "pipes");
        let lines: Vec<_> = stops.iter().flat_map(|stop| own_lines(guest, &stop.frames)).collect();
        let fork = lines.iter().find(|line| line.line == guest.line("fork")).unwrap();
        assert_eq!(fork.file, Path::new("calls.rs"));
        assert!(fork.text.as_ref().unwrap().starts_with("let pid = unsafe { fork() };"));
        assert!(fork.function.as_ref().unwrap().contains("child_of"), "{fork:?}");
    }
}

#[test]
fn a_program_without_debug_information_has_frames_without_lines() {
    let stops = stops(&BARE, "pipes");
    let fork = stops.iter().find(|stop| FORK.contains(&stop.call)).unwrap();
    let of_guest = fork.frames.iter().filter(|frame| frame.module == BARE.program);
    assert!(of_guest.count() > 5, "{fork:#?}");
    assert!(fork.frames.iter().all(|frame| frame.line.is_none()));
}

#[test]
fn a_deep_stack_is_cut_at_the_limit() {
    let stops = stops(&DYNAMIC, "deep");
    let kill = stops.iter().find(|stop| stop.call == libc::SYS_kill).unwrap();
    assert_eq!(kill.frames.len(), 64);
    check_in(&DYNAMIC, &stops, &[libc::SYS_kill], &[DYNAMIC.line("deep")]);
}

#[test]
fn equal_runs_have_equal_frames() {
    let run = || -> Vec<_> {
        let of_root = |stop: &Stop| stop.call == libc::SYS_write;
        stops(&DYNAMIC, "pipes").into_iter().filter(of_root).map(|stop| stop.frames).collect()
    };
    assert_eq!(run(), run());
}
