//! The hidden tests of `locks`.

use forklings_check::prelude::*;

mod lock {
    use super::*;

    #[test]
    fn one_thread_at_a_time_is_inside() {
        subject!().scenario("lock_threads", ["2"]).expect(stdout().is("2 times 2: 4\n")).check();
    }

    #[test]
    fn a_wait_that_ends_for_no_reason_is_no_wake_up() {
        subject!()
            .scenario("lock", ["2", "2"])
            .with(spurious_wakeup())
            .expect(stdout().is("2 times 2: 4\n"))
            .check();
    }

    #[test]
    fn many_processes_take_turns() {
        subject!()
            .scenario("lock", ["5", "1"])
            .expect(stdout().is("5 times 1: 5\n"))
            .expect(waits_asleep())
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
    fn it_is_free_when_it_has_been_released_as_often_as_it_was_taken() {
        subject!()
            .scenario("rlock", ["3", "4"])
            .expect(stdout().is("3 times, 4 deep: 3\n"))
            .expect(waits_asleep())
            .check();
    }
}

mod robust {
    use super::*;

    #[test]
    fn a_guard_that_a_fork_has_copied_releases_nothing_in_the_child() {
        subject!()
            .scenario("robust_forked", [""; 0])
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
        subject!()
            .scenario("both", ["4"])
            .expect(stdout().is("4 times: 4 and 96\n"))
            .expect(waits_asleep())
            .check();
    }
}
