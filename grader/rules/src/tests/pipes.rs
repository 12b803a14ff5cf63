//! pipe-end-open against deadlock.

use super::builder::{child, readable, writable};
use super::*;
use forklings_model::WaitsFor;

/// P1 makes pipe A (3, 4) and pipe B (5, 6), and forks P2.
fn two_pipes() -> (Run, forklings_model::ObjectId, forklings_model::ObjectId) {
    let mut run = run();
    let (a, b) = (run.pipe(P1, 3, 4), run.pipe(P1, 5, 6));
    run.fork(P1);
    (run, a, b)
}

/// As `two_pipes`, with A the way there and B the way back: P1 asks, P2 answers, and each has
/// closed the ends of the other, but P1 not its write end of A.
fn question_and_answer() -> (Run, forklings_model::ObjectId, forklings_model::ObjectId) {
    let (mut run, a, b) = two_pipes();
    run.closes(P1, 3, a);
    run.closes(P1, 6, b);
    run.closes(P2, 4, a);
    run.closes(P2, 5, b);
    (run, a, b)
}

#[track_caller]
fn holder(trace: &Trace) -> (ProcId, ProcId) {
    let finding = only(trace, &[line("never printed")]);
    let Detail::PipeEndOpen { waiter, holder, .. } = finding.detail else { panic!("{finding:#?}") };
    (waiter, holder)
}

#[test]
fn a_reader_that_holds_the_write_end_waits_for_itself() {
    let (mut run, a, _) = two_pipes();
    run.writes(P2, (4, a), 5, Ok(5));
    run.dies(P2, 0);
    run.reads(P1, (3, a), 100, Ok(5));
    let trace = run.stuck(vec![(P1, readable(3, a, &[(P1, 4)]))]);
    assert_eq!(holder(&trace), (P1, P1));
}

#[test]
fn a_poll_over_the_pipe_is_a_wait_to_read_too() {
    let (mut run, a, _) = two_pipes();
    run.closes(P2, 4, a);
    run.writes(P2, (4, a), 5, Ok(5));
    run.dies(P2, 0);
    let trace = run.stuck(vec![(P1, WaitsFor::AnyOf { fds: vec![3, 5] })]);
    assert_eq!(holder(&trace), (P1, P1));
}

#[test]
fn both_ends_kept_by_everyone_is_an_open_end() {
    let (mut run, a, b) = two_pipes();
    run.writes(P1, (4, a), 5, Ok(5));
    let trace = run.stuck(vec![
        (P1, readable(5, b, &[(P1, 6), (P2, 6)])),
        (P2, readable(3, a, &[(P1, 4), (P2, 4)])),
    ]);
    // Of B nothing shows yet who is to write.
    assert_eq!(holder(&trace), (P2, P2));
}

#[test]
fn who_waits_for_the_reader_s_end_holds_its_end_of_file_back() {
    let (mut run, a, _) = two_pipes();
    run.closes(P2, 4, a);
    let trace = run.stuck(vec![(P1, child(&[P2])), (P2, readable(3, a, &[(P1, 4)]))]);
    assert_eq!(holder(&trace), (P2, P1));
}

#[test]
fn who_waits_for_the_reader_through_another_does_too() {
    let (mut run, a, _) = two_pipes();
    run.closes(P2, 4, a);
    run.fork(P2);
    let waits = vec![(P1, child(&[P2])), (P2, child(&[P3])), (P3, readable(3, a, &[(P1, 4)]))];
    assert_eq!(holder(&run.stuck(waits)), (P3, P1));
}

#[test]
fn who_has_written_and_waits_for_the_answer_forgot_to_close() {
    let (mut run, a, b) = two_pipes();
    run.closes(P1, 6, b);
    run.closes(P2, 4, a);
    run.writes(P1, (4, a), 5, Ok(5));
    run.reads(P2, (3, a), 100, Ok(5));
    let trace = run.stuck(vec![(P1, readable(5, b, &[(P2, 6)])), (P2, readable(3, a, &[(P1, 4)]))]);
    assert_eq!(holder(&trace), (P2, P1));
}

#[test]
fn who_answers_is_not_blamed_for_the_end_of_the_question() {
    // Whoever wrote the question: P1 itself, or P3 on its behalf.
    for helped in [false, true] {
        let (mut run, a, b) = question_and_answer();
        if helped {
            run.fork(P1);
            run.writes(P3, (4, a), 5, Ok(5));
            run.dies(P3, 0);
        } else {
            run.writes(P1, (4, a), 5, Ok(5));
        }
        run.reads(P2, (3, a), 100, Ok(5));
        run.writes(P2, (6, b), 5, Ok(5));
        run.reads(P1, (5, b), 100, Ok(5));
        for on in [readable(5, b, &[(P2, 6)]), WaitsFor::AnyOf { fds: vec![5] }] {
            let waits = vec![(P1, on), (P2, readable(3, a, &[(P1, 4)]))];
            assert_eq!(holder(&run.clone().stuck(waits)), (P2, P1), "helped: {helped}");
        }
    }
}

