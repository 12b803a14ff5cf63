//! The hidden tests of `pipes`: other sizes, other services and commands, faults, failures.

use forklings_check::prelude::*;
use std::ops::RangeInclusive;

/// EAGAIN in words, as it comes out of `main`.
const NO_PROCESS: &str = "Resource temporarily unavailable (os error 11)";

/// Caught by the driver without `SA_RESTART`.
const ALARM: Signal = Signal(14);

/// Bytes that a read or write need not move at once, and that a pipe holds.
const SEVERAL: RangeInclusive<usize> = 20_000..=40_000;
/// Bytes that are more than a pipe holds, which is 64 KiB.
const MORE_THAN_A_PIPE: RangeInclusive<usize> = 80_000..=120_000;
/// Bytes of a short record. The driver shows a single byte as text.
const FEW: RangeInclusive<usize> = 2..=60;

/// The driver's lines about right records.
fn records(lengths: &[usize]) -> String {
    let line = |(i, length): (usize, &usize)| match length {
        0 => format!("record {i}: \"\", right\n"),
        length => format!("record {i}: {length} bytes, right\n"),
    };
    let lines: String = lengths.iter().enumerate().map(line).collect();
    format!("{} records\n{lines}", lengths.len())
}

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
        let length = draw!().usize(2_000..=4_000);
        subject!()
            .scenario("to_child", [length])
            .with(short_reads())
            .expect(stdout().line_times(format!("child: {length} bytes, right"), 1))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        let length = draw!().usize(SEVERAL);
        subject!()
            .scenario("to_child", [length])
            .with(short_writes())
            .expect(stdout().line_times(format!("child: {length} bytes, right"), 1))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        let message = word(&mut draw!());
        subject!()
            .scenario("to_child", [&message, "--alarm"])
            .with(eintr(ALARM))
            .expect(before(format!("child: {message:?}, right"), "caller: the child is gone"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("to_child", [word(&mut draw!())])
            .with(fork_eagain(1))
            .expect(stdout().is("to_child: error\n"))
            .expect(stderr().line(format!("to_child: {NO_PROCESS}")))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_write_that_waits_for_room_may_be_interrupted() {
        let length = draw!().usize(MORE_THAN_A_PIPE);
        subject!()
            .scenario("to_child", [&length.to_string(), "--alarm"])
            .with(eintr(ALARM))
            .expect(before(format!("child: {length} bytes, right"), "caller: the child is gone"))
            .check();
    }

    #[test]
    fn a_child_that_fails_is_an_error() {
        subject!()
            .scenario("to_child_failing", [word(&mut draw!())])
            .expect(stdout().is("to_child_failing: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_signal_may_meet_the_child_too() {
        let message = word(&mut draw!());
        subject!()
            .scenario("to_child", [&message, "--alarms"])
            .expect(before(format!("child: {message:?}, right"), "caller: the child is gone"))
            .check();
    }

    #[test]
    fn a_child_that_is_killed_before_it_reads_is_an_error() {
        let mut draw = draw!();
        for message in [word(&mut draw), draw.usize(MORE_THAN_A_PIPE).to_string()] {
            subject!()
                .scenario("to_child", [&message, "--dying"])
                .expect(stdout().is("to_child: error\n"))
                .expect(exit_status(1))
                .check();
        }
    }

    #[test]
    fn what_is_shown_came_through_the_pipe() {
        let length = draw!().u32(15_000..=25_000);
        subject!()
            .scenario("to_child", [length])
            .expect(stdout().line(format!("child: {length} bytes, right")))
            .expect(bytes_pass(length))
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

/// The driver makes the pipe as small as a page: 4 KiB.
mod send_until_gone {
    use super::*;

    #[test]
    fn sigpipe_at_its_default_kills_nobody() {
        let mut draw = draw!();
        // Several records fill the pipe, and the reader takes more than it holds.
        let (takes, length) = (draw.usize(4_500..=6_000), draw.usize(1_200..=2_000));
        subject!()
            .scenario("send_until_gone", [&takes.to_string(), &length.to_string(), "default"])
            .expect(stdout().line(format!("reader: {takes} bytes, right")))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }

    #[test]
    fn the_disposition_of_sigpipe_is_left_as_it_was() {
        let length = draw!().usize(5_000..=12_000);
        subject!()
            .scenario("send_until_gone", ["0", &length.to_string(), "default"])
            .expect(stdout().is("caller: the pipe took 0 bytes\nSIGPIPE: as before\n"))
            .check();
        subject!()
            .scenario("send_until_gone", [0, length])
            .expect(stdout().is("caller: the pipe took 0 bytes\nSIGPIPE: as before\n"))
            .check();
    }

    #[test]
    fn after_a_short_write_it_goes_on_in_the_middle_of_the_record() {
        let mut draw = draw!();
        let (takes, length) = (draw.usize(8_000..=10_000), draw.usize(2_500..=3_500));
        subject!()
            .scenario("send_until_gone", [takes, length])
            .with(short_writes())
            .expect(stdout().line(format!("reader: {takes} bytes, right")))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }

    #[test]
    fn a_signal_is_not_the_end_of_the_reader() {
        let mut draw = draw!();
        // A record is more than the pipe holds, and the reader takes more than one.
        let (takes, length) = (draw.usize(8_000..=10_000), draw.usize(4_500..=6_000));
        subject!()
            .scenario("send_until_gone", [&takes.to_string(), &length.to_string(), "--alarm"])
            .with(eintr(ALARM))
            .expect(stdout().line(format!("reader: {takes} bytes, right")))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }

    #[test]
    fn what_the_reader_leaves_in_the_pipe_counts_too() {
        let mut draw = draw!();
        let takes = draw.usize(6_000..=8_000);
        for length in [draw.usize(800..=1_500), draw.usize(MORE_THAN_A_PIPE)] {
            subject!()
                .scenario("send_until_gone_exactly", [takes, length])
                .expect(stdout().is("caller: counted every byte\n"))
                .check();
        }
    }

    #[test]
    fn a_part_of_a_record_counts_too() {
        let mut draw = draw!();
        // The reader takes a part of the first record, and the pipe holds the rest of it.
        let (takes, length) = (draw.usize(6_500..=7_500), draw.usize(9_000..=10_500));
        subject!()
            .scenario("send_until_gone", [takes, length])
            .expect(stdout().line(format!("reader: {takes} bytes, right")))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }
}

mod gather {
    use super::*;

    #[test]
    fn records_larger_than_an_atomic_write_arrive_whole() {
        let mut draw = draw!();
        // An atomic write has at most 4096 bytes.
        let lengths = [0, draw.usize(4_097..=8_000), draw.usize(15_000..=25_000)];
        subject!().scenario("gather", lengths).expect(stdout().is(records(&lengths))).check();
    }

    #[test]
    fn one_record_larger_than_the_pipe_arrives_whole() {
        let length = draw!().usize(MORE_THAN_A_PIPE);
        subject!().scenario("gather", [length]).expect(stdout().is(records(&[length]))).check();
    }

    #[test]
    fn two_records_larger_than_the_pipe_arrive_whole() {
        let mut draw = draw!();
        let lengths = [draw.usize(MORE_THAN_A_PIPE), draw.usize(70_000..=80_000)];
        subject!().scenario("gather", lengths).expect(stdout().is(records(&lengths))).check();
    }

    #[test]
    fn eight_workers_have_eight_records() {
        let mut draw = draw!();
        let lengths = [(); 8].map(|()| draw.usize(FEW));
        subject!()
            .scenario("gather", lengths)
            .expect(stdout().is(records(&lengths)))
            .expect(forks(8))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_tears_no_record() {
        let mut draw = draw!();
        let lengths = [draw.usize(50..=150), draw.usize(150..=250)];
        subject!()
            .scenario("gather", lengths)
            .with(short_reads())
            .expect(stdout().is(records(&lengths)))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        let mut draw = draw!();
        let lengths = [draw.usize(FEW), draw.usize(FEW)];
        subject!()
            .scenario("gather", [&lengths[0].to_string(), &lengths[1].to_string(), "--alarm"])
            .with(eintr(ALARM))
            .expect(stdout().is(records(&lengths)))
            .check();
    }

    #[test]
    fn when_a_fork_fails_the_workers_before_it_are_reaped() {
        let mut draw = draw!();
        subject!()
            .scenario("gather", [(); 3].map(|()| draw.usize(FEW)))
            .with(fork_eagain(3))
            .expect(stdout().is("gather: error\n"))
            .expect(stderr().line(format!("gather: {NO_PROCESS}")))
            .expect(exit_status(1))
            .expect(forks(2))
            .check();
    }

    #[test]
    fn when_a_fork_fails_no_other_is_tried() {
        let mut draw = draw!();
        for nth in [1, 2] {
            subject!()
                .scenario("gather", [(); 3].map(|()| draw.usize(FEW)))
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
        let mut draw = draw!();
        let lengths = [draw.usize(MORE_THAN_A_PIPE), draw.usize(FEW)];
        subject!()
            .scenario("gather", [&lengths[0].to_string(), &lengths[1].to_string(), "--alarms"])
            .expect(stdout().is(records(&lengths)))
            .check();
    }

    #[test]
    fn workers_that_are_killed_make_it_an_error() {
        let mut draw = draw!();
        let lengths = [draw.usize(FEW), draw.usize(FEW)];
        subject!()
            .scenario("gather", [&lengths[0].to_string(), &lengths[1].to_string(), "--dying"])
            .expect(stdout().is("gather: error\n"))
            .expect(exit_status(1))
            .expect(forks(2))
            .check();
    }

    #[test]
    fn when_a_fork_fails_a_worker_whose_record_fills_the_pipe_comes_to_its_end() {
        let mut draw = draw!();
        subject!()
            .scenario("gather", [draw.usize(MORE_THAN_A_PIPE), draw.usize(FEW)])
            .with(fork_eagain(2))
            .expect(stdout().is("gather: error\n"))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn a_worker_that_fails_does_not_hide_behind_the_last() {
        let mut draw = draw!();
        // The first of two.
        subject!()
            .scenario("gather_failing", [0, draw.usize(4_097..=8_000), draw.usize(FEW)])
            .expect(stdout().is("gather_failing: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn all_workers_work_at_the_same_time() {
        let mut draw = draw!();
        let mut lengths = [draw.usize(FEW), 0, draw.usize(4_097..=8_000)];
        draw.shuffle(&mut lengths);
        subject!()
            .scenario("gather_together", lengths)
            .expect(stdout().is(records(&lengths)))
            .check();
    }
}

mod ask {
    use super::*;

    #[test]
    fn a_service_may_answer_before_it_reads() {
        // The greeting has 70,000 bytes, and the length in digits follows.
        let length = draw!().usize(70_000..=90_000);
        subject!()
            .scenario("ask", ["greet", &length.to_string()])
            .expect(stdout().is("answer: 70005 bytes, right\n"))
            .check();
    }

    #[test]
    fn a_service_may_stop_reading_early() {
        let mut draw = draw!();
        let request = word(&mut draw);
        subject!()
            .scenario("ask", ["first", &request])
            .expect(stdout().is(format!("answer: {:?}, right\n", &request[..1])))
            .check();
        subject!()
            .scenario("ask", ["first", &draw.usize(MORE_THAN_A_PIPE).to_string()])
            .expect(stdout().is("answer: 1 bytes, right\n"))
            .check();
    }

    #[test]
    fn a_service_need_not_read_at_all() {
        let mut draw = draw!();
        for request in [word(&mut draw), draw.usize(MORE_THAN_A_PIPE).to_string()] {
            subject!()
                .scenario("ask", ["deaf", &request])
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
            .scenario("ask", ["fail", &word(&mut draw!())])
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .expect(child_exits(1))
            .check();
    }

    #[test]
    fn a_part_of_an_answer_is_none() {
        subject!()
            .scenario("ask", ["fail_late", &word(&mut draw!())])
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_service_that_is_killed_is_an_error() {
        subject!()
            .scenario("ask", ["shout", &draw!().usize(MORE_THAN_A_PIPE).to_string(), "--dying"])
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn the_request_goes_there_through_a_pipe_and_the_answer_back() {
        let length = draw!().u32(5_000..=8_000);
        subject!()
            .scenario("ask", ["shout", &length.to_string()])
            .expect(stdout().is(format!("answer: {length} bytes, right\n")))
            .expect(bytes_pass(2 * length))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        let length = draw!().usize(1_500..=2_500);
        subject!()
            .scenario("ask", ["shout", &length.to_string()])
            .with(short_reads())
            .expect(stdout().is(format!("answer: {length} bytes, right\n")))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        let length = draw!().usize(SEVERAL);
        subject!()
            .scenario("ask", ["count", &length.to_string()])
            .with(short_writes())
            .expect(stdout().is(format!("answer: \"{length}\", right\n")))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        let request = word(&mut draw!());
        subject!()
            .scenario("ask", ["shout", &request, "--alarm"])
            .with(eintr(ALARM))
            .expect(stdout().is(format!("answer: {:?}, right\n", request.to_uppercase())))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("ask", ["shout", &word(&mut draw!())])
            .with(fork_eagain(1))
            .expect(stdout().is("ask: error\n"))
            .expect(stderr().line(format!("ask: {NO_PROCESS}")))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn a_service_that_cannot_be_started_leaves_nothing_to_wait_for() {
        subject!()
            .scenario("ask", ["count", &draw!().usize(MORE_THAN_A_PIPE).to_string()])
            .with(fork_eagain(1))
            .expect(stdout().is("ask: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn when_a_second_fork_fails_the_first_child_is_reaped() {
        let mut draw = draw!();
        let (short, long) = (word(&mut draw), draw.usize(MORE_THAN_A_PIPE).to_string());
        for (service, request) in [("count", &long), ("greet", &short), ("first", &long)] {
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

    /// The numbers up to here have more bytes than a pipe holds.
    const LINES: RangeInclusive<usize> = 15_000..=25_000;

    #[test]
    fn all_commands_run_at_the_same_time() {
        let lines = draw!().usize(LINES);
        subject!()
            .scenario("pipeline", ["seq", &lines.to_string(), "|", "wc", "-l"])
            .expect(stdout().is(format!(
                "{lines}\n\
                 2 commands, 2 statuses\n\
                 seq: exit status 0\n\
                 wc: exit status 0\n"
            )))
            .check();
    }

    #[test]
    fn whoever_writes_to_nobody_dies_of_sigpipe() {
        let length = draw!().usize(MORE_THAN_A_PIPE);
        let writer = format!("printf %{length}s x; exit 3");
        subject!()
            .scenario("pipeline", ["sh", "-c", &writer, "|", "true"])
            .expect(stdout().is("2 commands, 2 statuses\n\
                 sh: killed by signal 13\n\
                 true: exit status 0\n"))
            .check();
    }

    #[test]
    fn a_signal_is_not_an_exit_status() {
        let mut draw = draw!();
        // No core file, and the code could be a signal's number. USR1 is 10, USR2 is 12.
        let [(number, name)] = distinct(&mut draw, [(10, "USR1"), (12, "USR2"), (15, "TERM")]);
        let code = draw.u8(1..=31);
        let (killed, exits) = (format!("kill -{name} $$"), format!("exit {code}"));
        subject!()
            .scenario("pipeline", ["sh", "-c", &killed, "|", "sh", "-c", &exits])
            .expect(stdout().is(format!(
                "2 commands, 2 statuses\n\
                 sh: killed by signal {number}\n\
                 sh: exit status {code}\n"
            )))
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
        // Digits, not as they come out.
        let mut digits: [u8; 3] = distinct(&mut draw!(), 0..=9);
        digits.sort_unstable();
        let [low, middle, high] = digits;
        subject!()
            .scenario("pipeline", ["cat", "|", "cat", "|", "sort", "-r", "|", "cat"])
            .stdin(format!("{low}\n{high}\n{middle}\n"))
            .expect(stdout().is(format!(
                "{high}\n\
                 {middle}\n\
                 {low}\n\
                 4 commands, 4 statuses\n\
                 cat: exit status 0\n\
                 cat: exit status 0\n\
                 sort: exit status 0\n\
                 cat: exit status 0\n"
            )))
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
        let line = word(&mut draw!());
        subject!()
            .scenario("pipeline", ["sh", "-c", "cat; exit 255"])
            .stdin(format!("{line}\n"))
            .expect(stdout().is(format!("{line}\n1 commands, 1 statuses\nsh: exit status 255\n")))
            .check();
    }

    #[test]
    fn a_file_that_is_no_program_ends_with_127_too() {
        subject!()
            .scenario("pipeline", ["echo", &word(&mut draw!()), "|", "/"])
            .expect(stdout().line("2 commands, 2 statuses"))
            .expect(stdout().line("/: exit status 127"))
            .check();
    }

    #[test]
    fn when_a_fork_fails_a_command_before_it_that_fills_its_pipe_ends_too() {
        let lines = draw!().usize(LINES);
        subject!()
            .scenario("pipeline", ["seq", &lines.to_string(), "|", "true", "|", "true"])
            .with(fork_eagain(2))
            .expect(stdout().is("pipeline: error\n"))
            .expect(exit_status(1))
            .check();
    }

    #[test]
    fn every_command_has_the_callers_standard_error() {
        let mut draw = draw!();
        let (line, complaint) = (word(&mut draw), word(&mut draw));
        let complains = format!("cat; echo {complaint} >&2");
        subject!()
            .scenario("pipeline", ["echo", &line, "|", "sh", "-c", &complains, "|", "cat"])
            .expect(stdout().is(format!(
                "{line}\n\
                 3 commands, 3 statuses\n\
                 echo: exit status 0\n\
                 sh: exit status 0\n\
                 cat: exit status 0\n"
            )))
            .expect(stderr().line(complaint))
            .check();
    }
}
