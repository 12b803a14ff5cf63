//! The hidden tests of `copy-on-write`: other sizes, other children, faults, failures.

use forklings_check::prelude::*;

/// Caught by the driver without `SA_RESTART`.
const ALARM: Signal = Signal(14);

/// What the driver says of a child that ends by `exit`.
const BY_EXIT: &str = "a child ended by exit, not by _exit";

mod private_pages {
    use super::*;

    #[test]
    fn a_region_that_the_kernel_keeps_as_several_mappings_is_counted_whole() {
        for pages in [9, 300] {
            subject!()
                .scenario("private_pages_split", [pages])
                .expect(stdout().is(format!("in three mappings: {pages} pages\n")))
                .check();
        }
    }

    #[test]
    fn one_page_is_one_and_many_are_many() {
        for pages in [1, 700] {
            subject!()
                .scenario("private_pages", [pages])
                .expect(stdout().is(format!("alone: {pages} pages\n")))
                .check();
        }
    }

    #[test]
    fn when_the_caller_has_written_to_all_none_is_shared_any_more() {
        subject!()
            .scenario("private_pages_forked", ["21", "21"])
            .expect(stdout().is("alone: 21 pages\n\
                 with a child: 0 pages\n\
                 after 21 writes: 21 pages\n\
                 alone again: 21 pages\n"))
            .check();
    }
}

mod dirty {
    use super::*;

    #[test]
    fn the_pages_were_really_written_to_and_by_the_child() {
        subject!()
            .scenario("dirty", ["700", "600"])
            .expect(stdout().line("made its own: 600 pages"))
            .expect(stdout().line("page faults: enough for 600 pages"))
            .expect(stdout().line("the caller: wrote to 0 pages"))
            .expect(stdout().line("the caller's pages: as before"))
            .check();
    }

    #[test]
    fn to_write_to_no_page_or_to_all_is_no_exception() {
        for k in [0, 33] {
            subject!()
                .scenario("dirty", [33, k])
                .expect(stdout().line(format!("made its own: {k} pages")))
                .expect(unmapped())
                .expect(stdout().line("the caller's pages: as before"))
                .check();
        }
    }

