//! The visible tests of `zombies`. A module is a task: `cargo test -p zombies reap_all` judges one.
//! Each test runs a scenario of `src/main.rs` under many schedules of its processes.

use forklings_check::prelude::*;

mod reap_one {
    use super::*;

    #[test]
    fn a_child_is_reaped_and_its_exit_code_told() {
        subject!()
            .scenario("reap_one", ["3"])
            .expect(stdout().line("child: exited with 3"))
            .expect(before("child: done", "child: exited with 3"))
            .check();
    }

    #[test]
    fn a_child_that_a_signal_killed_is_told_from_one_that_exited() {
        subject!()
            .scenario("reap_one", ["k9"])
            .expect(stdout().line("child: killed by signal 9"))
            .waive(Rule::KilledBySignal, "the child kills itself, as the scenario asks")
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("reap_one", ["3"])
            .with(eintr(Signal(14)))
            .expect(stdout().line("child: exited with 3"))
            .check();
    }

    #[test]
    fn a_pid_that_is_no_child_is_an_error() {
        subject!()
            .scenario("reap_one_stranger", [""; 0])
            .expect(stderr().line("error: ECHILD"))
            .expect(exit_status(1))
            .check();
    }
}

mod reap_all {
    use super::*;

    #[test]
    fn every_child_is_reaped_whatever_the_order_of_their_deaths() {
        subject!()
            .scenario("reap_all", ["5"])
            .expect(stdout().line("5 children, 5 reaped"))
            .expect(before("child 0: done", "all reaped"))
            .expect(before("child 4: done", "all reaped"))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn each_child_gets_its_own_status() {
        subject!()
            .scenario("reap_all_ends", ["7", "0", "255"])
            .expect(stdout().line("child 0: exited with 7"))
            .expect(stdout().line("child 1: exited with 0"))
            .expect(stdout().line("child 2: exited with 255"))
            .check();
    }

    #[test]
    fn a_child_of_somebody_else_is_left_alone() {
        subject!()
            .scenario("reap_all_beside", ["3"])
            .expect(stdout().line("other: reaped by its owner"))
            .expect(stdout().line("3 children, 3 reaped"))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("reap_all", ["3"])
            .with(eintr(Signal(14)))
            .expect(stdout().line("3 children, 3 reaped"))
            .check();
    }
}
