//! The visible tests of `zombies`. A module is a task: `cargo test -p zombies reap_all` judges one.
//! Each test runs a scenario of `src/main.rs` under many schedules of its processes.

use forklings_check::prelude::*;

/// What the driver says of a child that ends by `exit`.
const BY_EXIT: &str = "a child ended by exit, not by _exit";

mod reap_one {
    use super::*;

    #[test]
    fn a_child_is_reaped_and_its_exit_code_told() {
        subject!()
            .scenario("reap_one", ["3"])
            .expect(stdout().line("child: exited with 3"))
            .expect(before("child: done", "child: exited with 3"))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_child_that_a_signal_killed_is_told_from_one_that_exited() {
        subject!()
            .scenario("reap_one", ["k9"])
            .expect(stdout().line("child: killed by signal 9"))
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
            .expect(waits_asleep())
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

mod remains {
    use super::*;

    #[test]
    fn a_zombie_has_a_status_but_no_memory_and_killing_it_does_nothing() {
        subject!()
            .scenario("remains", ["5", "4"])
            .expect(stdout().line("state: Z"))
            .expect(stdout().line("memory now: 0 pages"))
            .expect(stdout().line("kill: success"))
            .expect(stdout().line("child: exited with 5"))
            .expect(stdout().line("memory once: 4 MiB or more"))
            .expect(zombie_inspected())
            .expect(zombie_signalled(Signal(9)))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("remains", ["0", "1"])
            .with(eintr(Signal(14)))
            .expect(stdout().line("child: exited with 0"))
            .check();
    }
}

mod limited {
    use super::*;

    #[test]
    fn every_job_runs_once_and_its_code_is_told_in_order() {
        subject!()
            .scenario("limited", ["2", "4"])
            .expect(stdout().line("job 0: exited with 0"))
            .expect(stdout().line("job 3: exited with 3"))
            .expect(stdout().line("4 jobs, 4 results"))
            .expect(stdout().no_line(BY_EXIT))
            .expect(forks(4))
            .expect(at_most_alive(2))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn all_places_are_used_at_once() {
        subject!()
            .scenario("limited_waiting", ["3", "3", "2"])
            .expect(stdout().line("3 jobs, 3 results"))
            .expect(at_most_alive(3))
            .check();
    }

    #[test]
    fn a_place_that_becomes_free_is_taken_while_another_job_goes_on() {
        subject!()
            .scenario("limited_waiting", ["2", "4", "1"])
            .expect(stdout().line("4 jobs, 4 results"))
            .expect(at_most_alive(2))
            .check();
    }
}

mod reaper {
    use super::*;

    #[test]
    fn each_death_is_told_and_at_last_the_wish_to_stop() {
        subject!()
            .scenario("reaper", ["2"])
            .expect(stdout().line("child 0: exited with 0"))
            .expect(stdout().line("child 1: exited with 1"))
            .expect(before("child 1: exited with 1", "stop"))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn no_death_is_lost_when_one_signal_stands_for_many() {
        subject!()
            .scenario("reaper_burst", ["3"])
            .expect(stdout().lines_in_any_order([
                "child 0: done",
                "child 1: done",
                "child 2: done",
                "child 0: exited with 0",
                "child 1: exited with 1",
                "child 2: exited with 2",
                "stop",
            ]))
            .check();
    }

    #[test]
    fn a_signal_is_noted_also_just_before_the_sleep_begins() {
        subject!()
            .scenario("reaper_told", [""; 0])
            .expect(stdout().lines_in_any_order(["child: exited with 0", "stop"]))
            .check();
    }
}

mod daemonise {
    use super::*;

    #[test]
    fn the_daemon_is_nobodys_child_and_in_a_session_of_its_own() {
        subject!()
            .scenario("daemonise", [""; 0])
            .expect(stdout().line("daemon: child of the caller: no"))
            .expect(stdout().line("daemon: in the caller's session: no"))
            .expect(stdout().line("daemon: leader of a session: no"))
            .expect(before("daemonise returned", "daemon: done"))
            .expect(before("daemon: done", "the daemon is gone"))
            .expect(stdout().line_times("daemonise returned", 1))
            .expect(stdout().no_line(BY_EXIT))
            .expect(tree("chain", [0, 1]))
            .waive(Rule::OrphanLeft, "a daemon outlives its parent: that is the point")
            .check();
    }
}

mod new_parent {
    use super::*;

    #[test]
    fn an_orphan_is_adopted_by_a_process_that_exists() {
        subject!()
            .scenario("new_parent", [""; 0])
            .expect(stdout().is("adopter: another process\n"))
            .expect(tree("chain", [0, 1]))
            .expect(waits_asleep())
            .waive(Rule::OrphanLeft, "an orphan is what the task makes")
            .check();
    }

    #[test]
    fn a_subreaper_adopts_the_orphans_of_its_descendants() {
        subject!()
            .scenario("new_parent_subreaper", [""; 0])
            .expect(stdout().is("adopter: the subreaper\n"))
            .waive(Rule::OrphanLeft, "an orphan is what the task makes")
            .check();
    }
}