    #[test]
    fn when_all_pages_were_the_childs_own_already_none_is_added() {
        subject!()
            .scenario("dirty_after", ["50", "30", "50"])
            .expect(stdout().line("made its own: 0 pages"))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        subject!()
            .scenario("dirty", ["16", "3", "--beside"])
            .expect(stdout().line("made its own: 3 pages"))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("dirty", ["16", "5"])
            .with(eintr(ALARM))
            .expect(stdout().line("made its own: 5 pages"))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_whole_figure() {
        subject!()
            .scenario("dirty", ["400", "300"])
            .with(short_reads())
            .expect(stdout().line("made its own: 300 pages"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("dirty", ["16", "5"])
            .with(fork_eagain(1))
            .expect(stdout().is("dirty: error\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }

    #[test]
    fn a_child_that_fails_or_is_killed_has_no_figure() {
        for fault in [emfile(), kill()] {
            subject!()
                .scenario("dirty_or_error", ["16", "5"])
                .with(fault)
                .expect(stdout().is("right figure or error\n"))
                .check();
        }
    }
}

mod read_only {
    use super::*;

    #[test]
    fn every_page_is_read_also_where_nobody_has_written_to_any() {
        subject!()
            .scenario("read_only_fresh", ["600"])
            .expect(stdout().line("made its own: 0 pages"))
            .expect(stdout().line("page faults: enough for 600 pages"))
            .expect(stdout().line("the caller: wrote to 0 pages"))
            .expect(unmapped())
            .check();
    }

    #[test]
    fn pages_that_were_the_childs_own_already_do_not_count() {
        subject!()
            .scenario("read_only_after", ["40", "9"])
            .expect(stdout().line("made its own: 0 pages"))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        subject!()
            .scenario("read_only", ["16", "--beside"])
            .expect(stdout().line("made its own: 0 pages"))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("read_only", ["16"])
            .with(eintr(ALARM))
            .expect(stdout().line("made its own: 0 pages"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("read_only", ["16"])
            .with(fork_eagain(1))
            .expect(stdout().is("read_only: error\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }
}

mod contain {
    use super::*;

    #[test]
    fn an_answer_without_a_byte_is_an_answer() {
        subject!()
            .scenario("contain", [0, 2])
            .expect(stdout().line("answer: 0 bytes, right"))
            .expect(heap_grows_at_most(1024))
            .check();
    }

    #[test]
    fn a_large_answer_and_a_large_leak_are_told_apart() {
        subject!()
            .scenario("contain", [2_000_000, 3])
            .expect(stdout().line("answer: 2000000 bytes, right"))
            .expect(heap_grows_at_most(1024))
            .expect(unmapped())
            .check();
    }

    #[test]
    fn who_is_killed_or_ends_the_process_gives_no_answer() {
        for how in ["kill", "exit"] {
            subject!()
                .scenario("contain_ending", [how])
                .expect(stdout().is("contain_ending: error\n"))
                .expect(exit_status(1))
                .check();
        }
    }

    #[test]
    fn a_part_of_an_answer_is_none() {
        subject!()
            .scenario("contain_or_error", ["100000"])
            .with(kill())
            .expect(stdout().is("right answer or error\n"))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        subject!()
            .scenario("contain", [3_000, 0])
            .with(short_reads())
            .expect(stdout().line("answer: 3000 bytes, right"))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        subject!()
            .scenario("contain", [30_000, 0])
            .with(short_writes())
            .expect(stdout().line("answer: 30000 bytes, right"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("contain", [70_000, 2])
            .with(eintr(ALARM))
            .expect(stdout().line("answer: 70000 bytes, right"))
            .expect(heap_grows_at_most(1024))
            .expect(stdout().no_line(BY_EXIT))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        subject!()
            .scenario("contain", ["41", "2", "--beside"])
            .expect(heap_grows_at_most(1024))
            .expect(stdout().line("answer: 41 bytes, right"))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("contain", [41, 1])
            .with(fork_eagain(1))
            .expect(stdout().line("contain: error"))
            .expect(stdout().no_line("answer: 41 bytes, right"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
    }
}

mod snapshot {
    use super::*;

    #[test]
    fn two_copies_at_once_are_each_of_their_time() {
        for scenario in ["snapshot_twice", "snapshot_in_turn"] {
            subject!()
                .scenario(scenario, ["5"])
                .expect(stdout().is("first copy: 5 rows, as they were at the call\n\
                     second copy: 5 rows, as they were at the call\n"))
                .expect(forks(2))
                .expect(waits_asleep())
                .check();
        }
    }

    #[test]
    fn a_copy_that_cannot_be_written_is_not_complete() {
        subject!()
            .scenario("snapshot_refused", ["3"])
            .expect(stdout().is("finish: error\n"))
            .check();
    }

    #[test]
    fn a_copy_whose_writer_is_killed_is_not_complete() {
        subject!()
            .scenario("snapshot_or_error", ["4"])
            .with(kill())
            .expect(stdout().is("right copy or error\n"))
            .check();
    }

    #[test]
    fn a_large_table_goes_through_a_small_pipe() {
        subject!()
            .scenario("snapshot", ["40", "100"])
            .expect(stdout().line("copy: 40 rows, as they were at the call"))
            .expect(stdout().no_line(BY_EXIT))
            .check();
    }

    #[test]
    fn a_table_without_rows_has_a_copy_too() {
        subject!()
            .scenario("snapshot", ["0", "0"])
            .expect(stdout().line("copy: 0 rows, as they were at the call"))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        subject!()
            .scenario("snapshot", ["4", "4"])
            .with(short_writes())
            .expect(stdout().line("copy: 4 rows, as they were at the call"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("snapshot_late", ["3", "5"])
            .with(eintr(ALARM))
            .expect(stdout().line("copy: 3 rows, as they were at the call"))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        subject!()
            .scenario("snapshot_late", ["3", "5", "--beside"])
            .expect(stdout().line("copy: 3 rows, as they were at the call"))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("snapshot_late", ["3", "5"])
            .with(fork_eagain(1))
            .expect(stdout().is("snapshot_late: error\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
        subject!()
            .scenario("snapshot_twice", ["3"])
            .with(fork_eagain(2))
            .expect(stdout().is("snapshot_twice: error\n"))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
    }
}
