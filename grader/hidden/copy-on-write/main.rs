//! The hidden tests of `copy-on-write`: other sizes, other children, faults, failures.

use forklings_check::prelude::*;
use std::ops::RangeInclusive;

/// Caught by the driver without `SA_RESTART`.
const ALARM: Signal = Signal(14);

/// What the driver says of a child that ends by `exit`.
const BY_EXIT: &str = "a child ended by exit, not by _exit";

/// A region's pages, and how many of them are meant: at least one, and not all.
fn some_of(draw: &mut Rng, pages: RangeInclusive<usize>) -> [usize; 2] {
    let pages = draw.usize(pages);
    [pages, draw.usize(1..pages)]
}

/// Rows of a table, and transfers after which it is another one: so many as rows make it what it was.
fn rows_and_transfers(draw: &mut Rng, rows: RangeInclusive<usize>, rounds: usize) -> [usize; 2] {
    let rows = draw.usize(rows);
    [rows, rounds * rows + draw.usize(1..rows)]
}

mod private_pages {
    use super::*;

    #[test]
    fn a_region_that_the_kernel_keeps_as_several_mappings_is_counted_whole() {
        let mut draw = draw!();
        for pages in [draw.usize(3..=30), draw.usize(250..=350)] {
            subject!()
                .scenario("private_pages_split", [pages])
                .expect(stdout().is(format!("in three mappings: {pages} pages\n")))
                .check();
        }
    }

    #[test]
    fn one_page_is_one_and_many_are_many() {
        for pages in [1, draw!().usize(500..=900)] {
            subject!()
                .scenario("private_pages", [pages])
                .expect(stdout().is(format!("alone: {pages} pages\n")))
                .check();
        }
    }

    #[test]
    fn when_the_caller_has_written_to_all_none_is_shared_any_more() {
        let n = draw!().usize(10..=40);
        subject!()
            .scenario("private_pages_forked", [n, n])
            .expect(stdout().is(format!(
                "alone: {n} pages\n\
                 with a child: 0 pages\n\
                 after {n} writes: {n} pages\n\
                 alone again: {n} pages\n"
            )))
            .check();
    }
}

mod dirty {
    use super::*;

    #[test]
    fn the_pages_were_really_written_to_and_by_the_child() {
        let mut draw = draw!();
        // More than the page faults that a child has anyway.
        let (pages, k) = (draw.usize(650..=750), draw.usize(550..=650));
        subject!()
            .scenario("dirty", [pages, k])
            .expect(stdout().line(format!("made its own: {k} pages")))
            .expect(stdout().line(format!("page faults: enough for {k} pages")))
            .expect(stdout().line("the caller: wrote to 0 pages"))
            .expect(stdout().line("the caller's pages: as before"))
            .check();
    }

    #[test]
    fn to_write_to_no_page_or_to_all_is_no_exception() {
        let pages = draw!().usize(20..=50);
        for k in [0, pages] {
            subject!()
                .scenario("dirty", [pages, k])
                .expect(stdout().line(format!("made its own: {k} pages")))
                .expect(unmapped())
                .expect(stdout().line("the caller's pages: as before"))
                .check();
        }
    }

