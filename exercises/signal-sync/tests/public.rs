//! The visible tests of `signal-sync`. A module is a task: `cargo test -p signal-sync child_waits`
//! judges one. Each test runs a scenario of `src/main.rs` under many schedules of its processes.

use forklings_check::prelude::*;

mod child_waits {
    use super::*;

    #[test]
    fn the_parents_part_comes_first_whoever_runs_first() {
        subject!()
            .scenario("child_waits", ["plain"])
            .expect(stdout().is("before the call\nparent: first\nchild: then\nafter the call\n"))
            .expect(forks(1))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn another_signal_is_not_the_go_ahead() {
        subject!()
            .scenario("child_waits_alarmed", [""; 0])
            .expect(before("parent: first", "child: then"))
            .check();
    }

    #[test]
    fn the_caller_gets_its_mask_and_its_handlers_back() {
        subject!()
            .scenario("child_waits", ["plain"])
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}

mod parent_waits {
    use super::*;

    #[test]
    fn the_childs_part_comes_first_and_its_rest_may_take_until_the_parents_part_is_done() {
        subject!()
            .scenario("parent_waits", ["plain"])
            .expect(stdout().is("before the call\nchild: first\nparent: then\nchild: rest\n\
                                 after the call\n"))
            .expect(forks(1))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_is_not_the_go_ahead() {
        subject!()
            .scenario("parent_waits", ["plain"])
            .with(eintr(Signal(14)))
            .expect(before("child: first", "parent: then"))
            .check();
    }

    #[test]
    fn what_the_caller_holds_back_is_not_let_in() {
        subject!()
            .scenario("parent_waits", ["holding"])
            .expect(stdout().no_line("parent: SIGTERM was let in"))
            .expect(stdout().line("SIGTERM: kept for the caller"))
            .check();
    }

    #[test]
    fn the_caller_gets_its_mask_and_its_handlers_back() {
        subject!()
            .scenario("parent_waits", ["handling"])
            .expect(stdout().no_line("the caller's handler for SIGUSR1 has run"))
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}

mod ping_pong {
    use super::*;

    #[test]
    fn the_two_take_turns() {
        subject!()
            .scenario("ping_pong", ["plain", "2"])
            .expect(stdout().is("before the call\nping 0\npong 0\nping 1\npong 1\n\
                                 after the call\n"))
            .expect(forks(1))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_gives_nobody_the_turn() {
        subject!()
            .scenario("ping_pong", ["plain", "2"])
            .with(eintr(Signal(14)))
            .expect(before("pong 0", "ping 1"))
            .expect(before("ping 1", "pong 1"))
            .check();
    }

    #[test]
    fn the_caller_gets_its_mask_and_its_handlers_back() {
        subject!()
            .scenario("ping_pong", ["plain", "1"])
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}

mod ring_barrier {
    use super::*;

    #[test]
    fn nobody_leaves_before_everybody_has_arrived() {
        subject!()
            .scenario("ring_barrier", ["plain", "3"])
            .expect(before("child 0: arrives", "child 1: leaves"))
            .expect(before("child 0: arrives", "child 2: leaves"))
            .expect(before("child 1: arrives", "child 0: leaves"))
            .expect(before("child 1: arrives", "child 2: leaves"))
            .expect(before("child 2: arrives", "child 0: leaves"))
            .expect(before("child 2: arrives", "child 1: leaves"))
            .expect(stdout().line_times("after the call", 1))
            .expect(forks(3))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn a_child_may_take_until_the_others_have_arrived() {
        subject!()
            .scenario("ring_barrier_late", ["3", "0"])
            .expect(before("child 0: arrives", "child 1: leaves"))
            .expect(before("child 0: arrives", "child 2: leaves"))
            .check();
    }

    #[test]
    fn the_caller_gets_its_mask_and_its_handlers_back() {
        subject!()
            .scenario("ring_barrier", ["plain", "2"])
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}

mod scoped {
    use super::*;

    #[test]
    fn inside_sigusr1_can_be_waited_for_by_sigwait() {
        subject!()
            .scenario("scoped", ["sigwait", "plain"])
            .expect(stdout().line("inside: SIGUSR1 is blocked: yes"))
            .expect(stdout().line("inside: SIGUSR1 has come"))
            .expect(stdout().line("inside: 4711"))
            .check();
    }

    #[test]
    fn inside_sigusr1_can_be_waited_for_by_sigsuspend() {
        subject!()
            .scenario("scoped", ["sigsuspend", "plain"])
            .expect(stdout().line("inside: SIGUSR1 has come"))
            .expect(stdout().line("inside: 4711"))
            .check();
    }

    #[test]
    fn a_signal_that_nobody_has_waited_for_is_thrown_away() {
        subject!()
            .scenario("scoped", ["left", "plain"])
            .expect(stdout().is("before the call\ninside: SIGUSR1 is blocked: yes\n\
                                 inside: 4711\nafter the call\n"))
            .check();
    }

    #[test]
    fn the_caller_gets_its_mask_and_its_handlers_back() {
        subject!()
            .scenario("scoped", ["quiet", "plain"])
            .expect(mask_restored("before the call", "after the call"))
            .expect(handlers_restored("before the call", "after the call"))
            .check();
    }
}
