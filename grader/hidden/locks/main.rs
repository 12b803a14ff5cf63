//! The hidden tests of `locks`. Few processes and rounds: shared memory has many orders.

use forklings_check::prelude::*;

mod lock {
    use super::*;

    #[test]
    fn one_thread_at_a_time_is_inside() {
        let rounds = draw!().u32(2..=3);
        subject!()
            .scenario("lock_threads", [rounds])
            .expect(stdout().is(format!("2 times {rounds}: {}\n", 2 * rounds)))
            .check();
    }

    #[test]
    fn a_wait_that_ends_for_no_reason_is_no_wake_up() {
        let rounds = draw!().u32(2..=3);
        subject!()
            .scenario("lock", [2, rounds])
            .with(spurious_wakeup())
            .expect(stdout().is(format!("2 times {rounds}: {}\n", 2 * rounds)))
            .check();
    }

    #[test]
    fn many_processes_take_turns() {
        let n = draw!().u32(4..=5);
        subject!()
            .scenario("lock", [n, 1])
            .expect(stdout().is(format!("{n} times 1: {n}\n")))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_guard_from_before_a_fork_releases_nothing_that_the_child_took_later() {
        subject!()
            .scenario("lock_inherited", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .check();
    }
}

mod try_lock {
    use super::*;

    #[test]
    fn who_got_it_by_asking_keeps_others_out_and_wakes_them_afterwards() {
        subject!()
            .scenario("try_lock_wakes", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .expect(waits_asleep())
            .check();
    }
}

mod rlock {
    use super::*;

    #[test]
    fn another_thread_of_the_same_process_is_somebody_else() {
        subject!()
            .scenario("rlock_threads", [""; 0])
            .expect(stdout().is("two threads, twice: 4\n"))
            .check();
    }

    #[test]
    fn a_child_is_somebody_else_whatever_guard_it_has_in_its_memory() {
        subject!()
            .scenario("rlock_forked", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .check();
    }

    #[test]
    fn two_locks_are_counted_apart() {
        subject!()
            .scenario("rlock_two", [""; 0])
            .expect(stdout().is("parent and child: 2 and 2\n"))
            .check();
    }

    #[test]
    fn it_is_free_when_it_has_been_released_as_often_as_it_was_taken() {
        let mut draw = draw!();
        let (n, depth) = (draw.u32(2..=3), draw.u32(3..=5));
        subject!()
            .scenario("rlock", [n, depth])
            .expect(stdout().is(format!("{n} times, {depth} deep: {n}\n")))
            .expect(waits_asleep())
            .check();
    }

    #[test]
    fn a_guard_from_before_a_fork_releases_nothing_that_the_child_took_later() {
        subject!()
            .scenario("rlock_inherited", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .check();
    }
}

mod robust {
    use super::*;

    #[test]
    fn those_who_come_after_the_heir_take_turns_as_before() {
        subject!()
            .scenario("robust_death", ["3"])
            .expect(stdout().is("told of the death\nafter a death: 3; another owner died: no\n"))
            .check();
    }

    #[test]
    fn every_death_is_told_also_that_of_one_who_was_told() {
        subject!()
            .scenario("robust_deaths", ["3"])
            .expect(stdout().is("0; the owner before died: no\n\
                                 1; the owner before died: yes\n\
                                 2; the owner before died: yes\n\
                                 3; the owner before died: yes\n"))
            .check();
    }

    #[test]
    fn who_is_told_of_a_death_and_only_looks_leaves_a_lock_that_works() {
        subject!()
            .scenario("robust_looks", [""; 0])
            .expect(stdout().is("7; the owner before died: yes\n7; the owner before died: no\n"))
            .check();
    }

    #[test]
    fn a_guard_that_a_fork_has_copied_releases_nothing_in_the_child() {
        subject!()
            .scenario("robust_forked", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .check();
    }

    #[test]
    fn a_guard_from_before_a_fork_releases_nothing_that_the_child_took_later() {
        subject!()
            .scenario("robust_inherited", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .check();
    }
}

mod both {
    use super::*;

    #[test]
    fn the_order_is_the_same_wherever_the_locks_are_mapped() {
        subject!()
            .scenario("both_elsewhere", [""; 0])
            .expect(stdout().is("4 times: 4 and 96\n"))
            .check();
    }

    #[test]
    fn many_that_name_them_in_different_orders_all_get_them() {
        let n = draw!().u32(3..=4);
        subject!()
            .scenario("both", [n])
            .expect(stdout().is(format!("{n} times: {n} and {}\n", 100 - n)))
            .expect(waits_asleep())
            .check();
    }
}
