//! The hidden tests of `pools`: other tasks and sizes, faults, deaths at any moment.

use forklings_check::prelude::*;
use std::ops::RangeInclusive;

/// Caught by the driver without `SA_RESTART`.
const ALARM: Signal = Signal(14);

/// Bytes that are more than a pipe holds, which is 64 KiB.
const MORE_THAN_A_PIPE: RangeInclusive<usize> = 70_000..=90_000;

/// A task and its answer: a word in capital letters.
fn shout(draw: &mut Rng) -> (String, String) {
    let word = word(draw);
    (format!("shout:{word}"), format!("{:?}", word.to_uppercase()))
}

/// A task that ends its worker, and what is told of it.
fn exit(code: u8) -> (String, String) {
    (format!("exit:{code}"), format!("died: exit status {code}"))
}

/// The same by a signal that no worker has a reason to catch: SIGKILL or SIGTERM.
fn kill_itself(draw: &mut Rng) -> (String, String) {
    let [signal] = distinct(draw, [9, 15]);
    (format!("kill:{signal}"), format!("died: signal {signal}"))
}

/// Codes with which workers end: not that of a panic, 101.
const CODES: RangeInclusive<u8> = 1..=100;

mod messages {
    use super::*;

    /// What the driver says when all messages arrive.
    fn right(lengths: &[usize]) -> String {
        let line = |(i, length)| format!("message {i}: {length} bytes, right\n");
        let lines: String = lengths.iter().enumerate().map(line).collect();
        lines + "no more messages\n"
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        let mut draw = draw!();
        let lengths = [draw.usize(2_000..=4_000), 0, draw.usize(50..=90)];
        subject!()
            .scenario("messages", lengths)
            .with(short_reads())
            .expect(stdout().is(right(&lengths)))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        let lengths = [draw!().usize(15_000..=25_000), 1];
        subject!()
            .scenario("messages", lengths)
            .with(short_writes())
            .expect(stdout().is(right(&lengths)))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait_for_a_message() {
        let mut draw = draw!();
        // A length that fits into a byte, one that does not, and one for whose end it has to wait again.
        let lengths = [draw.usize(1..=99), draw.usize(256..=600), draw.usize(70_000..=75_000)];
        subject!()
            .scenario("messages", lengths)
            .with(eintr(ALARM))
            .expect(stdout().is(right(&lengths)))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait_for_room() {
        // The pipe is full before the last ones. Each is small enough to be written whole or not at all.
        let lengths = [draw!().usize(3_800..=3_900); 30];
        subject!()
            .scenario("messages_back", lengths)
            .with(eintr(ALARM))
            .expect(stdout().is(right(&lengths)))
            .check();
    }

    #[test]
    fn a_message_that_ends_in_the_middle_is_an_error() {
        for length in [1, draw!().usize(256..=900)] {
            subject!()
                .scenario("messages_cut", [length])
                .expect(stdout().is("UnexpectedEof\n"))
                .check();
        }
    }

    #[test]
    fn a_message_that_ends_with_its_first_byte_is_an_error() {
        let length = draw!().usize(256..=900);
        subject!()
            .scenario("messages_cut", [length, 1])
            .expect(stdout().is("UnexpectedEof\n"))
            .check();
    }

    #[test]
    fn who_sends_to_nobody_is_told() {
        subject!().scenario("messages_alone", [""; 0]).expect(stdout().is("EPIPE\n")).check();
    }

    #[test]
    fn no_message_at_all_is_the_end() {
        subject!().scenario("messages", [""; 0]).expect(stdout().is("no more messages\n")).check();
    }
}

mod map {
    use super::*;

    #[test]
    fn a_pool_may_have_more_workers_than_tasks() {
        let (a, said) = shout(&mut draw!());
        subject!()
            .scenario("pool", ["3", &a, "where"])
            .expect(answers([&said, "\"another process\""]))
            .expect(each_task_once(2))
            .expect(workers(3))
            .check();
    }

    #[test]
    fn a_task_may_be_empty_and_so_may_its_result() {
        let mut tasks = [("nothing", "\"\""), ("empty", "\"nothing to do\""), ("nothing", "\"\"")];
        draw!().shuffle(&mut tasks);
        let [a, b, c] = tasks;
        subject!().scenario("pool", ["2", a.0, b.0, c.0]).expect(answers([a.1, b.1, c.1])).check();
    }

    #[test]
    fn no_task_has_no_result() {
        let (a, said) = shout(&mut draw!());
        subject!()
            .scenario("pool", ["2", "/", &a])
            .expect(answers([said]))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn it_is_called_again_and_again() {
        let mut draw = draw!();
        let [a, c, d, e] = [(); 4].map(|()| shout(&mut draw));
        subject!()
            .scenario("pool", ["2", &a.0, "panic", "/", &c.0, "/", &d.0, &e.0])
            .expect(answers([&a.1, "panicked", &c.1, &d.1, &e.1]))
            .expect(each_task_once(5))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn all_results_may_be_large() {
        let mut draw = draw!();
        let [a, b, c, d] = [(); 4].map(|()| draw.usize(MORE_THAN_A_PIPE));
        let tasks = [format!("many:{a}"), format!("mirror:{b}"), format!("many:{c}")];
        subject!()
            .scenario("pool", ["2", &tasks[0], &tasks[1], &tasks[2], &format!("large:{d}")])
            .expect(answers([
                format!("{a} bytes, right"),
                format!("{b} bytes, right"),
                format!("{c} bytes, right"),
                format!("\"{d}\""),
            ]))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait() {
        let mut draw = draw!();
        let [a, b, c] = [(); 3].map(|()| shout(&mut draw));
        subject!()
            .scenario("pool", ["2", &a.0, &b.0, &c.0])
            .with(eintr(ALARM))
            .expect(answers([a.1, b.1, c.1]))
            .expect(each_task_once(3))
            .check();
    }

    #[test]
    fn when_a_worker_cannot_be_started_the_others_are_reaped() {
        let (a, _) = shout(&mut draw!());
        for nth in [1, 3] {
            subject!()
                .scenario("pool", ["3", &a])
                .with(fork_eagain(nth))
                .expect(stdout().is("new: EAGAIN\n"))
                .expect(forks(nth - 1))
                .check();
        }
    }
}

mod at_once {
    use super::*;

    #[test]
    fn three_workers_are_at_work_at_the_same_time() {
        subject!()
            .scenario("pool", ["3", "meet", "meet", "meet"])
            .expect(answers(["\"met\"", "\"met\"", "\"met\""]))
            .expect(each_task_once(3))
            .expect(workers(3))
            .check();
    }

    #[test]
    fn all_workers_are_at_work_again_in_the_next_call() {
        let mut draw = draw!();
        let [a, b, c] = [(); 3].map(|()| shout(&mut draw));
        subject!()
            .scenario("pool", ["2", &a.0, &b.0, &c.0, "/", "meet", "meet"])
            .expect(answers([&a.1, &b.1, &c.1, "\"met\"", "\"met\""]))
            .expect(each_task_once(5))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn a_worker_that_is_long_at_work_holds_nobody_up() {
        let mut draw = draw!();
        let (a, said) = shout(&mut draw);
        let (large, many) = (draw.usize(MORE_THAN_A_PIPE), draw.usize(MORE_THAN_A_PIPE));
        let (takes, gives) = (format!("large:{large}"), format!("many:{many}"));
        let (taken, given) = (format!("\"{large}\""), format!("{many} bytes, right"));
        subject!()
            .scenario("pool", ["2", &a, "wait", &takes, &gives, "tell"])
            .expect(answers([&said, "\"met\"", &taken, &given, "\"met\""]))
            .expect(each_task_once(5))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn who_waits_for_an_answer_does_not_ask_from_time_to_time() {
        let (a, said) = shout(&mut draw!());
        subject!()
            .scenario("pool", ["1", &a])
            .with(early_timeouts())
            .expect(answers([said]))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait_for_an_answer() {
        subject!()
            .scenario("pool", ["2", "meet", "meet"])
            .with(eintr(ALARM))
            .expect(answers(["\"met\"", "\"met\""]))
            .expect(workers(2))
            .expect(waits_asleep())
            .check();
    }
}

mod death {
    use super::*;

    #[test]
    fn the_only_worker_may_die_again_and_again() {
        let mut draw = draw!();
        let [a, b, c, d] = [exit(0), shout(&mut draw), kill_itself(&mut draw), shout(&mut draw)];
        subject!()
            .scenario("pool", ["1", &a.0, &b.0, &c.0, &d.0])
            .expect(answers([a.1, b.1, c.1, d.1]))
            .expect(each_task_once(4))
            .expect(workers(1))
            .check();
    }

    #[test]
    fn whoever_dies_of_the_last_task_is_replaced_too() {
        let mut draw = draw!();
        let [a, b] = [shout(&mut draw), exit(draw.u8(CODES))];
        subject!()
            .scenario("pool", ["2", &a.0, &b.0])
            .expect(answers([a.1, b.1]))
            .expect(each_task_once(2))
            .expect(forks(3))
            .check();
    }

    #[test]
    fn all_workers_may_die_at_once() {
        let [a, b] = distinct(&mut draw!(), CODES).map(exit);
        subject!()
            .scenario("pool", ["2", &a.0, &b.0, "meet", "meet"])
            .expect(answers([&a.1, &b.1, "\"met\"", "\"met\""]))
            .expect(each_task_once(4))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn the_death_of_one_does_not_stop_the_task_of_another() {
        let (kill, died) = kill_itself(&mut draw!());
        subject!()
            .scenario("pool", ["2", "wait", &kill, "tell"])
            .expect(answers(["\"met\"", &died, "\"met\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn a_worker_may_be_killed_at_any_moment() {
        let mut draw = draw!();
        let [a, b, c] = [(); 3].map(|()| shout(&mut draw).0);
        let many = format!("many:{}", draw.usize(MORE_THAN_A_PIPE));
        subject!()
            .scenario("pool_killed", ["2", &a, &b, "/", &c, &many])
            .with(kill())
            .expect(stdout().line("every answer is right, or tells of SIGKILL"))
            .expect(each_task_once(4))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn the_only_worker_may_be_killed_at_any_moment() {
        let mut draw = draw!();
        let [a, b] = [(); 2].map(|()| shout(&mut draw).0);
        subject!()
            .scenario("pool_killed", ["1", &a, &b])
            .with(kill())
            .expect(stdout().line("every answer is right, or tells of SIGKILL"))
            .expect(each_task_once(2))
            .expect(workers(1))
            .check();
    }

    #[test]
    fn a_worker_may_be_killed_while_a_large_task_is_on_its_way() {
        let mut draw = draw!();
        let large = format!("large:{}", draw.usize(MORE_THAN_A_PIPE));
        subject!()
            .scenario("pool_killed", ["1", &large])
            .with(kill())
            .expect(stdout().line("every answer is right, or tells of SIGKILL"))
            .expect(each_task_once(1))
            .expect(workers(1))
            .check();
    }

    #[test]
    fn a_worker_may_be_gone_when_it_is_given_a_task() {
        let mut draw = draw!();
        let [a, c] = [(); 2].map(|()| shout(&mut draw).0);
        let large = format!("large:{}", draw.usize(MORE_THAN_A_PIPE));
        subject!()
            .scenario("pool_killed", ["2", &a, &large, "/", &c])
            .with(epipe())
            .expect(stdout().line("every answer is right, or tells of SIGKILL"))
            .check();
    }

    #[test]
    fn when_no_worker_can_take_the_place_the_others_go_on() {
        let mut draw = draw!();
        let a = exit(draw.u8(CODES));
        let [b, c] = [(); 2].map(|()| shout(&mut draw));
        subject!()
            .scenario("pool", ["2", &a.0, &b.0, &c.0])
            .with(fork_eagain(3))
            .expect(answers([a.1, b.1, c.1]))
            .expect(each_task_once(3))
            .expect(forks(2))
            .check();
    }

    #[test]
    fn when_nobody_is_left_the_tasks_are_not_run() {
        let mut draw = draw!();
        let [a, c, d] = [(); 3].map(|()| shout(&mut draw));
        let b = kill_itself(&mut draw);
        subject!()
            .scenario("pool", ["1", &a.0, &b.0, &c.0, &d.0])
            .with(fork_eagain(2))
            .expect(answers([&a.1, &b.1, "not run", "not run"]))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn a_signal_does_not_hide_how_a_worker_ended() {
        // Not drawn: the chapter shows this run.
        subject!()
            .scenario("pool", ["1", "exit:7", "shout:b"])
            .with(eintr(ALARM))
            .expect(answers(["died: exit status 7", "\"B\""]))
            .expect(each_task_once(2))
            .expect(workers(1))
            .check();
    }
}

mod shutdown {
    use super::*;

    #[test]
    fn a_copy_of_the_pool_in_another_process_is_not_the_pool() {
        let mut draw = draw!();
        let [a, b, c, d] = [(); 4].map(|()| shout(&mut draw));
        subject!()
            .scenario("pool_copied", ["2", &a.0, &b.0, "/", &c.0, &d.0])
            .expect(answers([a.1, b.1, c.1, d.1]))
            .expect(each_task_once(4))
            // Two workers, of whom none had to be replaced, and the one with the copy.
            .expect(forks(3))
            .check();
    }

    #[test]
    fn to_close_is_not_to_wait() {
        // No task: a copy of an end that was written to would be told as one that nobody should hold.
        subject!()
            .scenario("pool_held", ["2"])
            .expect(stdout().is("the pool is closed\nthe pool is gone\n"))
            .check();
    }

    #[test]
    fn a_pool_that_never_had_a_task_leaves_nothing() {
        subject!()
            .scenario("pool_dropped", ["3"])
            .expect(stdout().is("the pool is gone\n"))
            .expect(reaped_before("the pool is gone"))
            .expect(workers(3))
            .check();
    }

    #[test]
    fn replaced_workers_end_as_the_others_do() {
        let mut draw = draw!();
        let [a, c] = distinct(&mut draw, CODES).map(exit);
        let b = shout(&mut draw);
        subject!()
            .scenario("pool_closed", ["2", &a.0, &b.0, &c.0])
            .expect(answers([a.1, b.1, c.1]))
            .expect(stdout().line("all workers have ended"))
            .expect(reaped_before("the pool is gone"))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait_for_a_worker() {
        subject!()
            .scenario("pool_dropped", ["2", &shout(&mut draw!()).0])
            .with(eintr(ALARM))
            .expect(reaped_before("the pool is gone"))
            .check();
    }

    #[test]
    fn a_worker_that_is_killed_meanwhile_is_waited_for_too() {
        subject!()
            .scenario("pool_killed", ["2"])
            .with(kill())
            .expect(stdout().is("every answer is right, or tells of SIGKILL\nthe pool is gone\n"))
            .expect(reaped_before("the pool is gone"))
            .check();
    }
}

mod threads {
    use super::*;

    #[test]
    fn whoever_is_done_gets_the_next_task() {
        let (b, said) = shout(&mut draw!());
        subject!()
            .scenario("threads", ["2", "wait", &b, "tell"])
            .expect(answers(["\"met\"", &said, "\"met\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn it_is_called_again_and_again() {
        subject!()
            .scenario("threads", ["2", "panic", "/", "meet", "meet"])
            .expect(answers(["panicked", "\"met\"", "\"met\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn a_closed_pool_runs_nothing() {
        let (a, said) = shout(&mut draw!());
        subject!()
            .scenario("threads_closed", ["2", &a])
            .expect(stdout().is(format!(
                "task 0 begins\ntask 0 ends\nanswer 0: {said}\n\
                 after close: 2 of 2 tasks not run\nthe pool is gone\n"
            )))
            .check();
    }

    #[test]
    fn a_pool_that_goes_out_of_scope_has_waited_for_its_threads() {
        subject!()
            .scenario("threads_dropped", ["2", "stay", "stay"])
            .expect(before("the worker of task 0 is gone", "the pool is gone"))
            .expect(before("the worker of task 1 is gone", "the pool is gone"))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait() {
        let mut draw = draw!();
        let [a, b] = [(); 2].map(|()| shout(&mut draw));
        subject!()
            .scenario("threads", ["1", &a.0, &b.0])
            .with(eintr(ALARM))
            .expect(answers([a.1, b.1]))
            .expect(each_task_once(2))
            .check();
    }
}
