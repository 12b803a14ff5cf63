//! The visible tests of `pools`. A module is a task: `cargo test -p pools map` judges one. Each test
//! runs a scenario of `src/main.rs` under many schedules of its processes.

use forklings_check::prelude::*;

mod messages {
    use super::*;

    #[test]
    fn each_message_is_received_as_it_was_sent() {
        subject!()
            .scenario("messages", ["5", "1000"])
            .expect(stdout().is("message 0: 5 bytes, right\nmessage 1: 1000 bytes, right\n\
                                 no more messages\n"))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn a_message_may_be_empty_or_larger_than_a_pipe() {
        subject!()
            .scenario("messages", ["0", "100000"])
            .expect(stdout().is("message 0: 0 bytes, right\nmessage 1: 100000 bytes, right\n\
                                 no more messages\n"))
            .check();
    }
}

mod map {
    use super::*;

    #[test]
    fn one_worker_runs_one_task_after_the_other() {
        subject!()
            .scenario("pool", ["1", "shout:a", "shout:b", "shout:c"])
            .expect(answers(["\"A\"", "\"B\"", "\"C\""]))
            .expect(each_task_once(3))
            .expect(workers(1))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn the_results_are_in_the_order_of_the_tasks() {
        subject!()
            .scenario("pool", ["2", "shout:a", "shout:b", "shout:c", "shout:d"])
            .expect(answers(["\"A\"", "\"B\"", "\"C\"", "\"D\""]))
            .expect(each_task_once(4))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn tasks_and_results_may_be_larger_than_a_pipe() {
        subject!()
            .scenario("pool", ["2", "mirror:70000", "mirror:80000", "shout:c"])
            .expect(answers(["70000 bytes, right", "80000 bytes, right", "\"C\""]))
            .expect(each_task_once(3))
            .check();
    }

    #[test]
    fn a_task_that_panics_is_told_and_its_worker_goes_on() {
        subject!()
            .scenario("pool", ["1", "shout:a", "panic", "shout:c"])
            .expect(answers(["\"A\"", "panicked", "\"C\""]))
            .expect(each_task_once(3))
            .expect(workers(1))
            .check();
    }
}

mod at_once {
    use super::*;

    #[test]
    fn two_workers_are_at_work_at_the_same_time() {
        subject!()
            .scenario("pool", ["2", "meet", "meet", "shout:c"])
            .expect(answers(["\"met\"", "\"met\"", "\"C\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn whoever_is_done_gets_the_next_task() {
        subject!()
            .scenario("pool", ["2", "wait", "shout:b", "shout:c", "tell"])
            .expect(answers(["\"met\"", "\"B\"", "\"C\"", "\"met\""]))
            .expect(each_task_once(4))
            .expect(workers(2))
            .check();
    }
}

mod death {
    use super::*;

    #[test]
    fn a_task_whose_worker_dies_is_answered_with_its_death() {
        subject!()
            .scenario("pool", ["2", "shout:a", "exit:3", "shout:c"])
            .expect(answers(["\"A\"", "died: exit status 3", "\"C\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn another_worker_takes_the_place_of_a_dead_one() {
        subject!()
            .scenario("pool", ["2", "kill:9", "/", "meet", "meet"])
            .expect(answers(["died: signal 9", "\"met\"", "\"met\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .expect(waits_asleep())
            .check();
    }
}

mod shutdown {
    use super::*;

    #[test]
    fn a_pool_that_goes_out_of_scope_leaves_nothing() {
        subject!()
            .scenario("pool_dropped", ["2", "shout:a", "shout:b"])
            .expect(stdout().line_times("the pool is gone", 1))
            .expect(reaped_before("the pool is gone"))
            .expect(child_exits(0))
            .check();
    }

    #[test]
    fn after_close_the_workers_end_by_themselves() {
        subject!()
            .scenario("pool_closed", ["2", "shout:a"])
            .expect(stdout().line("all workers have ended"))
            .expect(stdout().line("after close: 2 of 2 tasks not run"))
            .expect(reaped_before("the pool is gone"))
            .check();
    }
}

mod threads {
    use super::*;

    #[test]
    fn the_results_are_in_the_order_of_the_tasks() {
        subject!()
            .scenario("threads", ["2", "shout:a", "shout:b", "where"])
            .expect(answers(["\"A\"", "\"B\"", "\"the caller's process\""]))
            .expect(each_task_once(3))
            .expect(workers(2))
            .expect(forks(0))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn two_threads_are_at_work_at_the_same_time() {
        subject!()
            .scenario("threads", ["2", "meet", "meet"])
            .expect(answers(["\"met\"", "\"met\""]))
            .expect(workers(2))
            .check();
    }

    #[test]
    fn a_task_that_panics_is_told_and_its_thread_goes_on() {
        subject!()
            .scenario("threads", ["1", "panic", "shout:b"])
            .expect(answers(["panicked", "\"B\""]))
            .expect(each_task_once(2))
            .expect(workers(1))
            .check();
    }
}
