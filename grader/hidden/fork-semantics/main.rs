//! The hidden tests of `fork-semantics`.

use forklings_check::prelude::*;

mod role {
    use super::*;

    #[test]
    fn without_a_child_nothing_is_written() {
        subject!()
            .scenario("role", [""; 0])
            .with(fork_eagain(1))
            .expect(stdout().is(""))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_line_that_cannot_be_written_is_an_error_whose_ever_it_is() {
        for who in ["child", "parent"] {
            subject!()
                .scenario("role_refused", [who])
                .expect(stdout().no_line("role returned"))
                .expect(exit_status(1))
                .expect(forks(1))
                .check();
        }
    }

    #[test]
    fn both_write_where_they_are_told() {
        subject!()
            .scenario("role_on_stderr", [""; 0])
            .expect(stderr().is("child\nparent\n"))
            .expect(stdout().is("role returned\n"))
            .check();
    }

    #[test]
    fn the_childs_status_is_taken_and_it_does_not_come_back() {
        subject!()
            .scenario("role", [""; 0])
            .expect(stdout().line_times("child", 1))
            .expect(stdout().line_times("parent", 1))
            .expect(stdout().line_times("role returned", 1))
            .expect(reaped_before("parent"))
            .expect(statuses_taken())
            .check();
    }
}

mod experiment {
    use super::*;

    #[test]
    fn it_can_be_repeated_with_another_factor() {
        subject!()
            .scenario("experiment", ["2", "7", "-1"])
            .expect(stdout().line_times("parent: 111 222 444", 3))
            .expect(stdout().line("child: 222 444 888"))
            .expect(stdout().line("child: 777 1554 3108"))
            .expect(stdout().line("child: -111 -222 -444"))
            .expect(forks(3))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn when_fork_fails_no_descriptor_is_left() {
        subject!()
            .scenario("experiment", ["2"])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("experiment", ["10"])
            .with(eintr(Signal(14)))
            .expect(stdout().is("parent: 111 222 444\nchild: 1110 2220 4440\n"))
            .check();
    }
}

mod answers {
    use super::*;

