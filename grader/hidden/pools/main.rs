//! The hidden tests of `pools`: other tasks and sizes, faults, deaths at any moment.

use forklings_check::prelude::*;

/// Caught by the driver without `SA_RESTART`.
const ALARM: Signal = Signal(14);

mod messages {
    use super::*;

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        subject!()
            .scenario("messages", ["3000", "0", "70"])
            .with(short_reads())
            .expect(stdout().is("message 0: 3000 bytes, right\nmessage 1: 0 bytes, right\n\
                                 message 2: 70 bytes, right\nno more messages\n"))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        subject!()
            .scenario("messages", ["20000", "1"])
            .with(short_writes())
            .expect(stdout().is("message 0: 20000 bytes, right\nmessage 1: 1 bytes, right\n\
                                 no more messages\n"))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait_for_a_message() {
        subject!()
            .scenario("messages", ["10", "300"])
            .with(eintr(ALARM))
            .expect(stdout().is("message 0: 10 bytes, right\nmessage 1: 300 bytes, right\n\
                                 no more messages\n"))
            .check();
    }

    #[test]
    fn a_message_that_ends_in_the_middle_is_an_error() {
        for length in [1, 600] {
            subject!()
                .scenario("messages_cut", [length])
                .expect(stdout().is("UnexpectedEof\n"))
                .check();
        }
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
        subject!()
            .scenario("pool", ["3", "shout:a", "where"])
            .expect(answers(["\"A\"", "\"another process\""]))
            .expect(each_task_once(2))
            .expect(workers(3))
            .check();
    }

    #[test]
    fn a_task_may_be_empty_and_so_may_its_result() {
        subject!()
            .scenario("pool", ["2", "nothing", "empty", "nothing"])
            .expect(answers(["\"\"", "\"nothing to do\"", "\"\""]))
            .check();
    }

