//! The visible tests of `locks`. A module is a task: `cargo test -p locks rlock` judges one. Each
//! test runs a scenario of `src/main.rs` under many schedules of its processes.

use forklings_check::prelude::*;

mod lock {
    use super::*;

    #[test]
    fn one_process_at_a_time_is_inside() {
        subject!()
            .scenario("lock", ["3", "2"])
            .expect(stdout().is("3 times 2: 6\n"))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn a_wait_that_is_interrupted_goes_on() {
        subject!()
            .scenario("lock_parent", ["2"])
            .with(eintr(Signal(14)))
            .expect(stdout().is("2 times 2: 4\n"))
            .check();
    }

    #[test]
    fn a_guard_that_a_fork_has_copied_releases_nothing_in_the_child() {
        subject!()
            .scenario("lock_forked", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .check();
    }
}

mod try_lock {
    use super::*;

    #[test]
    fn the_answer_comes_at_once_and_changes_nothing_when_it_is_no() {
        subject!()
            .scenario("try_lock", [""; 0])
            .expect(stdout().is("while it is held: no\nwhile it is held: no\n\
                                 when it is free: got it\nwhen it is free: got it\n"))
            .expect(never_sleeps())
            .check();
    }
}

mod rlock {
    use super::*;

    #[test]
    fn the_owner_takes_it_again_and_everybody_else_waits() {
        subject!()
            .scenario("rlock", ["2", "2"])
            .expect(stdout().is("2 times, 2 deep: 2\n"))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn who_has_released_one_of_two_still_holds_it() {
        subject!()
            .scenario("rlock_inner", [""; 0])
            .expect(stdout().is("parent and child: 2\n"))
            .check();
    }
}

mod robust {
    use super::*;

    #[test]
    fn one_process_at_a_time_is_inside() {
        subject!()
            .scenario("robust", ["2"])
            .expect(stdout().is("2 times: 2; an owner died: no\n"))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn one_is_told_of_a_death_and_it_goes_on() {
        subject!()
            .scenario("robust_death", ["2"])
            .expect(stdout().is("told of the death\nafter a death: 2; another owner died: no\n"))
            .check();
    }
}

mod both {
    use super::*;

    #[test]
    fn two_that_name_them_in_different_orders_both_get_them() {
        subject!()
            .scenario("both", ["2"])
            .expect(stdout().is("2 times: 2 and 98\n"))
            .expect(never_sleeps())
            .check();
    }

    #[test]
    fn two_that_meet_on_their_way_do_not_wait_for_each_other() {
        subject!()
            .scenario("both_held", [""; 0])
            .expect(stdout().is("4 times: 4 and 96\n"))
            .check();
    }
}
