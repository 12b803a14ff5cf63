//! The hidden tests of `signal-sync`.

use forklings_check::prelude::*;

mod child_waits {
    use super::*;

    #[test]
    fn what_the_caller_holds_back_is_not_let_in() {
        subject!()
            .scenario("child_waits", ["holding"])
            .expect(stdout().is("before the call\nparent: first\nchild: then\nafter the call\n"))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn a_caller_that_blocks_sigusr1_itself_goes_on_blocking_it() {
        subject!()
            .scenario("child_waits", ["blocking"])
            .expect(stdout().is("before the call\nparent: first\nchild: then\nafter the call\n"))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn a_caller_that_ignores_sigusr1_goes_on_ignoring_it() {
        subject!()
            .scenario("child_waits", ["ignoring"])
            .expect(stdout().is("before the call\nparent: first\nchild: then\nafter the call\n"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn the_child_sleeps_as_long_as_the_parents_part_takes() {
        subject!()
            .scenario("child_waits_long", [""; 0])
            .expect(waits_asleep())
            .expect(before("parent: first", "child: then"))
            .expect(before("child: then", "after the call"))
            .check();
    }

    #[test]
    fn the_child_is_reaped_although_signals_arrive() {
        subject!()
            .scenario("child_waits", ["plain"])
            .with(eintr(Signal(14)))
            .expect(before("parent: first", "child: then"))
            .expect(before("child: then", "after the call"))
            .check();
    }

    #[test]
    fn when_fork_fails_nothing_is_run_and_everything_put_back() {
        subject!()
            .scenario("child_waits", ["plain"])
            .with(fork_eagain(1))
            .expect(stdout().is("before the call\nafter the call\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}

mod parent_waits {
    use super::*;

    const WHOLE: &str =
        "before the call\nchild: first\nparent: then\nchild: rest\nafter the call\n";

    #[test]
    fn the_parent_sleeps_as_long_as_the_childs_part_takes() {
        subject!()
            .scenario("parent_waits_long", [""; 0])
            .expect(waits_asleep())
            .expect(before("child: first", "parent: then"))
            .expect(before("child: rest", "after the call"))
            .check();
    }

    #[test]
    fn other_signals_are_handled_while_it_waits() {
        subject!()
            .scenario("parent_waits_alarmed", [""; 0])
            .expect(before("child: first", "parent: then"))
            .expect(before("parent: then", "after the call"))
            .check();
    }

    #[test]
    fn a_caller_that_blocks_sigusr1_itself_goes_on_blocking_it() {
        subject!()
            .scenario("parent_waits", ["blocking"])
            .expect(stdout().is(WHOLE))
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn a_caller_that_ignores_sigusr1_goes_on_ignoring_it() {
        subject!()
            .scenario("parent_waits", ["ignoring"])
            .expect(stdout().is(WHOLE))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn when_fork_fails_nothing_is_run_and_everything_put_back() {
        subject!()
            .scenario("parent_waits", ["handling"])
            .with(fork_eagain(1))
            .expect(stdout().is("before the call\nafter the call\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}

mod ping_pong {
    use super::*;

    #[test]
    fn many_rounds_keep_their_order() {
        let n = draw!().u32(4..=6);
        let rounds: String = (0..n).map(|i| format!("ping {i}\npong {i}\n")).collect();
        subject!()
            .scenario("ping_pong", ["handling", &n.to_string()])
            .expect(stdout().is(format!("before the call\n{rounds}after the call\n")))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn no_rounds_run_nothing() {
        subject!()
            .scenario("ping_pong", ["plain", "0"])
            .expect(stdout().is("before the call\nafter the call\n"))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn what_the_caller_holds_back_is_not_let_in() {
        subject!()
            .scenario("ping_pong", ["holding", &draw!().u32(2..=3).to_string()])
            .expect(stdout().no_line("parent: SIGTERM was let in"))
            .expect(stdout().line("SIGTERM: kept for the caller"))
            .check();
    }

    #[test]
    fn a_caller_that_blocks_sigusr1_itself_finds_none_pending() {
        let n = draw!().u32(1..=2);
        let rounds: String = (0..n).map(|i| format!("ping {i}\npong {i}\n")).collect();
        subject!()
            .scenario("ping_pong", ["blocking", &n.to_string()])
            .expect(stdout().is(format!("before the call\n{rounds}after the call\n")))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn when_fork_fails_nothing_is_run() {
        subject!()
            .scenario("ping_pong", ["plain", &draw!().u32(1..=4).to_string()])
            .with(fork_eagain(1))
            .expect(stdout().is("before the call\nafter the call\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }
}

mod ring_barrier {
    use super::*;

    #[test]
    fn many_children_wait_for_each_other() {
        let n = draw!().u32(4..=5);
        let mut check = subject!().scenario("ring_barrier", ["handling", &n.to_string()]);
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                let (arrives, leaves) =
                    (format!("child {i}: arrives"), format!("child {j}: leaves"));
                check = check.expect(before(arrives, leaves));
            }
        }
        check
            .expect(forks(n))
            .expect(stdout().line_times("after the call", 1))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    /// Of `n` children nobody leaves before the last has arrived.
    fn nobody_leaves_before(mut check: forklings_check::Check, n: u32, last: u32) {
        for j in (0..n).filter(|&j| j != last) {
            let (arrives, leaves) =
                (format!("child {last}: arrives"), format!("child {j}: leaves"));
            check = check.expect(before(arrives, leaves));
        }
        check.check();
    }

    #[test]
    fn any_child_may_be_the_last() {
        let mut draw = draw!();
        let n = draw.u32(3..=4);
        // One in the midst, and the one that closes the ring.
        for last in [draw.u32(1..n - 1), n - 1] {
            nobody_leaves_before(subject!().scenario("ring_barrier_late", [n, last]), n, last);
        }
    }

    #[test]
    fn a_signal_for_everybody_lets_nobody_leave_before_the_last_has_arrived() {
        let n = draw!().u32(2..=3);
        for last in [0, n - 1] {
            nobody_leaves_before(subject!().scenario("ring_barrier_alarmed", [n, last]), n, last);
        }
    }

    #[test]
    fn one_child_and_none_at_all() {
        subject!()
            .scenario("ring_barrier", ["plain", "1"])
            .expect(stdout().is("before the call\nchild 0: arrives\nchild 0: leaves\n\
                                 after the call\n"))
            .check();
        subject!()
            .scenario("ring_barrier", ["plain", "0"])
            .expect(stdout().is("before the call\nafter the call\n"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn what_the_caller_holds_back_is_not_let_in() {
        subject!()
            .scenario("ring_barrier", ["holding", "2"])
            .expect(stdout().no_line("child: SIGTERM was let in"))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_lets_nobody_leave() {
        subject!()
            .scenario("ring_barrier", ["plain", "2"])
            .with(eintr(Signal(14)))
            .expect(before("child 0: arrives", "child 1: leaves"))
            .expect(before("child 1: arrives", "child 0: leaves"))
            .expect(before("child 0: leaves", "after the call"))
            .expect(before("child 1: leaves", "after the call"))
            .check();
    }

    #[test]
    fn when_a_fork_fails_nobody_leaves_and_nobody_is_left() {
        // The third is needed, and not there.
        let n = draw!().u32(3..=5);
        subject!()
            .scenario("ring_barrier", ["plain", &n.to_string()])
            .with(fork_eagain(3))
            .expect(stdout().no_line("child 0: leaves"))
            .expect(stdout().no_line("child 1: leaves"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(2))
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn when_a_fork_fails_those_that_hold_back_sigterm_are_killed_too() {
        // The third is needed, and not there.
        let n = draw!().u32(3..=5);
        subject!()
            .scenario("ring_barrier", ["holding", &n.to_string()])
            .with(fork_eagain(3))
            .expect(stdout().no_line("child 0: leaves"))
            .expect(stdout().no_line("child 1: leaves"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(2))
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}

mod scoped {
    use super::*;

    #[test]
    fn what_is_left_does_not_run_the_callers_handler() {
        subject!()
            .scenario("scoped", ["left", "handling"])
            .expect(stdout().is("before the call\ninside: SIGUSR1 is blocked: yes\n\
                                 inside: 4711\nafter the call\n"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn what_is_left_does_not_stay_pending_where_the_caller_blocks() {
        subject!()
            .scenario("scoped", ["left", "blocking"])
            .expect(stdout().is("before the call\ninside: SIGUSR1 is blocked: yes\n\
                                 inside: 4711\nafter the call\n"))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn what_is_ignored_outside_is_caught_inside_and_ignored_again() {
        subject!()
            .scenario("scoped", ["sigsuspend", "ignoring"])
            .expect(stdout().line("inside: SIGUSR1 has come"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }

    #[test]
    fn a_panic_inside_is_no_way_out_without_tidying_up() {
        for caller in ["plain", "handling"] {
            subject!()
                .scenario("scoped", ["panic", caller])
                .expect(stdout().is("before the call\ninside: SIGUSR1 is blocked: yes\n\
                                     inside: panicked\nafter the call\n"))
                .expect(mask_restored("before the call", "after the call"))
                .expect(handlers_restored("before the call", "after the call"))
                .check();
        }
    }

    #[test]
    fn what_the_caller_holds_back_is_not_let_in() {
        subject!()
            .scenario("scoped", ["sigwait", "holding"])
            .expect(stdout().line("inside: SIGUSR1 has come"))
            .expect(stdout().line("SIGTERM: kept for the caller"))
            .expect(mask_restored("before the call", "after the call"))
            .check();
    }
}
