//! The hidden tests of `fork-semantics`.

use forklings_check::prelude::*;

const BY_EXIT: &str = "a child ended by exit, not by _exit";

/// A list as the driver reads it.
fn list<N: ToString>(numbers: &[N]) -> String {
    numbers.iter().map(N::to_string).collect::<Vec<_>>().join(",")
}

/// The driver's line about the answers to these questions: their squares, as far as a byte goes.
fn answers_to(questions: &[u8], order: &[usize]) -> String {
    let answers = order.iter().map(|&i| questions[i].wrapping_mul(questions[i]).to_string());
    format!("answers: {}", answers.collect::<Vec<_>>().join(" "))
}

/// The parents in a tree of `n`, the root not counted.
fn parents_in_tree(n: u32) -> impl Iterator<Item = u32> {
    (1..=n).map(|i| (i - 1) / 2)
}

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
        let mut draw = draw!();
        let factors = [draw.i32(2..=9), draw.i32(10..=99), draw.i32(-9..=-1)];
        let mut check = subject!().scenario("experiment", factors);
        for factor in factors {
            let [on_static, on_stack, on_heap] = [111, 222, 444].map(|value| value * factor);
            check = check.expect(stdout().line(format!("child: {on_static} {on_stack} {on_heap}")));
        }
        check
            .expect(stdout().line_times("parent: 111 222 444", 3))
            .expect(forks(3))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn when_fork_fails_no_descriptor_is_left() {
        subject!()
            .scenario("experiment", [draw!().i32(2..=99)])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        let factor = draw!().i32(2..=99);
        let [on_static, on_stack, on_heap] = [111, 222, 444].map(|value| value * factor);
        subject!()
            .scenario("experiment", [factor])
            .with(eintr(Signal(14)))
            .expect(
                stdout()
                    .is(format!("parent: 111 222 444\nchild: {on_static} {on_stack} {on_heap}\n")),
            )
            .check();
    }
}

mod answers {
    use super::*;

    #[test]
    fn an_answer_may_be_asked_for_twice_or_not_at_all() {
        let mut draw = draw!();
        // Squares that differ and fit into a byte.
        let questions: [u8; 4] = distinct(&mut draw, 1..=15);
        let [twice, once] = distinct(&mut draw, 0..4);
        let order = [twice, twice, once];
        subject!()
            .scenario("answers", [list(&questions), list(&order)])
            .expect(stdout().line(answers_to(&questions, &order)))
            .expect(forks(4))
            .check();
        subject!()
            .scenario("answers", [list(&distinct::<u8, 2>(&mut draw, 1..=15)), ",".to_owned()])
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
        let mut draw = draw!();
        // The first one's square is above 127, others lose what does not fit into a byte.
        let mut questions = [draw.u8(12..=15), 16, 0, 255];
        draw.shuffle(&mut questions);
        subject!()
            .scenario("answers", [list(&questions), list(&[0, 1, 2, 3])])
            .expect(stdout().line(answers_to(&questions, &[0, 1, 2, 3])))
            .check();
    }

