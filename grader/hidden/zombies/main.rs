//! The hidden tests of `zombies`.

use forklings_check::prelude::*;

/// Signals that end a child without a core file, and that nobody here catches: SIGKILL, SIGUSR1,
/// SIGUSR2, SIGTERM.
const DEADLY: [u8; 4] = [9, 10, 12, 15];

/// What the driver says of an end: a code, or `k` and a signal.
fn said(end: &str) -> String {
    match end.strip_prefix('k') {
        Some(signal) => format!("killed by signal {signal}"),
        None => format!("exited with {end}"),
    }
}

/// One of the signals, as an end.
fn killed(draw: &mut Rng) -> String {
    let [signal] = distinct(draw, DEADLY);
    format!("k{signal}")
}

mod reap_one {
    use super::*;

    #[test]
    fn another_child_that_died_first_is_left_alone() {
        // The other one ends with 77.
        let code = draw!().u8(1..77);
        subject!()
            .scenario("reap_one_of_two", [code])
            .expect(stdout().line("other: reaped by its owner"))
            .expect(stdout().line(format!("child: exited with {code}")))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn every_exit_code_comes_through_whole() {
        // The second could be a signal's number.
        for code in [255, draw!().u8(1..=31)] {
            subject!()
                .scenario("reap_one", [code])
                .expect(stdout().line(format!("child: exited with {code}")))
                .check();
        }
    }

    #[test]
    fn a_killed_child_is_told_by_its_signal_even_when_another_signal_interrupts() {
        let end = killed(&mut draw!());
        subject!()
            .scenario("reap_one", [&end])
            .with(eintr(Signal(14)))
            .expect(stdout().line(format!("child: {}", said(&end))))
            .check();
    }
}

mod reap_all {
    use super::*;

    #[test]
    fn a_pid_that_is_no_child_does_not_keep_the_others_from_being_reaped() {
        subject!()
            .scenario("reap_all_stranger", [draw!().u8(3..=5)])
            .expect(stderr().line("error: ECHILD"))
            .expect(exit_status(1))
            .expect(statuses_taken())
            .check();
    }

    #[test]
    fn codes_stay_with_their_child() {
        let mut draw = draw!();
        // A signal's number, what a shell makes of one, another code, and none.
        let mut codes = [draw.u8(1..=31), draw.u8(129..=159), draw.u8(160..=254), 0];
        draw.shuffle(&mut codes);
        let mut check = subject!().scenario("reap_all_ends", codes);
        for (i, code) in codes.iter().enumerate() {
            check = check.expect(stdout().line(format!("child {i}: exited with {code}")));
        }
        check.check();
    }

    #[test]
    fn the_killed_are_told_from_those_that_exited() {
        let mut draw = draw!();
        let [a, b] = distinct(&mut draw, DEADLY).map(|signal| format!("k{signal}"));
        let mut ends = ["0".to_owned(), a, b];
        draw.shuffle(&mut ends);
        let mut check = subject!().scenario("reap_all_ends", &ends);
        for (i, end) in ends.iter().enumerate() {
            check = check.expect(stdout().line(format!("child {i}: {}", said(end))));
        }
        check.check();
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
        let n = draw!().u8(4..=6);
        subject!()
            .scenario("reap_all_beside", [n])
            .with(eintr(Signal(14)))
            .expect(stdout().line("other: reaped by its owner"))
            .expect(stdout().line(format!("{n} children, {n} reaped")))
            .expect(statuses_taken())
            .check();
    }
}

mod remains {
    use super::*;

    #[test]
    fn a_killed_child_is_told_by_its_signal() {
        let end = killed(&mut draw!());
        subject!()
            .scenario("remains", [&end, "1"])
            .expect(stdout().line("state: Z"))
            .expect(stdout().line(format!("child: {}", said(&end))))
            .check();
    }

    #[test]
    fn what_the_child_once_had_is_measured_not_guessed() {
        // Far more than a process has anyway.
        let mib = draw!().u8(16..=32);
        subject!()
            .scenario("remains", [255, mib])
            .expect(stdout().line("memory now: 0 pages"))
            .expect(stdout().line("child: exited with 255"))
            .expect(stdout().line(format!("memory once: {mib} MiB or more")))
            .check();
    }

