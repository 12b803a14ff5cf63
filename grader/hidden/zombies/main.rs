//! The hidden tests of `zombies`.

use forklings_check::prelude::*;

mod reap_one {
    use super::*;

    #[test]
    fn another_child_that_died_first_is_left_alone() {
        subject!()
            .scenario("reap_one_of_two", ["41"])
            .expect(stdout().line("other: reaped by its owner"))
            .expect(stdout().line("child: exited with 41"))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn every_exit_code_comes_through_whole() {
        subject!()
            .scenario("reap_one", ["255"])
            .expect(stdout().line("child: exited with 255"))
            .check();
        subject!()
            .scenario("reap_one", ["15"])
            .expect(stdout().line("child: exited with 15"))
            .check();
    }

    #[test]
    fn a_killed_child_is_told_by_its_signal_even_when_another_signal_interrupts() {
        subject!()
            .scenario("reap_one", ["k15"])
            .with(eintr(Signal(14)))
            .expect(stdout().line("child: killed by signal 15"))
            .waive(Rule::KilledBySignal, "the child kills itself, as the scenario asks")
            .check();
    }
}

mod reap_all {
    use super::*;

    #[test]
    fn a_pid_that_is_no_child_does_not_keep_the_others_from_being_reaped() {
        subject!()
            .scenario("reap_all_stranger", ["4"])
            .expect(stderr().line("error: ECHILD"))
            .expect(exit_status(1))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn codes_and_signals_stay_with_their_child() {
        subject!()
            .scenario("reap_all_ends", ["k9", "9", "k15", "143"])
            .expect(stdout().line("child 0: killed by signal 9"))
            .expect(stdout().line("child 1: exited with 9"))
            .expect(stdout().line("child 2: killed by signal 15"))
            .expect(stdout().line("child 3: exited with 143"))
            .waive(Rule::KilledBySignal, "these children kill themselves, as the scenario asks")
            .check();
    }

    #[test]
    fn nobody_to_wait_for_is_no_wait_at_all() {
        subject!()
            .scenario("reap_all", ["0"])
            .expect(stdout().is("all reaped\n0 children, 0 reaped\n"))
            .check();
    }

    #[test]
    fn interrupted_in_the_midst_of_many_it_goes_on() {
        subject!()
            .scenario("reap_all_beside", ["5"])
            .with(eintr(Signal(14)))
            .expect(stdout().line("other: reaped by its owner"))
            .expect(stdout().line("5 children, 5 reaped"))
            .expect(statuses_taken())
            .check();
    }
}