    #[test]
    fn when_fork_fails_half_way_those_that_were_started_are_reaped() {
        let mut draw = draw!();
        let questions: [u8; 3] = distinct(&mut draw, 1..=15);
        let order: [usize; 3] = distinct(&mut draw, 0..3);
        subject!()
            .scenario("answers", [list(&questions), list(&order)])
            .with(fork_eagain(2))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(1))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn a_killed_child_is_an_error_also_when_nobody_asks_for_its_answer() {
        let mut draw = draw!();
        // Who is asked 13 kills itself.
        let mut questions: [u8; 3] = distinct(&mut draw, 1..=12);
        let [unlucky, order @ ..]: [usize; 3] = distinct(&mut draw, 0..3);
        questions[unlucky] = 13;
        subject!()
            .scenario("answers_unlucky", [list(&questions), list(&order)])
            .expect(stdout().line("question 13: killed by 9"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn many_may_think_at_once() {
        let n = draw!().u8(4..=6);
        let (questions, order): (Vec<u8>, Vec<usize>) =
            ((1..=n).collect(), (0..n.into()).collect());
        subject!()
            .scenario("answers_together", [n])
            .expect(stdout().line(answers_to(&questions, &order)))
            .expect(forks(n.into()))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        let mut draw = draw!();
        let questions: [u8; 3] = distinct(&mut draw, 1..=15);
        let order: [usize; 3] = distinct(&mut draw, 0..3);
        subject!()
            .scenario("answers", [list(&questions), list(&order)])
            .with(eintr(Signal(14)))
            .expect(stdout().line(answers_to(&questions, &order)))
            .check();
    }
}

mod fan {
    use super::*;

    #[test]
    fn when_the_first_or_the_last_fork_fails_nothing_is_left() {
        let mut draw = draw!();
        subject!()
            .scenario("fan", [draw.u32(2..=4)])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
        let n = draw.u32(3..=4);
        subject!()
            .scenario("fan", [n])
            .with(fork_eagain(n))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(tree("fan", (1..n).map(|_| 0)))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn a_process_that_is_killed_did_not_end_with_0() {
        let mut draw = draw!();
        let n = draw.u32(2..=3);
        subject!()
            .scenario("fan_killed", [n, draw.u32(1..=n)])
            .expect(stdout().no_line(format!("fan of {n}: done")))
            .expect(tree("fan", (0..n).map(|_| 0)))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn the_last_may_be_the_one_that_panics() {
        let n = draw!().u32(2..=3);
        subject!()
            .scenario("fan_panics", [n, n])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(stdout().no_line(BY_EXIT))
            .expect(stdout().line("node 1"))
            .expect(tree("fan", (0..n).map(|_| 0)))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn many_are_alive_together() {
        let n = draw!().u32(4..=6);
        subject!()
            .scenario("fan_together", [n])
            .expect(stdout().line(format!("fan of {n}: done")))
            .expect(tree("fan", (0..n).map(|_| 0)))
            .check();
    }

    #[test]
    fn a_fan_may_be_wide_or_have_nobody() {
        let n = draw!().u32(5..=7);
        subject!()
            .scenario("fan", [n])
            .expect(stdout().line(format!("fan of {n}: done")))
            .expect(tree("fan", (0..n).map(|_| 0)))
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
        let n = draw!().u32(2..=4);
        subject!()
            .scenario("fan", [n])
            .with(eintr(Signal(14)))
            .expect(before(format!("node {n}"), format!("fan of {n}: done")))
            .check();
    }
}

mod chain {
    use super::*;

    #[test]
    fn when_the_caller_cannot_fork_it_gives_that_error() {
        subject!()
            .scenario("chain", [draw!().u32(2..=4)])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn when_a_fork_fails_the_caller_is_told_wherever_it_was() {
        let n = draw!().u32(3..=4);
        for nth in [2, n] {
            subject!()
                .scenario("chain", [n])
                .with(fork_eagain(nth))
                .expect(exit_status(1))
                .expect(stdout().line_times("the caller's loan is given back", 1))
                .expect(stdout().no_line(BY_EXIT))
                .expect(forks(nth - 1))
                .expect(statuses_taken())
                .check();
        }
    }

    #[test]
    fn a_process_that_is_killed_did_not_end_with_0() {
        // The last, so that all are there.
        let n = draw!().u32(2..=3);
        subject!()
            .scenario("chain_killed", [n, n])
            .expect(stdout().no_line(format!("chain of {n}: done")))
            .expect(tree("chain", 0..n))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn the_first_may_be_the_one_that_panics() {
        subject!()
            .scenario("chain_panics", [draw!().u32(2..=4), 1])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(stdout().no_line(BY_EXIT))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_chain_may_be_long_or_have_nobody() {
        let n = draw!().u32(5..=7);
        subject!()
            .scenario("chain", [n])
            .expect(before(format!("node {n}"), format!("chain of {n}: done")))
            .expect(tree("chain", 0..n))
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
        let n = draw!().u32(2..=3);
        subject!()
            .scenario("chain", [n])
            .with(eintr(Signal(14)))
            .expect(before(format!("node {n}"), format!("chain of {n}: done")))
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
        let n = draw!().u32(5..=6);
        subject!()
            .scenario("tree_together", [n])
            .expect(stdout().line(format!("tree of {n}: done")))
            .expect(tree("tree", parents_in_tree(n)))
            .check();
    }

    #[test]
    fn a_process_that_is_killed_did_not_end_with_0() {
        // The last, so that all are there.
        let n = draw!().u32(3..=4);
        subject!()
            .scenario("tree_killed", [n, n])
            .expect(stdout().no_line(format!("tree of {n}: done")))
            .expect(tree("tree", parents_in_tree(n)))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn an_inner_node_may_be_the_one_that_panics() {
        subject!()
            .scenario("tree_panics", [draw!().u32(3..=5), 1])
            .waive(Rule::PanicIgnored, "the scenario's own; the exit status tells of it")
            .expect(stdout().line_times("the caller's loan is given back", 1))
            .expect(stdout().no_line(BY_EXIT))
            .expect(statuses_taken())
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_tree_may_be_lopsided_or_have_nobody() {
        let n = draw!().u32(3..=5);
        subject!()
            .scenario("tree", [n])
            .expect(stdout().line(format!("tree of {n}: done")))
            .expect(tree("tree", parents_in_tree(n)))
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
            .scenario("tree", [draw!().u32(2..=5)])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn when_a_fork_fails_the_caller_is_told_wherever_it_was() {
        let n = draw!().u32(3..=5);
        for nth in [2, n] {
            subject!()
                .scenario("tree", [n])
                .with(fork_eagain(nth))
                .expect(exit_status(1))
                .expect(stdout().line_times("the caller's loan is given back", 1))
                .expect(stdout().no_line(BY_EXIT))
                .check();
        }
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        let n = draw!().u32(2..=3);
        subject!()
            .scenario("tree", [n])
            .with(eintr(Signal(14)))
            .expect(before(format!("node {n}"), format!("tree of {n}: done")))
            .check();
    }
}