    #[test]
    fn what_another_child_had_is_not_told() {
        let mut draw = draw!();
        // The other one had far more.
        let (other, code, mib) = (draw.u8(16..=24), draw.u8(0..=254), draw.u8(1..=3));
        subject!()
            .scenario("remains_after", [other, code, mib])
            .expect(stdout().line(format!("memory once: {mib} MiB or more")))
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
        let mut draw = draw!();
        subject!()
            .scenario("limited", [draw.u8(2..=3), draw.u8(4..=6)])
            .with(fork_eagain(2))
            .expect(stdout().line("job 0: ends"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
        // Four are to be started, and for the third and the fourth somebody must have ended.
        subject!()
            .scenario("limited", [2, draw.u8(4..=6)])
            .with(fork_eagain(4))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(3))
            .expect(at_most_alive(2))
            .check();
    }

    #[test]
    fn when_the_first_fork_fails_there_is_nobody_to_wait_for() {
        let mut draw = draw!();
        subject!()
            .scenario("limited", [draw.u8(1..=3), draw.u8(1..=4)])
            .with(fork_eagain(1))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_job_may_end_with_any_code_or_be_killed() {
        let mut draw = draw!();
        let code = draw.u8(128..=254).to_string();
        let mut ends = ["255".to_owned(), code, killed(&mut draw), killed(&mut draw)];
        draw.shuffle(&mut ends);
        let lines = ends.iter().enumerate().map(|(i, end)| format!("job {i}: {}\n", said(end)));
        let lines: String = lines.collect();
        subject!()
            .scenario("limited_ends", ["2"].into_iter().chain(ends.iter().map(String::as_str)))
            .expect(stdout().is(format!("{lines}4 jobs, 4 results\n")))
            .check();
    }

    #[test]
    fn with_one_place_the_jobs_run_one_after_the_other() {
        let n = draw!().u8(2..=4);
        let mut check = subject!().scenario("limited", [1, n]);
        for i in 1..n {
            check =
                check.expect(before(format!("job {}: ends", i - 1), format!("job {i}: begins")));
        }
        check
            .expect(stdout().line(format!("{n} jobs, {n} results")))
            .expect(at_most_alive(1))
            .check();
    }

    #[test]
    fn many_jobs_pass_by_those_that_take_long() {
        // Two wait for the last, so the others must pass through the third place.
        let n = draw!().u8(6..=8);
        subject!()
            .scenario("limited_waiting", [3, n, 2])
            .expect(stdout().line(format!("job {0}: exited with {0}", n - 1)))
            .expect(stdout().line(format!("{n} jobs, {n} results")))
            .expect(at_most_alive(3))
            .check();
    }

    #[test]
    fn more_places_than_jobs_and_no_jobs_at_all() {
        let mut draw = draw!();
        let n = draw.u8(1..=3);
        subject!()
            .scenario("limited", [n + draw.u8(1..=4), n])
            .expect(stdout().line(format!("job {0}: exited with {0}", n - 1)))
            .expect(stdout().line(format!("{n} jobs, {n} results")))
            .expect(forks(n.into()))
            .check();
        subject!()
            .scenario("limited", [draw.u8(1..=4), 0])
            .expect(stdout().is("0 jobs, 0 results\n"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_signal_that_arrives_meanwhile_does_not_end_the_wait() {
        let n = draw!().u8(3..=5);
        subject!()
            .scenario("limited", [2, n])
            .with(eintr(Signal(14)))
            .expect(stdout().line(format!("job {0}: exited with {0}", n - 1)))
            .expect(stdout().line(format!("{n} jobs, {n} results")))
            .expect(at_most_alive(2))
            .check();
    }
}

mod reaper {
    use super::*;

    #[test]
    fn ends_by_signal_are_told_as_such() {
        // The signal's number, and the same as a code.
        let [signal] = distinct(&mut draw!(), DEADLY);
        subject!()
            .scenario("reaper_ends", [format!("k{signal}"), signal.to_string()])
            .expect(stdout().line(format!("child 0: killed by signal {signal}")))
            .expect(stdout().line(format!("child 1: exited with {signal}")))
            .expect(before(format!("child 1: exited with {signal}"), "stop"))
            .check();
    }

    #[test]
    fn a_great_many_deaths_in_one_signal() {
        let n = draw!().u8(8..=10);
        subject!()
            .scenario("reaper_burst", [n])
            .expect(before("child 0: exited with 0", "stop"))
            .expect(before(format!("child {0}: exited with {0}", n - 1), "stop"))
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
        let mut draw = draw!();
        for end in [draw.u8(1..=254).to_string(), killed(&mut draw)] {
            subject!()
                .scenario("reaper_asleep", [&end])
                .expect(stdout().is(format!("child: {}\nstop\n", said(&end))))
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
        let code = draw!().u8(1..=254);
        subject!()
            .scenario("daemonise_adopted", [code])
            .expect(stdout().is(format!("the daemon exited with {code}\n")))
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