    #[test]
    fn an_answer_may_be_asked_for_twice_or_not_at_all() {
        subject!()
            .scenario("answers", ["2,4,6,8", "3,3,0"])
            .expect(stdout().line("answers: 64 64 4"))
            .expect(forks(4))
            .check();
        subject!()
            .scenario("answers", ["5,7", ","])
            .expect(stdout().line("answers: "))
            .expect(forks(2))
            .check();
        subject!()
            .scenario("answers", [",", ","])
            .expect(stdout().is("answers: \n"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn an_answer_may_be_any_byte() {
        subject!()
            .scenario("answers", ["15,16,0,255", "0,1,2,3"])
            .expect(stdout().line("answers: 225 0 0 1"))
            .check();
    }

    #[test]
    fn when_fork_fails_half_way_those_that_were_started_are_reaped() {
        subject!()
            .scenario("answers", ["3,5,9", "2,0,1"])
            .with(fork_eagain(2))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(1))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn a_killed_child_is_an_error_also_when_nobody_asks_for_its_answer() {
        subject!()
            .scenario("answers_unlucky", ["1,2,13", "1,0"])
            .expect(stdout().line("question 13: killed by 9"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn many_may_think_at_once() {
        subject!()
            .scenario("answers_together", ["5"])
            .expect(stdout().line("answers: 1 4 9 16 25"))
            .expect(forks(5))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("answers", ["1,2,3", "2,1,0"])
            .with(eintr(Signal(14)))
            .expect(stdout().line("answers: 9 4 1"))
            .check();
    }
}

mod fan {
    use super::*;

    #[test]
    fn when_the_first_or_the_last_fork_fails_nothing_is_left() {
        subject!()
            .scenario("fan", ["2"])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
        subject!()
            .scenario("fan", ["4"])
            .with(fork_eagain(4))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(tree("fan", [0, 0, 0]))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn a_process_that_is_killed_did_not_end_with_0() {
        subject!()
            .scenario("fan_killed", [2, 2])
            .expect(stdout().no_line("fan of 2: done"))
            .expect(tree("fan", [0, 0]))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn the_last_may_be_the_one_that_panics() {
        subject!()
            .scenario("fan_panics", ["2", "2"])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(stdout().line("node 1"))
            .expect(tree("fan", [0, 0]))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn many_are_alive_together() {
        subject!()
            .scenario("fan_together", ["5"])
            .expect(stdout().line("fan of 5: done"))
            .expect(tree("fan", [0, 0, 0, 0, 0]))
            .check();
    }

    #[test]
    fn a_fan_may_be_wide_or_have_nobody() {
        subject!()
            .scenario("fan", ["6"])
            .expect(stdout().line("fan of 6: done"))
            .expect(tree("fan", [0, 0, 0, 0, 0, 0]))
            .expect(statuses_taken())
            .check();
        subject!()
            .scenario("fan", ["0"])
            .expect(stdout().line("fan of 0: done"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("fan", ["3"])
            .with(eintr(Signal(14)))
            .expect(before("node 2", "fan of 3: done"))
            .check();
    }
}

mod chain {
    use super::*;

    #[test]
    fn when_the_caller_cannot_fork_it_gives_that_error() {
        subject!()
            .scenario("chain", ["4"])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn when_a_fork_fails_the_caller_is_told_wherever_it_was() {
        for nth in [2, 4] {
            subject!()
                .scenario("chain", ["4"])
                .with(fork_eagain(nth))
                .expect(exit_status(1))
                .expect(stdout().line_times("the caller's loan is given back", 1))
                .expect(forks(nth - 1))
                .expect(statuses_taken())
                .check();
        }
    }

    #[test]
    fn a_process_that_is_killed_did_not_end_with_0() {
        subject!()
            .scenario("chain_killed", [2, 2])
            .expect(stdout().no_line("chain of 2: done"))
            .expect(tree("chain", [0, 1]))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn the_first_may_be_the_one_that_panics() {
        subject!()
            .scenario("chain_panics", ["3", "1"])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_chain_may_be_long_or_have_nobody() {
        subject!()
            .scenario("chain", ["6"])
            .expect(before("node 6", "chain of 6: done"))
            .expect(tree("chain", [0, 1, 2, 3, 4, 5]))
            .expect(statuses_taken())
            .check();
        subject!()
            .scenario("chain", ["0"])
            .expect(stdout().line("chain of 0: done"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("chain", ["2"])
            .with(eintr(Signal(14)))
            .expect(before("node 2", "chain of 2: done"))
            .check();
    }
}

mod tree {
    use super::*;

    #[test]
    fn a_full_tree_has_its_shape() {
        subject!()
            .scenario("tree", ["6"])
            .expect(stdout().line_times("node 6", 1))
            .expect(before("node 6", "tree of 6: done"))
            .expect(tree("tree", [0, 0, 1, 1, 2, 2]))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn every_pair_of_siblings_is_alive_together() {
        subject!()
            .scenario("tree_together", ["6"])
            .expect(stdout().line("tree of 6: done"))
            .expect(tree("tree", [0, 0, 1, 1, 2, 2]))
            .check();
    }

    #[test]
    fn a_process_that_is_killed_did_not_end_with_0() {
        subject!()
            .scenario("tree_killed", [3, 3])
            .expect(stdout().no_line("tree of 3: done"))
            .expect(tree("tree", [0, 0, 1]))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn an_inner_node_may_be_the_one_that_panics() {
        subject!()
            .scenario("tree_panics", ["4", "1"])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_tree_may_be_lopsided_or_have_nobody() {
        subject!()
            .scenario("tree", ["4"])
            .expect(stdout().line("tree of 4: done"))
            .expect(tree("tree", [0, 0, 1, 1]))
            .check();
        subject!()
            .scenario("tree", ["0"])
            .expect(stdout().line("tree of 0: done"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn when_the_caller_cannot_fork_it_gives_that_error() {
        subject!()
            .scenario("tree", ["4"])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn when_a_fork_fails_the_caller_is_told_wherever_it_was() {
        for nth in [2, 4] {
            subject!()
                .scenario("tree", ["4"])
                .with(fork_eagain(nth))
                .expect(exit_status(1))
                .expect(stdout().line_times("the caller's loan is given back", 1))
                .check();
        }
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("tree", ["2"])
            .with(eintr(Signal(14)))
            .expect(before("node 2", "tree of 2: done"))
            .check();
    }
}
