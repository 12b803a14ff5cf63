//! The visible tests of `copy-on-write`. A module is a task: `cargo test -p copy-on-write dirty`
//! judges one. Each test runs a scenario of `src/main.rs` under many schedules of its processes.

use forklings_check::prelude::*;

/// What the driver says of a child that ends by `exit`.
const BY_EXIT: &str = "a child ended by exit, not by _exit";

mod private_pages {
    use super::*;

    #[test]
    fn pages_that_nobody_else_has_are_counted_and_no_others() {
        subject!()
            .scenario("private_pages", ["40"])
            .expect(stdout().is("alone: 40 pages\n"))
            .check();
    }

    #[test]
    fn after_a_fork_a_page_is_private_again_when_it_is_written_to() {
        subject!()
            .scenario("private_pages_forked", ["32", "5"])
            .expect(stdout().is("alone: 32 pages\n\
                 with a child: 0 pages\n\
                 after 5 writes: 5 pages\n\
                 alone again: 32 pages\n"))
            .check();
    }
}

mod dirty {
    use super::*;

    #[test]
    fn the_child_makes_those_pages_its_own_that_it_writes_to() {
        subject!()
            .scenario("dirty", ["64", "10"])
            .expect(stdout().line("made its own: 10 pages"))
            .expect(stdout().line("the caller: wrote to 0 pages"))
            .expect(unmapped())
            .expect(stdout().line("the caller's pages: as before"))
            .expect(stdout().no_line(BY_EXIT))
            .expect(forks(1))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_page_that_was_the_childs_own_already_does_not_count() {
        subject!()
            .scenario("dirty_after", ["64", "20", "6"])
            .expect(stdout().line("made its own: 14 pages"))
            .expect(stdout().line("the caller's pages: as before"))
            .check();
    }
}

mod read_only {
    use super::*;

    #[test]
    fn who_only_reads_makes_nothing_its_own() {
        subject!()
            .scenario("read_only", ["64"])
            .expect(stdout().line("made its own: 0 pages"))
            .expect(stdout().line("the caller: wrote to 0 pages"))
            .expect(stdout().no_line(BY_EXIT))
            .expect(forks(1))
            .expect(waits_asleep())
            .check();
    }
}

mod contain {
    use super::*;

    #[test]
    fn the_answer_comes_back_and_the_memory_does_not() {
        subject!()
            .scenario("contain", ["1000", "2"])
            .expect(stdout().line_times("work: in a child", 1))
            .expect(stdout().line("answer: 1000 bytes, right"))
            .expect(stdout().line("footprint: 0 MiB more"))
            .expect(stdout().line("program break: 0 MiB further"))
            .expect(stdout().no_line("work: in the caller"))
            .expect(stdout().no_line(BY_EXIT))
            .expect(forks(1))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn an_answer_larger_than_a_pipe_comes_back_whole() {
        subject!()
            .scenario("contain", ["100000", "0"])
            .expect(stdout().line("answer: 100000 bytes, right"))
            .expect(heap_grows_at_most(1024))
            .check();
    }

    #[test]
    fn who_panics_gives_no_answer() {
        subject!()
            .scenario("contain_ending", ["panic"])
            .expect(stdout().is("contain_ending: error\n"))
            .expect(exit_status(1))
            .check();
    }
}

mod snapshot {
    use super::*;

    #[test]
    fn the_caller_goes_on_and_the_copy_is_the_table_at_the_call() {
        subject!()
            .scenario("snapshot", ["24", "10"])
            .expect(stdout().is("the caller: read 0 rows\n\
                 the caller: made 10 transfers\n\
                 copy: 24 rows, as they were at the call\n"))
            .expect(forks(1))
            .check();
    }

    #[test]
    fn the_copy_is_complete_when_it_is_finished() {
        subject!()
            .scenario("snapshot_late", ["5", "4"])
            .expect(stdout().line("the caller: read 0 rows"))
            .expect(stdout().line("copy: 5 rows, as they were at the call"))
            .expect(stdout().no_line(BY_EXIT))
            .expect(forks(1))
            .expect(waits_asleep())
            .check();
    }
}