    #[test]
    fn when_all_pages_were_the_childs_own_already_none_is_added() {
        let [pages, k] = some_of(&mut draw!(), 30..=60);
        subject!()
            .scenario("dirty_after", [pages, k, pages])
            .expect(stdout().line("made its own: 0 pages"))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        let [pages, k] = some_of(&mut draw!(), 10..=30);
        subject!()
            .scenario("dirty", [&pages.to_string(), &k.to_string(), "--beside"])
            .expect(stdout().line(format!("made its own: {k} pages")))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        let [pages, k] = some_of(&mut draw!(), 10..=30);
        subject!()
            .scenario("dirty", [pages, k])
            .with(eintr(ALARM))
            .expect(stdout().line(format!("made its own: {k} pages")))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_whole_figure() {
        let mut draw = draw!();
        // Several digits, so that a part of the figure is another figure.
        let (pages, k) = (draw.usize(400..=500), draw.usize(250..=400));
        subject!()
            .scenario("dirty", [pages, k])
            .with(short_reads())
            .expect(stdout().line(format!("made its own: {k} pages")))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("dirty", some_of(&mut draw!(), 10..=30))
            .with(fork_eagain(1))
            .expect(stdout().is("dirty: error\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .expect(unmapped())
            .check();
    }

    #[test]
    fn a_child_that_fails_or_is_killed_has_no_figure() {
        for fault in [emfile(), kill()] {
            subject!()
                .scenario("dirty_or_error", ["16", "5"])
                .with(fault)
                .expect(stdout().line_times("right figure or error", 1))
                .expect(no_line_after_failure("gave an answer"))
                .expect(unmapped())
                .check();
        }
    }
}

mod read_only {
    use super::*;

    #[test]
    fn every_page_is_read_also_where_nobody_has_written_to_any() {
        // More than the page faults that a child has anyway.
        let pages = draw!().usize(550..=650);
        subject!()
            .scenario("read_only_fresh", [pages])
            .expect(stdout().line("made its own: 0 pages"))
            .expect(stdout().line(format!("page faults: enough for {pages} pages")))
            .expect(stdout().line("the caller: wrote to 0 pages"))
            .expect(unmapped())
            .check();
    }

    #[test]
    fn pages_that_were_the_childs_own_already_do_not_count() {
        subject!()
            .scenario("read_only_after", some_of(&mut draw!(), 20..=60))
            .expect(stdout().line("made its own: 0 pages"))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        subject!()
            .scenario("read_only", [&draw!().usize(10..=30).to_string(), "--beside"])
            .expect(stdout().line("made its own: 0 pages"))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        subject!()
            .scenario("read_only", [draw!().usize(10..=30)])
            .with(eintr(ALARM))
            .expect(stdout().line("made its own: 0 pages"))
            .check();
    }

    #[test]
    fn a_child_that_fails_or_is_killed_has_no_figure() {
        for fault in [emfile(), kill()] {
            subject!()
                .scenario("read_only_or_error", ["16"])
                .with(fault)
                .expect(stdout().line_times("right figure or error", 1))
                .expect(no_line_after_failure("gave an answer"))
                .expect(unmapped())
                .check();
        }
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        subject!()
            .scenario("read_only", [draw!().usize(10..=30)])
            .with(fork_eagain(1))
            .expect(stdout().is("read_only: error\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .expect(unmapped())
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
        let mut draw = draw!();
        // More than any pipe is allowed to hold.
        let (length, mib) = (draw.usize(1_900_000..=2_100_000), draw.usize(2..=4));
        subject!()
            .scenario("contain", [length, mib])
            .expect(stdout().line(format!("answer: {length} bytes, right")))
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
            .scenario("contain_or_error", [draw!().usize(80_000..=120_000)])
            .with(kill())
            .expect(stdout().line_times("right answer or error", 1))
            .expect(no_line_after_failure("gave an answer"))
            .check();
    }

    #[test]
    fn a_read_that_gives_less_is_not_the_end() {
        let length = draw!().usize(2_000..=4_000);
        subject!()
            .scenario("contain", [length, 0])
            .with(short_reads())
            .expect(stdout().line(format!("answer: {length} bytes, right")))
            .check();
    }

    #[test]
    fn a_write_that_takes_less_is_gone_on_with() {
        let length = draw!().usize(20_000..=40_000);
        subject!()
            .scenario("contain", [length, 0])
            .with(short_writes())
            .expect(stdout().line(format!("answer: {length} bytes, right")))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        // More than a pipe holds.
        let length = draw!().usize(70_000..=80_000);
        subject!()
            .scenario("contain", [length, 2])
            .with(eintr(ALARM))
            .expect(stdout().line(format!("answer: {length} bytes, right")))
            .expect(heap_grows_at_most(1024))
            .expect(stdout().no_line(BY_EXIT))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        let length = draw!().usize(1..=200);
        subject!()
            .scenario("contain", [&length.to_string(), "2", "--beside"])
            .expect(heap_grows_at_most(1024))
            .expect(stdout().line(format!("answer: {length} bytes, right")))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        let length = draw!().usize(1..=200);
        subject!()
            .scenario("contain", [length, 1])
            .with(fork_eagain(1))
            .expect(stdout().line("contain: error"))
            .expect(stdout().no_line(format!("answer: {length} bytes, right")))
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
        // Three transfers after the first copy, two after the second: neither three nor five make the
        // table what it was.
        let [rows] = distinct(&mut draw!(), [4, 6, 7]);
        for scenario in ["snapshot_twice", "snapshot_in_turn"] {
            subject!()
                .scenario(scenario, [rows])
                .expect(stdout().is(format!(
                    "first copy: {rows} rows, as they were at the call\n\
                     second copy: {rows} rows, as they were at the call\n"
                )))
                .expect(forks(2))
                .expect(waits_asleep())
                .check();
        }
    }

    #[test]
    fn a_copy_that_cannot_be_written_is_not_complete() {
        // One row fits into any buffer, and is written with it at the end.
        for rows in [1, draw!().usize(2..=4)] {
            subject!()
                .scenario("snapshot_refused", [rows])
                .expect(stdout().is("finish: error\n"))
                .check();
        }
    }

    #[test]
    fn a_copy_whose_writer_is_killed_is_not_complete() {
        subject!()
            .scenario("snapshot_or_error", [draw!().usize(3..=5)])
            .with(kill())
            .expect(stdout().line_times("right copy or error", 1))
            .expect(no_line_after_failure("gave an answer"))
            .check();
    }

    #[test]
    fn a_large_table_goes_through_a_small_pipe() {
        // A row has 4 KiB; a pipe holds one row or sixteen.
        let [rows, transfers] = rows_and_transfers(&mut draw!(), 35..=45, 2);
        subject!()
            .scenario("snapshot", [rows, transfers])
            .expect(stdout().line(format!("copy: {rows} rows, as they were at the call")))
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
        let [rows, transfers] = rows_and_transfers(&mut draw!(), 3..=5, 0);
        subject!()
            .scenario("snapshot", [rows, transfers])
            .with(short_writes())
            .expect(stdout().line(format!("copy: {rows} rows, as they were at the call")))
            .check();
    }

    #[test]
    fn a_signal_interrupts_nothing_for_good() {
        let [rows, transfers] = rows_and_transfers(&mut draw!(), 2..=4, 1);
        subject!()
            .scenario("snapshot_late", [rows, transfers])
            .with(eintr(ALARM))
            .expect(stdout().line(format!("copy: {rows} rows, as they were at the call")))
            .check();
    }

    #[test]
    fn another_child_of_the_caller_is_left_alone() {
        let [rows, transfers] = rows_and_transfers(&mut draw!(), 2..=4, 1);
        subject!()
            .scenario("snapshot_late", [&rows.to_string(), &transfers.to_string(), "--beside"])
            .expect(stdout().line(format!("copy: {rows} rows, as they were at the call")))
            .expect(stdout().line("other: reaped by its owner"))
            .check();
    }

    #[test]
    fn a_fork_that_fails_is_an_error() {
        let mut draw = draw!();
        subject!()
            .scenario("snapshot_late", rows_and_transfers(&mut draw, 2..=4, 1))
            .with(fork_eagain(1))
            .expect(stdout().is("snapshot_late: error\n"))
            .expect(stderr().line("error: EAGAIN"))
            .expect(exit_status(1))
            .expect(forks(0))
            .check();
        subject!()
            .scenario("snapshot_twice", [draw.usize(2..=4)])
            .with(fork_eagain(2))
            .expect(stdout().is("snapshot_twice: error\n"))
            .expect(exit_status(1))
            .expect(forks(1))
            .check();
    }
}
