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
    fn codes_stay_with_their_child() {
        subject!()
            .scenario("reap_all_ends", ["9", "143", "1", "0"])
            .expect(stdout().line("child 0: exited with 9"))
            .expect(stdout().line("child 1: exited with 143"))
            .expect(stdout().line("child 2: exited with 1"))
            .expect(stdout().line("child 3: exited with 0"))
            .check();
    }

    #[test]
    fn the_killed_are_told_from_those_that_exited() {
        subject!()
            .scenario("reap_all_ends", ["k9", "0", "k15"])
            .expect(stdout().line("child 0: killed by signal 9"))
            .expect(stdout().line("child 1: exited with 0"))
            .expect(stdout().line("child 2: killed by signal 15"))
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

mod remains {
    use super::*;

    #[test]
    fn a_killed_child_is_told_by_its_signal() {
        subject!()
            .scenario("remains", ["k15", "1"])
            .expect(stdout().line("state: Z"))
            .expect(stdout().line("child: killed by signal 15"))
            .check();
    }

    #[test]
    fn what_the_child_once_had_is_measured_not_guessed() {
        subject!()
            .scenario("remains", ["255", "24"])
            .expect(stdout().line("memory now: 0 pages"))
            .expect(stdout().line("child: exited with 255"))
            .expect(stdout().line("memory once: 24 MiB or more"))
            .check();
    }

    #[test]
    fn what_another_child_had_is_not_told() {
        subject!()
            .scenario("remains_after", ["16", "0", "2"])
            .expect(stdout().line("memory once: 2 MiB or more"))
            .expect(zombie_inspected())
            .expect(zombie_signalled(Signal(9)))
            .check();
    }

    #[test]
    fn a_pid_that_is_no_child_is_an_error() {
        subject!()
            .scenario("remains_stranger", [""; 0])
            .expect(stderr().line("error: ECHILD"))
            .expect(exit_status(1))
            .check();
    }
}

mod limited {
    use super::*;

    #[test]
    fn when_fork_fails_those_that_run_are_reaped_and_no_more_are_started() {
        subject!()
            .scenario("limited", ["3", "5"])
            .with(fork_eagain(2))
            .expect(stdout().line("job 0: ends"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
        subject!()
            .scenario("limited", ["2", "5"])
            .with(fork_eagain(4))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(3))
            .expect(at_most_alive(2))
            .check();
    }

    #[test]
    fn when_the_first_fork_fails_there_is_nobody_to_wait_for() {
        subject!()
            .scenario("limited", ["2", "3"])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_job_may_end_with_any_code_or_be_killed() {
        subject!()
            .scenario("limited_ends", ["2", "255", "k9", "128", "k15"])
            .expect(stdout().is("job 0: exited with 255\n\
                 job 1: killed by signal 9\n\
                 job 2: exited with 128\n\
                 job 3: killed by signal 15\n\
                 4 jobs, 4 results\n"))
            .check();
    }

    #[test]
    fn with_one_place_the_jobs_run_one_after_the_other() {
        subject!()
            .scenario("limited", ["1", "3"])
            .expect(before("job 0: ends", "job 1: begins"))
            .expect(before("job 1: ends", "job 2: begins"))
            .expect(stdout().line("3 jobs, 3 results"))
            .expect(at_most_alive(1))
            .check();
    }

    #[test]
    fn many_jobs_pass_by_those_that_take_long() {
        subject!()
            .scenario("limited_waiting", ["3", "7", "2"])
            .expect(stdout().line("job 6: exited with 6"))
            .expect(stdout().line("7 jobs, 7 results"))
            .expect(at_most_alive(3))
            .check();
    }

    #[test]
    fn more_places_than_jobs_and_no_jobs_at_all() {
        subject!()
            .scenario("limited", ["6", "2"])
            .expect(stdout().line("job 1: exited with 1"))
            .expect(stdout().line("2 jobs, 2 results"))
            .expect(forks(2))
            .check();
        subject!()
            .scenario("limited", ["2", "0"])
            .expect(stdout().is("0 jobs, 0 results\n"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("limited", ["2", "4"])
            .with(eintr(Signal(14)))
            .expect(stdout().line("job 3: exited with 3"))
            .expect(stdout().line("4 jobs, 4 results"))
            .expect(at_most_alive(2))
            .check();
    }
}

mod reaper {
    use super::*;

    #[test]
    fn ends_by_signal_are_told_as_such() {
        subject!()
            .scenario("reaper_ends", ["k9", "9"])
            .expect(stdout().line("child 0: killed by signal 9"))
            .expect(stdout().line("child 1: exited with 9"))
            .expect(before("child 1: exited with 9", "stop"))
            .check();
    }

    #[test]
    fn a_great_many_deaths_in_one_signal() {
        subject!()
            .scenario("reaper_burst", ["9"])
            .expect(before("child 0: exited with 0", "stop"))
            .expect(before("child 8: exited with 8", "stop"))
            .expect(stdout().line_times("child 4: exited with 4", 1))
            .check();
    }

    #[test]
    fn without_children_it_waits_for_the_wish_to_stop() {
        subject!().scenario("reaper_burst", ["0"]).expect(stdout().is("stop\n")).check();
        subject!()
            .scenario("reaper_alone", [""; 0])
            .expect(stdout().is("asked to stop\nstop\n"))
            .expect(waits_asleep())
            .waive(Rule::OrphanLeft, "whoever asks is nobody's child here")
            .check();
    }

    #[test]
    fn a_death_while_it_sleeps_is_told_before_the_wish_to_stop_that_came_after() {
        for (end, said) in [("3", "exited with 3"), ("k9", "killed by signal 9")] {
            subject!()
                .scenario("reaper_asleep", [end])
                .expect(stdout().is(format!("child: {said}\nstop\n")))
                .check();
        }
    }

    #[test]
    fn another_signal_is_no_news() {
        subject!()
            .scenario("reaper_told", [""; 0])
            .with(eintr(Signal(14)))
            .expect(stdout().lines_in_any_order(["child: exited with 0", "stop"]))
            .check();
    }
}

mod daemonise {
    use super::*;

    #[test]
    fn the_daemon_ends_with_what_its_work_returned() {
        subject!()
            .scenario("daemonise_adopted", [41])
            .expect(stdout().is("the daemon exited with 41\n"))
            .check();
    }

    #[test]
    fn when_the_first_fork_fails_nothing_is_left() {
        subject!()
            .scenario("daemonise", [""; 0])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn when_the_second_fork_fails_the_caller_is_told() {
        subject!()
            .scenario("daemonise", [""; 0])
            .with(fork_eagain(2))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("daemonise", [""; 0])
            .with(eintr(Signal(14)))
            .expect(before("daemonise returned", "daemon: done"))
            .expect(before("daemon: done", "the daemon is gone"))
            .expect(stdout().no_line("a child ended by exit, not by _exit"))
            .waive(Rule::OrphanLeft, "a daemon outlives its parent: that is the point")
            .check();
    }
}

mod new_parent {
    use super::*;

    #[test]
    fn the_subreaper_may_be_further_up() {
        subject!()
            .scenario("new_parent_far_subreaper", [""; 0])
            .expect(stdout().is("adopter: the subreaper\n"))
            .waive(Rule::OrphanLeft, "an orphan is what the task makes")
            .check();
    }

    #[test]
    fn when_a_fork_fails_nothing_is_left() {
        subject!()
            .scenario("new_parent", [""; 0])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
        subject!()
            .scenario("new_parent", [""; 0])
            .with(fork_eagain(2))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        subject!()
            .scenario("new_parent", [""; 0])
            .with(eintr(Signal(14)))
            .expect(stdout().is("adopter: another process\n"))
            .waive(Rule::OrphanLeft, "an orphan is what the task makes")
            .check();
    }
}
