//! The hidden tests of `pipes`: other sizes, other services and commands, faults, failures.

use forklings_check::prelude::*;

/// EAGAIN in words, as it comes out of `main`.
const NO_PROCESS: &str = "Resource temporarily unavailable (os error 11)";

/// Caught by the driver without `SA_RESTART`.
const ALARM: Signal = Signal(14);

mod to_child {
    use super::*;

    #[test]
    fn an_empty_message_is_shown_too() {
        subject!()
            .scenario("to_child", [""])
            .expect(before("child: \"\", right", "caller: the child is gone"))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        subject!()
            .scenario("to_child", [3_000])
            .with(short_reads())
            .expect(stdout().line_times("child: 3000 bytes, right", 1))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        subject!()
            .scenario("to_child", [30_000])
            .with(short_writes())
            .expect(stdout().line_times("child: 30000 bytes, right", 1))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("to_child", ["hello", "--alarm"])
            .with(eintr(ALARM))
            .expect(before("child: \"hello\", right", "caller: the child is gone"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("to_child", ["hello"])
            .with(fork_eagain(1))
            .expect(stdout().is("to_child: error\n"))
            .expect(stderr().line(format!("to_child: {NO_PROCESS}")))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_write_that_waits_for_room_may_be_interrupted() {
        subject!()
            .scenario("to_child", ["100000", "--alarm"])
            .with(eintr(ALARM))
            .expect(before("child: 100000 bytes, right", "caller: the child is gone"))
            .check();
    }

    #[test]
    fn a_child_that_fails_is_an_error() {
        subject!()
            .scenario("to_child_failing", ["hello"])
            .expect(stdout().is("to_child_failing: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_signal_may_meet_the_child_too() {
        subject!()
            .scenario("to_child", ["hello", "--alarms"])
            .expect(before("child: \"hello\", right", "caller: the child is gone"))
            .check();
    }

    #[test]
    fn a_child_that_is_killed_before_it_reads_is_an_error() {
        for message in ["hello", "100000"] {
            subject!()
                .scenario("to_child", [message, "--dying"])
                .expect(stdout().is("to_child: error\n"))
                .expect(exit_status(1))
                .check();
        }
    }

    #[test]
    fn what_is_shown_came_through_the_pipe() {
        subject!()
            .scenario("to_child", [20_000])
            .expect(stdout().line("child: 20000 bytes, right"))
            .expect(bytes_pass(20_000))
            .expect(child_reads_to_the_end())
            .check();
    }
}

mod try_read {
    use super::*;

    #[test]
    fn the_status_flags_are_left_as_they_were() {
        subject!()
            .scenario("try_read", [""; 0])
            .expect(stdout().line("status flags: as before"))
            .check();
    }

    #[test]
    fn a_descriptor_that_did_not_block_still_does_not() {
        subject!()
            .scenario("try_read", ["nonblocking"])
            .expect(stdout().line("empty pipe: nothing yet"))
            .expect(stdout().line("after the last close: \"the last words\", then end of file"))
            .expect(stdout().line("status flags: as before"))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        subject!()
            .scenario("try_read", [""; 0])
            .with(short_reads())
            .expect(stdout().line("after a write: \"hello\", then nothing yet"))
            .expect(stdout().line("after the last close: \"the last words\", then end of file"))
            .check();
    }
}

mod send_until_gone {
    use super::*;

    #[test]
    fn sigpipe_at_its_default_kills_nobody() {
        subject!()
            .scenario("send_until_gone", ["5000", "1500", "default"])
            .expect(stdout().line("reader: 5000 bytes, right"))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }

    #[test]
    fn the_disposition_of_sigpipe_is_left_as_it_was() {
        subject!()
            .scenario("send_until_gone", ["0", "9000", "default"])
            .expect(stdout().is("caller: the pipe took 0 bytes\nSIGPIPE: as before\n"))
            .check();
        subject!()
            .scenario("send_until_gone", [0, 9_000])
            .expect(stdout().is("caller: the pipe took 0 bytes\nSIGPIPE: as before\n"))
            .check();
    }

    #[test]
    fn after_a_short_write_it_goes_on_in_the_middle_of_the_record() {
        subject!()
            .scenario("send_until_gone", [9_000, 3_000])
            .with(short_writes())
            .expect(stdout().line("reader: 9000 bytes, right"))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }

    #[test]
    fn a_signal_is_not_the_end_of_the_reader() {
        subject!()
            .scenario("send_until_gone", ["9000", "5000", "--alarm"])
            .with(eintr(ALARM))
            .expect(stdout().line("reader: 9000 bytes, right"))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }

    #[test]
    fn what_the_reader_leaves_in_the_pipe_counts_too() {
        for length in [1_000, 100_000] {
            subject!()
                .scenario("send_until_gone_exactly", [7_000, length])
                .expect(stdout().is("caller: counted every byte\n"))
                .check();
        }
    }

    #[test]
    fn a_part_of_a_record_counts_too() {
        subject!()
            .scenario("send_until_gone", [7_000, 10_000])
            .expect(stdout().line("reader: 7000 bytes, right"))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }
}

mod gather {
    use super::*;

    #[test]
    fn records_larger_than_an_atomic_write_arrive_whole() {
        subject!()
            .scenario("gather", [0, 5_000, 20_000])
            .expect(stdout().is("3 records\n\
                 record 0: \"\", right\n\
                 record 1: 5000 bytes, right\n\
                 record 2: 20000 bytes, right\n"))
            .check();
    }

    #[test]
    fn one_record_larger_than_the_pipe_arrives_whole() {
        subject!()
            .scenario("gather", [100_000])
            .expect(stdout().is("1 records\nrecord 0: 100000 bytes, right\n"))
            .check();
    }

    #[test]
    fn two_records_larger_than_the_pipe_arrive_whole() {
        subject!()
            .scenario("gather", [100_000, 70_000])
            .expect(stdout().is("2 records\n\
                 record 0: 100000 bytes, right\n\
                 record 1: 70000 bytes, right\n"))
            .check();
    }

    #[test]
    fn eight_workers_have_eight_records() {
        subject!()
            .scenario("gather", [7; 8])
            .expect(stdout().line("8 records"))
            .expect(stdout().line("record 0: 7 bytes, right"))
            .expect(stdout().line("record 7: 7 bytes, right"))
            .expect(forks(8))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_tears_no_record() {
        subject!()
            .scenario("gather", [100, 200])
            .with(short_reads())
            .expect(stdout().is("2 records\n\
                 record 0: 100 bytes, right\n\
                 record 1: 200 bytes, right\n"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("gather", ["10", "20", "--alarm"])
            .with(eintr(ALARM))
            .expect(stdout().is("2 records\n\
                 record 0: 10 bytes, right\n\
                 record 1: 20 bytes, right\n"))
            .check();
    }

    #[test]
    fn when_a_fork_fails_the_workers_before_it_are_reaped() {
        subject!()
            .scenario("gather", [10, 20, 30])
            .with(fork_eagain(3))
            .expect(stdout().is("gather: error\n"))
            .expect(stderr().line(format!("gather: {NO_PROCESS}")))
            .expect(exit_status(1))
            .expect(forks(2))
            .check();
    }

    #[test]
    fn when_a_fork_fails_no_other_is_tried() {
        for nth in [1, 2] {
            subject!()
                .scenario("gather", [10, 20, 30])
                .with(fork_eagain(nth))
                .expect(stdout().is("gather: error\n"))
                .expect(stderr().line(format!("gather: {NO_PROCESS}")))
                .expect(exit_status(1))
                .expect(forks(nth - 1))
                .check();
        }
    }

    #[test]
    fn a_signal_may_meet_the_workers_too() {
        subject!()
            .scenario("gather", ["100000", "10", "--alarms"])
            .expect(stdout().is("2 records\n\
                 record 0: 100000 bytes, right\n\
                 record 1: 10 bytes, right\n"))
            .check();
    }

    #[test]
    fn workers_that_are_killed_make_it_an_error() {
        subject!()
            .scenario("gather", ["10", "20", "--dying"])
            .expect(stdout().is("gather: error\n"))
            .expect(exit_status(1))
            .expect(forks(2))
            .check();
    }

    #[test]
    fn when_a_fork_fails_a_worker_whose_record_fills_the_pipe_comes_to_its_end() {
        subject!()
            .scenario("gather", [100_000, 10])
            .with(fork_eagain(2))
            .expect(stdout().is("gather: error\n"))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn a_worker_that_fails_does_not_hide_behind_the_last() {
        subject!()
            .scenario("gather_failing", [0, 5_000, 20])
            .expect(stdout().is("gather_failing: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn all_workers_work_at_the_same_time() {
        subject!()
            .scenario("gather_together", [10, 0, 5_000])
            .expect(stdout().is("3 records\n\
                 record 0: 10 bytes, right\n\
                 record 1: \"\", right\n\
                 record 2: 5000 bytes, right\n"))
            .check();
    }
}

mod ask {
    use super::*;

    #[test]
    fn a_service_may_answer_before_it_reads() {
        subject!()
            .scenario("ask", ["greet", "70000"])
            .expect(stdout().is("answer: 70005 bytes, right\n"))
            .check();
    }

    #[test]
    fn a_service_may_stop_reading_early() {
        subject!()
            .scenario("ask", ["first", "hello"])
            .expect(stdout().is("answer: \"h\", right\n"))
            .check();
        subject!()
            .scenario("ask", ["first", "100000"])
            .expect(stdout().is("answer: 1 bytes, right\n"))
            .check();
    }

    #[test]
    fn a_service_need_not_read_at_all() {
        for request in ["hello", "100000"] {
            subject!()
                .scenario("ask", ["deaf", request])
                .expect(stdout().is("answer: 70000 bytes, right\n"))
                .check();
        }
    }

    #[test]
    fn an_empty_request_has_an_answer() {
        subject!()
            .scenario("ask", ["count", ""])
            .expect(stdout().is("answer: \"0\", right\n"))
            .check();
    }

    #[test]
    fn a_service_that_fails_is_an_error() {
        subject!()
            .scenario("ask", ["fail", "hello"])
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .expect(child_exits(1))
            .check();
    }

    #[test]
    fn a_part_of_an_answer_is_none() {
        subject!()
            .scenario("ask", ["fail_late", "hello"])
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_service_that_is_killed_is_an_error() {
        subject!()
            .scenario("ask", ["shout", "100000", "--dying"])
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn the_request_goes_there_through_a_pipe_and_the_answer_back() {
        subject!()
            .scenario("ask", ["shout", "6000"])
            .expect(stdout().is("answer: 6000 bytes, right\n"))
            .expect(bytes_pass(12_000))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        subject!()
            .scenario("ask", ["shout", "2000"])
            .with(short_reads())
            .expect(stdout().is("answer: 2000 bytes, right\n"))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        subject!()
            .scenario("ask", ["count", "20000"])
            .with(short_writes())
            .expect(stdout().is("answer: \"20000\", right\n"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("ask", ["shout", "hello", "--alarm"])
            .with(eintr(ALARM))
            .expect(stdout().is("answer: \"HELLO\", right\n"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("ask", ["shout", "hello"])
            .with(fork_eagain(1))
            .expect(stdout().is("ask: error\n"))
            .expect(stderr().line(format!("ask: {NO_PROCESS}")))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_service_that_cannot_be_started_leaves_nothing_to_wait_for() {
        subject!()
            .scenario("ask", ["count", "100000"])
            .with(fork_eagain(1))
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn when_a_second_fork_fails_the_first_child_is_reaped() {
        for (service, request) in [("count", "100000"), ("greet", "hello"), ("first", "100000")] {
            subject!()
                .scenario("ask_or_error", [service, request])
                .with(fork_eagain(2))
                .expect(stdout().is("right answer or error\n"))
                .check();
        }
    }
}

mod pipeline {
    use super::*;

    #[test]
    fn all_commands_run_at_the_same_time() {
        subject!()
            .scenario("pipeline", ["seq", "20000", "|", "wc", "-l"])
            .expect(stdout().is("20000\n\
                 2 commands, 2 statuses\n\
                 seq: exit status 0\n\
                 wc: exit status 0\n"))
            .check();
    }

    #[test]
    fn whoever_writes_to_nobody_dies_of_sigpipe() {
        subject!()
            .scenario("pipeline", ["sh", "-c", "printf %100000s x; exit 3", "|", "true"])
            .expect(stdout().is("2 commands, 2 statuses\n\
                 sh: killed by signal 13\n\
                 true: exit status 0\n"))
            .check();
    }

    #[test]
    fn a_signal_is_not_an_exit_status() {
        subject!()
            .scenario("pipeline", ["sh", "-c", "kill -TERM $$", "|", "sh", "-c", "exit 9"])
            .expect(stdout().is("2 commands, 2 statuses\n\
                 sh: killed by signal 15\n\
                 sh: exit status 9\n"))
            .check();
    }

    #[test]
    fn a_command_that_does_not_exist_ends_with_127_and_the_others_run() {
        subject!()
            .scenario("pipeline", ["no-such-command", "|", "wc", "-c"])
            .expect(stdout().is("0\n\
                 2 commands, 2 statuses\n\
                 no-such-command: exit status 127\n\
                 wc: exit status 0\n"))
            .check();
        subject!()
            .scenario("pipeline", ["true", "|", "no-such-command"])
            .expect(stdout().is("2 commands, 2 statuses\n\
                 true: exit status 0\n\
                 no-such-command: exit status 127\n"))
            .check();
    }

    #[test]
    fn four_commands_pass_everything_on() {
        subject!()
            .scenario("pipeline", ["cat", "|", "cat", "|", "sort", "-r", "|", "cat"])
            .stdin(b"1\n3\n2\n")
            .expect(stdout().is("3\n\
                 2\n\
                 1\n\
                 4 commands, 4 statuses\n\
                 cat: exit status 0\n\
                 cat: exit status 0\n\
                 sort: exit status 0\n\
                 cat: exit status 0\n"))
            .check();
    }

    #[test]
    fn no_command_has_no_status() {
        subject!()
            .scenario("pipeline", [""; 0])
            .expect(stdout().is("0 commands, 0 statuses\n"))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("pipeline", ["true", "|", "false", "--alarm"])
            .with(eintr(ALARM))
            .expect(stdout().is("2 commands, 2 statuses\n\
                 true: exit status 0\n\
                 false: exit status 1\n"))
            .check();
    }

    #[test]
    fn when_a_fork_fails_the_commands_before_it_are_reaped() {
        subject!()
            .scenario("pipeline", ["true", "|", "true", "|", "true"])
            .with(fork_eagain(3))
            .expect(stdout().is("pipeline: error\n"))
            .expect(stderr().line(format!("pipeline: {NO_PROCESS}")))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn the_callers_sigpipe_is_what_it_was_also_where_that_was_the_default() {
        subject!()
            .scenario("pipeline", ["true", "|", "true", "--default"])
            .expect(stdout().is("2 commands, 2 statuses\n\
                 true: exit status 0\n\
                 true: exit status 0\n"))
            .check();
    }

    #[test]
    fn one_command_alone_has_the_callers_input_and_output() {
        subject!()
            .scenario("pipeline", ["sh", "-c", "cat; exit 255"])
            .stdin(b"a\n")
            .expect(stdout().is("a\n1 commands, 1 statuses\nsh: exit status 255\n"))
            .check();
    }

    #[test]
    fn a_file_that_is_no_program_ends_with_127_too() {
        subject!()
            .scenario("pipeline", ["echo", "a", "|", "/"])
            .expect(stdout().line("2 commands, 2 statuses"))
            .expect(stdout().line("/: exit status 127"))
            .check();
    }

    #[test]
    fn when_a_fork_fails_a_command_before_it_that_fills_its_pipe_ends_too() {
        subject!()
            .scenario("pipeline", ["seq", "20000", "|", "true", "|", "true"])
            .with(fork_eagain(2))
            .expect(stdout().is("pipeline: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn every_command_has_the_callers_standard_error() {
        subject!()
            .scenario("pipeline", ["echo", "a", "|", "sh", "-c", "cat; echo oops >&2", "|", "cat"])
            .expect(stdout().is("a\n\
                 3 commands, 3 statuses\n\
                 echo: exit status 0\n\
                 sh: exit status 0\n\
                 cat: exit status 0\n"))
            .expect(stderr().line("oops"))
            .check();
    }
}
