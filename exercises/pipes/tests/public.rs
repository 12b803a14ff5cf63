//! The visible tests of `pipes`. The modules are the tasks: `cargo test -p pipes gather`.

use forklings_check::prelude::*;

const NO_ARGS: [&str; 0] = [];

mod to_child {
    use super::*;

    #[test]
    fn the_child_shows_the_message_before_the_caller_goes_on() {
        subject!()
            .scenario("to_child", ["hello"])
            .expect(stdout().is("child: \"hello\", right\ncaller: the child is gone\n"))
            .expect(before("child: \"hello\", right", "caller: the child is gone"))
            .expect(bytes_pass(5))
            .expect(child_reads_to_the_end())
            .expect(child_exits(0))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn a_message_larger_than_the_pipe_arrives_whole() {
        subject!()
            .scenario("to_child", [100_000])
            .expect(stdout().line("child: 100000 bytes, right"))
            .check();
    }
}

mod try_read {
    use super::*;

    #[test]
    fn an_empty_pipe_and_the_end_of_file_are_told_apart() {
        subject!()
            .scenario("try_read", NO_ARGS)
            .expect(stdout().line("empty pipe: nothing yet"))
            .expect(stdout().line("after a write: \"hello\", then nothing yet"))
            .expect(stdout().line("after the last close: \"the last words\", then end of file"))
            .expect(nobody_waits())
            .check();
    }
}

mod send_until_gone {
    use super::*;

    #[test]
    fn the_record_goes_round_and_round_until_the_reader_is_gone() {
        subject!()
            .scenario("send_until_gone", [9_000, 1_000])
            .expect(stdout().line("reader: 9000 bytes, right"))
            .expect(stdout().line("caller: counted what can be"))
            .check();
    }

    #[test]
    fn without_a_reader_the_pipe_takes_nothing() {
        subject!()
            .scenario("send_until_gone", [0, 100])
            .expect(stdout().line("caller: the pipe took 0 bytes"))
            .check();
    }
}

mod gather {
    use super::*;

    #[test]
    fn every_record_arrives_whole_and_in_its_place() {
        subject!()
            .scenario("gather", [10, 20, 30])
            .expect(stdout().is("3 records\n\
                 record 0: 10 bytes, right\n\
                 record 1: 20 bytes, right\n\
                 record 2: 30 bytes, right\n"))
            .expect(forks(3))
            .check();
    }

    #[test]
    fn without_workers_there_are_no_records() {
        subject!().scenario("gather", NO_ARGS).expect(stdout().is("0 records\n")).check();
    }

    #[test]
    fn a_worker_that_fails_makes_it_an_error() {
        subject!()
            .scenario("gather_failing", [1, 10, 20, 30])
            .expect(stdout().is("gather_failing: error\n"))
            .expect(exit_status(1))
            .check();
    }
}

mod ask {
    use super::*;

    #[test]
    fn the_answer_comes_back() {
        subject!()
            .scenario("ask", ["shout", "hello"])
            .expect(stdout().is("answer: \"HELLO\", right\n"))
            .expect(bytes_pass(10))
            .check();
    }

    #[test]
    fn a_service_that_waits_for_the_end_of_the_request_gets_it() {
        subject!()
            .scenario("ask", ["count", "1000"])
            .expect(stdout().is("answer: \"1000\", right\n"))
            .check();
    }

    #[test]
    fn request_and_answer_may_be_larger_than_both_pipes() {
        subject!()
            .scenario("ask", ["shout", "150000"])
            .expect(stdout().is("answer: 150000 bytes, right\n"))
            .check();
    }
}

mod pipeline {
    use super::*;

    #[test]
    fn the_output_of_one_command_is_the_input_of_the_next() {
        subject!()
            .scenario("pipeline", ["seq", "3", "|", "tr", "123", "abc"])
            .expect(stdout().is("a\n\
                 b\n\
                 c\n\
                 2 commands, 2 statuses\n\
                 seq: exit status 0\n\
                 tr: exit status 0\n"))
            .expect(tree("fan", [0, 0]))
            .check();
    }

    #[test]
    fn the_first_command_reads_what_the_caller_would() {
        subject!()
            .scenario("pipeline", ["cat", "|", "sort"])
            .stdin(b"b\nc\na\n")
            .expect(stdout().is("a\n\
                 b\n\
                 c\n\
                 2 commands, 2 statuses\n\
                 cat: exit status 0\n\
                 sort: exit status 0\n"))
            .check();
    }

    #[test]
    fn every_command_has_a_status_of_its_own() {
        subject!()
            .scenario("pipeline", ["sh", "-c", "exit 3", "|", "true", "|", "false"])
            .expect(stdout().is("3 commands, 3 statuses\n\
                 sh: exit status 3\n\
                 true: exit status 0\n\
                 false: exit status 1\n"))
            .check();
    }
}
