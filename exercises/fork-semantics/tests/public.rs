//! The visible tests of `fork-semantics`. A module is a task: `cargo test -p fork-semantics fan`
//! judges one. Each test runs a scenario of `src/main.rs` under many schedules of its processes.

use forklings_check::prelude::*;

/// What the driver says of a child that ends by `exit`.
const BY_EXIT: &str = "a child ended by exit, not by _exit";

mod role {
    use super::*;

    #[test]
    fn the_child_writes_first_and_only_the_parent_returns() {
        subject!()
            .scenario("role", [""; 0])
            .expect(before("child", "parent"))
            .expect(before("parent", "role returned"))
            .expect(stdout().is("child\nparent\nrole returned\n"))
            .expect(forks(1))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("role", [""; 0])
            .with(eintr(Signal(14)))
            .expect(before("child", "parent"))
            .expect(stdout().line("role returned"))
            .check();
    }
}

mod experiment {
    use super::*;

    #[test]
    fn what_the_child_changes_the_parent_does_not_see() {
        subject!()
            .scenario("experiment", ["3"])
            .expect(stdout().line("parent: 111 222 444"))
            .expect(stdout().line("child: 333 666 1332"))
            .expect(bytes_pass(1))
            .expect(forks(1))
            .expect(statuses_taken())
            .expect(waits_asleep())
            .check();
    }
}

mod answers {
    use super::*;

    #[test]
    fn the_answers_come_in_the_order_asked_whoever_ends_first() {
        subject!()
            .scenario("answers", ["3,5,9", "2,0,1"])
            .expect(stdout().line("answers: 81 9 25"))
            .expect(stdout().line_times("asked: 5", 1))
            .expect(stdout().no_line(BY_EXIT))
            .expect(child_exits(9))
            .expect(child_exits(25))
            .expect(child_exits(81))
            .expect(forks(3))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn all_are_started_before_any_is_waited_for() {
        subject!()
            .scenario("answers_together", ["3"])
            .expect(stdout().line("answers: 1 4 9"))
            .expect(forks(3))
            .check();
    }

    #[test]
    fn a_child_that_was_killed_has_no_answer() {
        subject!()
            .scenario("answers_unlucky", ["1,13,2", "0,1,2"])
            .expect(stdout().line("question 13: killed by 9"))
            .expect(exit_status(1))
            .expect(forks(3))
            .check();
    }
}

mod fan {
    use super::*;

    #[test]
    fn every_process_is_a_child_of_the_caller() {
        subject!()
            .scenario("fan", ["3"])
            .expect(stdout().lines_in_any_order([
                "node 1",
                "node 2",
                "node 3",
                "fan of 3: done",
                "the caller's loan is given back",
            ]))
            .expect(before("node 3", "fan of 3: done"))
            .expect(forks(3))
            .expect(tree("fan", [0, 0, 0]))
            .expect(waits_asleep())
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn all_are_started_before_any_is_waited_for() {
        subject!()
            .scenario("fan_together", ["3"])
            .expect(stdout().line("fan of 3: done"))
            .expect(tree("fan", [0, 0, 0]))
            .check();
    }

    #[test]
    fn when_fork_fails_half_way_those_that_were_started_are_reaped() {
        subject!()
            .scenario("fan", ["3"])
            .with(fork_eagain(2))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(1))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn a_child_that_panics_does_not_unwind_into_the_callers_code() {
        subject!()
            .scenario("fan_panics", ["3", "2"])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(tree("fan", [0, 0, 0]))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }
}

mod chain {
    use super::*;

    #[test]
    fn every_process_is_a_child_of_the_one_before() {
        subject!()
            .scenario("chain", ["3"])
            .expect(stdout().lines_in_any_order([
                "node 1",
                "node 2",
                "node 3",
                "chain of 3: done",
                "the caller's loan is given back",
            ]))
            .expect(forks(3))
            .expect(tree("chain", [0, 1, 2]))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_process_that_panics_does_not_unwind_into_the_callers_code() {
        subject!()
            .scenario("chain_panics", ["3", "3"])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(tree("chain", [0, 1, 2]))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }
}

mod tree {
    use super::*;

    #[test]
    fn every_process_has_the_children_that_its_number_gives() {
        subject!()
            .scenario("tree", ["5"])
            .expect(stdout().lines_in_any_order([
                "node 1",
                "node 2",
                "node 3",
                "node 4",
                "node 5",
                "tree of 5: done",
                "the caller's loan is given back",
            ]))
            .expect(forks(5))
            .expect(tree("tree", [0, 0, 1, 1, 2]))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn both_children_are_started_before_either_is_waited_for() {
        subject!()
            .scenario("tree_together", ["4"])
            .expect(stdout().line("tree of 4: done"))
            .expect(tree("tree", [0, 0, 1, 1]))
            .check();
    }

    #[test]
    fn a_process_that_panics_does_not_unwind_into_the_callers_code() {
        subject!()
            .scenario("tree_panics", ["4", "4"])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(tree("tree", [0, 0, 1, 1]))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }
}
