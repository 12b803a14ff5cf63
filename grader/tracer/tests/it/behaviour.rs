//! Under the tracer a program does what it does without.

use crate::door::behaves;

macro_rules! guests {
    ($($test:ident: $guest:literal,)*) => {
        $(
            #[test]
            fn $test() {
                behaves($guest);
            }
        )*
    };
}

guests! {
    a_program_returns: "returns",
    a_program_exits: "exits",
    a_program_aborts: "aborts",
    a_program_touches_what_is_not_there: "segfaults",
    a_program_kills_itself: "kills-itself",
    children_are_reaped_in_any_order: "forks",
    children_have_children: "nests",
    a_wait_without_children_fails: "no-children",
    a_wait_may_not_hang: "polls-for-child",
    a_zombie_can_be_looked_at_before_it_is_reaped: "peeks-then-reaps",
    ignored_children_leave_no_status: "ignores-children",
    an_orphan_gets_another_parent: "is-adopted",
    a_subreaper_adopts: "adopts",
    a_shell_is_spawned: "spawns",
    a_program_that_is_not_there_is_an_error: "fails-to-spawn",
    the_output_of_a_child_is_collected: "spawns-and-reads",
    threads_are_joined: "threads",
    a_condition_variable_wakes: "condvar",
    a_condition_variable_times_out: "condvar-timeout",
    a_thread_ends_its_process: "thread-exits-process",
    a_write_larger_than_the_pipe_arrives_whole: "large-write",
    a_broken_pipe_is_an_error_and_then_a_death: "broken-pipe",
    an_empty_pipe_may_say_try_again: "nonblocking",
    poll_times_out_and_wakes: "polls",
    a_read_is_interrupted: "interrupted",
    a_wait_is_restarted: "restarted",
    pending_signals_of_one_kind_merge: "coalesces",
    a_blocked_signal_is_waited_for: "sigwaits",
    a_signal_that_is_waited_for_but_not_blocked_kills: "sigwaits-unblocked",
    a_signal_that_is_dropped_is_waited_for_in_vain: "sigwaits-for-what-is-dropped",
    a_wait_may_bring_its_own_mask: "suspends-with-a-mask-of-its-own",
    a_signal_that_is_read_but_not_blocked_kills: "signalfd-unblocked",
    a_stopped_child_goes_on: "stops-and-continues",
    a_waiting_child_is_killed: "kills",
    a_stopped_child_is_killed: "kills-stopped",
    a_stop_is_not_told_after_the_end: "kills-before-the-stop-is-told",
    a_zombie_is_killed_without_effect: "kills-a-zombie",
    an_alarm_rings: "alarm",
    a_loop_that_waits_for_the_time_ends: "waits-for-time",
    a_sleep_takes_its_time: "sleeps",
    a_signal_is_read_from_a_descriptor: "signalfd",
    a_handler_prints: "prints-in-a-handler",
    a_handler_allocates: "allocates-in-a-handler",
    a_handler_ends_the_program: "exits-in-a-handler",
    a_handler_is_interrupted_by_another: "writes-in-a-handler",
    a_handler_is_left_by_a_jump: "jumps-out-of-a-handler",
    a_mask_is_changed_and_restored: "changes-its-mask",
    a_handler_serves_once: "resets-its-handler",
}