#[test]
fn of_two_that_hold_an_end_the_one_that_never_wrote_is_named_and_the_other_told() {
    let (mut run, a, b) = question_and_answer();
    run.fork(P1);
    run.fork(P1);
    run.writes(P3, (4, a), 5, Ok(5));
    run.dies(ProcId(4), 0);
    run.reads(P2, (3, a), 100, Ok(5));
    let held = [(P1, 4), (P3, 4)];
    let trace = run.stuck(vec![
        (P1, readable(5, b, &[(P2, 6)])),
        (P2, readable(3, a, &held)),
        (P3, child(&[])),
    ]);
    let finding = only(&trace, &[]);
    let Detail::PipeEndOpen { holder, held, others, .. } = finding.detail else { panic!() };
    assert_eq!((holder, held, others), (P1, 4, vec![(P3, 4)]));
}

#[test]
fn a_worker_that_waits_for_something_else_is_not_blamed_for_its_end() {
    // P2 has sent its part. P3 owes its own and waits for a signal that nobody sends.
    let (mut run, a, _) = two_pipes();
    run.fork(P1);
    run.closes(P1, 4, a);
    run.writes(P2, (4, a), 5, Ok(5));
    run.dies(P2, 0);
    run.reads(P1, (3, a), 100, Ok(5));
    let trace = run.stuck(vec![(P1, readable(3, a, &[(P3, 4)])), (P3, WaitsFor::Signal)]);
    assert_eq!(names(&trace, &[]), ["deadlock"]);
}

#[test]
fn a_worker_that_inherited_another_s_end_and_waits_for_its_own_reader_is_named() {
    // P2 has sent its record through A. P3 has A's write end too, from the fork, and its own
    // record does not fit into B, which P1 reads after A.
    let (mut run, a, b) = two_pipes();
    run.closes(P1, 4, a);
    run.closes(P1, 6, b);
    let waits = vec![(P1, readable(3, a, &[(P3, 4)])), (P3, writable(6, b, &[(P1, 5)]))];
    run.fork(P1);
    let nothing_written = run.clone().stuck(waits.clone());
    assert_eq!(names(&nothing_written, &[]), ["deadlock"]);
    run.writes(P2, (4, a), 5, Ok(5));
    run.dies(P2, 0);
    assert_eq!(holder(&run.clone().stuck(waits)), (P1, P3));
    // Who waits for room in this very pipe is about to write.
    let waits = vec![(P1, readable(3, a, &[(P3, 4)])), (P3, writable(4, a, &[(P1, 3)]))];
    assert_eq!(names(&run.stuck(waits), &[]), ["deadlock"]);
}

#[test]
fn a_pipe_by_which_processes_wait_for_each_other_s_start_is_nobody_s_open_end() {
    for on in [child(&[P2]), WaitsFor::Signal] {
        let (run, a, _) = two_pipes();
        let trace = run.stuck(vec![(P1, on), (P2, readable(3, a, &[(P1, 4), (P2, 4)]))]);
        assert_eq!(names(&trace, &[]), ["deadlock"]);
    }
    // As soon as anybody closed an end it has a direction.
    let (mut run, a, _) = two_pipes();
    run.closes(P1, 3, a);
    let waits = vec![(P1, child(&[P2])), (P2, readable(3, a, &[(P1, 4), (P2, 4)]))];
    assert_eq!(holder(&run.stuck(waits)), (P2, P2));
}

#[test]
fn a_writer_that_waits_for_a_reader_who_is_gone_is_held_up_by_a_read_end() {
    // P2 has read a little, or became a program with the pipe as its input, and has ended.
    for executes in [false, true] {
        let (mut run, a, b) = two_pipes();
        run.closes(P1, 5, b);
        if executes {
            run.duplicates(P2, 3, 0, a);
        } else {
            run.reads(P2, (3, a), 1, Ok(1));
        }
        run.dies(P2, 0);
        run.fork(P1);
        run.closes(P1, 4, a);
        let full = |held: &[(ProcId, i32)]| vec![(P1, child(&[P3])), (P3, writable(4, a, held))];
        let own = run.clone().stuck(full(&[(P1, 3), (P3, 3)]));
        assert_eq!(holder(&own), (P3, P3));
        run.closes(P3, 3, a);
        assert_eq!(holder(&run.stuck(full(&[(P1, 3)]))), (P3, P1));
    }
}

#[test]
fn a_reader_that_is_still_there_will_read_so_a_full_pipe_is_a_deadlock() {
    let (mut run, a, b) = question_and_answer();
    run.writes(P1, (4, a), 90_000, Ok(65_536));
    run.reads(P2, (3, a), 4096, Ok(4096));
    run.writes(P2, (6, b), 90_000, Ok(65_536));
    let trace = run.stuck(vec![(P1, writable(4, a, &[(P2, 3)])), (P2, writable(6, b, &[(P1, 5)]))]);
    assert_eq!(names(&trace, &[]), ["deadlock"]);
}