    #[test]
    fn no_task_has_no_result() {
        subject!()
            .scenario("pool", ["2", "/", "shout:a"])
            .expect(answers(["\"A\""]))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn it_is_called_again_and_again() {
        subject!()
            .scenario("pool", ["2", "shout:a", "panic", "/", "shout:c", "/", "shout:d", "shout:e"])
            .expect(answers(["\"A\"", "panicked", "\"C\"", "\"D\"", "\"E\""]))
            .expect(each_task_once(5))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn all_results_may_be_large() {
        subject!()
            .scenario("pool", ["2", "many:90000", "mirror:70000", "many:70000", "large:100000"])
            .expect(answers([
                "90000 bytes, right",
                "70000 bytes, right",
                "70000 bytes, right",
                "\"100000\"",
            ]))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait() {
        subject!()
            .scenario("pool", ["2", "shout:a", "shout:b", "shout:c"])
            .with(eintr(ALARM))
            .expect(answers(["\"A\"", "\"B\"", "\"C\""]))
            .expect(each_task_once(3))
            .check();
    }

    #[test]
    fn when_a_worker_cannot_be_started_the_others_are_reaped() {
        for nth in [1, 3] {
            subject!()
                .scenario("pool", ["3", "shout:a"])
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
        subject!()
            .scenario("pool", ["2", "shout:a", "shout:b", "shout:c", "/", "meet", "meet"])
            .expect(answers(["\"A\"", "\"B\"", "\"C\"", "\"met\"", "\"met\""]))
            .expect(each_task_once(5))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn a_worker_that_is_long_at_work_holds_nobody_up() {
        subject!()
            .scenario("pool", ["2", "shout:a", "wait", "large:70000", "many:70000", "tell"])
            .expect(answers(["\"A\"", "\"met\"", "\"70000\"", "70000 bytes, right", "\"met\""]))
            .expect(each_task_once(5))
            .expect(workers(2))
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
        subject!()
            .scenario("pool", ["1", "exit:0", "shout:b", "kill:15", "shout:d"])
            .expect(answers(["died: exit status 0", "\"B\"", "died: signal 15", "\"D\""]))
            .expect(each_task_once(4))
            .expect(workers(1))
            .check();
    }

    #[test]
    fn all_workers_may_die_at_once() {
        subject!()
            .scenario("pool", ["2", "exit:1", "exit:2", "meet", "meet"])
            .expect(answers(["died: exit status 1", "died: exit status 2", "\"met\"", "\"met\""]))
            .expect(each_task_once(4))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn the_death_of_one_does_not_stop_the_task_of_another() {
        subject!()
            .scenario("pool", ["2", "wait", "kill:9", "tell"])
            .expect(answers(["\"met\"", "died: signal 9", "\"met\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn a_worker_may_be_killed_at_any_moment() {
        subject!()
            .scenario("pool_killed", ["2", "shout:a", "shout:b", "/", "shout:c", "many:70000"])
            .with(kill())
            .expect(stdout().line("every answer is right, or tells of SIGKILL"))
            .expect(each_task_once(4))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn the_only_worker_may_be_killed_at_any_moment() {
        subject!()
            .scenario("pool_killed", ["1", "shout:a", "shout:b"])
            .with(kill())
            .expect(stdout().line("every answer is right, or tells of SIGKILL"))
            .expect(each_task_once(2))
            .expect(workers(1))
            .check();
    }

    #[test]
    fn a_worker_may_be_gone_when_it_is_given_a_task() {
        subject!()
            .scenario("pool_killed", ["2", "shout:a", "large:70000", "/", "shout:c"])
            .with(epipe())
            .expect(stdout().line("every answer is right, or tells of SIGKILL"))
            .check();
    }

    #[test]
    fn when_no_worker_can_take_the_place_the_others_go_on() {
        subject!()
            .scenario("pool", ["2", "exit:3", "shout:b", "shout:c"])
            .with(fork_eagain(3))
            .expect(answers(["died: exit status 3", "\"B\"", "\"C\""]))
            .expect(each_task_once(3))
            .expect(forks(2))
            .check();
    }

    #[test]
    fn when_nobody_is_left_the_tasks_are_not_run() {
        subject!()
            .scenario("pool", ["1", "shout:a", "kill:9", "shout:c", "shout:d"])
            .with(fork_eagain(2))
            .expect(answers(["\"A\"", "died: signal 9", "not run", "not run"]))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn a_signal_does_not_hide_how_a_worker_ended() {
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
        subject!()
            .scenario("pool_copied", ["2", "shout:a", "shout:b", "/", "shout:c", "shout:d"])
            .expect(answers(["\"A\"", "\"B\"", "\"C\"", "\"D\""]))
            .expect(each_task_once(4))
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
        subject!()
            .scenario("pool_closed", ["2", "exit:3", "shout:b", "exit:4"])
            .expect(answers(["died: exit status 3", "\"B\"", "died: exit status 4"]))
            .expect(stdout().line("all workers have ended"))
            .expect(reaped_before("the pool is gone"))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait_for_a_worker() {
        subject!()
            .scenario("pool_dropped", ["2", "shout:a"])
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
        subject!()
            .scenario("threads", ["2", "wait", "shout:b", "tell"])
            .expect(answers(["\"met\"", "\"B\"", "\"met\""]))
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
        subject!()
            .scenario("threads_closed", ["2", "shout:a"])
            .expect(stdout().is("task 0 begins\ntask 0 ends\nanswer 0: \"A\"\n\
                                 after close: 2 of 2 tasks not run\nthe pool is gone\n"))
            .check();
    }

    #[test]
    fn a_pool_that_goes_out_of_scope_has_waited_for_its_threads() {
        subject!()
            .scenario("threads_dropped", ["1", "stay"])
            .expect(before("a worker is gone", "the pool is gone"))
            .check();
    }

    #[test]
    fn a_signal_ends_no_wait() {
        subject!()
            .scenario("threads", ["1", "shout:a", "shout:b"])
            .with(eintr(ALARM))
            .expect(answers(["\"A\"", "\"B\""]))
            .expect(each_task_once(2))
            .check();
    }
}