#[test]
fn a_stray_end_in_a_sibling_is_named() {
    // A pool: P1 has closed its end of A, but P3, forked later, has it too.
    let (mut run, a, b) = two_pipes();
    run.closes(P2, 4, a);
    run.closes(P2, 6, b);
    run.fork(P1);
    run.closes(P3, 6, b);
    run.writes(P1, (4, a), 5, Ok(5));
    run.reads(P2, (3, a), 100, Ok(5));
    run.closes(P1, 4, a);
    let trace = run.stuck(vec![
        (P1, child(&[P2])),
        (P2, readable(3, a, &[(P3, 4)])),
        (P3, readable(5, b, &[(P1, 6)])),
    ]);
    assert_eq!(holder(&trace), (P2, P3));
}

#[test]
fn two_that_both_read_first_are_a_deadlock() {
    let (mut run, a, b) = two_pipes();
    run.closes(P1, 6, b);
    run.closes(P2, 4, a);
    let waits = vec![(P1, readable(5, b, &[(P2, 6)])), (P2, readable(3, a, &[(P1, 4)]))];
    assert_eq!(names(&run.stuck(waits), &[line("x")]), ["deadlock"]);
}

#[test]
fn two_full_pipes_and_a_wait_before_reading_are_deadlocks() {
    let (mut run, a, b) = two_pipes();
    run.writes(P1, (4, a), 90_000, Ok(65_536));
    run.writes(P2, (6, b), 90_000, Ok(65_536));
    let full = run.stuck(vec![
        (P1, writable(4, a, &[(P1, 3), (P2, 3)])),
        (P2, writable(6, b, &[(P1, 5), (P2, 5)])),
    ]);
    assert_eq!(names(&full, &[]), ["deadlock"]);

    let (run, _, b) = two_pipes();
    let early = run.stuck(vec![(P1, child(&[P2])), (P2, writable(6, b, &[(P1, 5)]))]);
    assert_eq!(names(&early, &[]), ["deadlock"]);
}

#[test]
fn a_lost_wake_up_on_a_self_pipe_is_a_deadlock() {
    for wrote in [true, false] {
        let mut run = run();
        let pipe = run.pipe(P1, 3, 4);
        run.handles(P1, Signal::CHLD);
        if wrote {
            run.writes(P1, (4, pipe), 1, Ok(1));
            run.reads(P1, (3, pipe), 1, Ok(1));
        }
        let trace = run.stuck(vec![(P1, readable(3, pipe, &[(P1, 4)]))]);
        assert_eq!(names(&trace, &[]), ["deadlock"]);
    }
}

#[test]
fn who_reads_back_all_that_it_wrote_itself_and_has_no_handler_waits_for_its_own_end() {
    let alone = |handled: Option<Signal>| {
        let mut run = run();
        handled.into_iter().for_each(|signal| run.handles(P1, signal));
        let pipe = run.pipe(P1, 3, 4);
        run.writes(P1, (4, pipe), 5, Ok(5));
        run.reads(P1, (3, pipe), 100, Ok(5));
        (run, pipe)
    };
    // Rust's runtime has a handler for its own faults.
    for harmless in [None, Some(Signal(11))] {
        let (run, pipe) = alone(harmless);
        let trace = run.stuck(vec![(P1, readable(3, pipe, &[(P1, 4)]))]);
        assert_eq!(names(&trace, &[]), ["pipe-end-open"]);
        // A test may hold the end to see whether something waits that must not.
        assert_eq!(names(&trace, &[line("never printed")])[0], "deadlock");
    }
    let (run, pipe) = alone(Some(Signal(10)));
    let trace = run.stuck(vec![(P1, readable(3, pipe, &[(P1, 4)]))]);
    assert_eq!(names(&trace, &[]), ["deadlock"]);
    // Another thread waits for something else, and might write.
    let (run, pipe) = alone(None);
    let lock = WaitsFor::Memory;
    let trace = run.stuck(vec![(P1, readable(3, pipe, &[(P1, 4)])), (P1, lock)]);
    assert_eq!(names(&trace, &[]), ["deadlock"]);
}

#[test]
fn all_waits_for_signals_and_descriptors_that_are_no_pipes_are_deadlocks() {
    let run_1 = run();
    assert_eq!(names(&run_1.stuck(vec![(P1, WaitsFor::Signal)]), &[]), ["deadlock"]);
    let mut run_2 = run();
    let tokens = run_2.object(forklings_model::ObjectKind::Other("eventfd2".to_owned()));
    run_2.fork(P1);
    let waits = vec![(P1, child(&[P2])), (P2, readable(3, tokens, &[(P1, 3), (P2, 3)]))];
    assert_eq!(names(&run_2.stuck(waits), &[]), ["deadlock"]);
}
