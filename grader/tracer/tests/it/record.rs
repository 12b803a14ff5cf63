//! What a trace says of calls whose results lie in memory.

use crate::door::{explorer, runs};
use forklings_model::{
    Ending, EventKind, Fault, ObjectId, ProcId, Schedule, Signal, SignalSource, Strategy, Trace,
    WaitOutcome,
};
use forklings_sandbox::Wanted;

#[test]
fn waitid_tells_whom_it_looked_at_and_whom_it_reaped() {
    let trace =
        explorer("peeks-then-reaps", Wanted::All).run(&Schedule::new(Strategy::Random, 3)).unwrap();
    let outcomes: Vec<WaitOutcome> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Waited { outcome, .. } => Some(outcome),
            _ => None,
        })
        .collect();
    let child = ProcId(2);
    let reaped = WaitOutcome::Reaped { child, ending: Ending::Exited(9), status_taken: true };
    assert_eq!(outcomes, [WaitOutcome::Seen(child), reaped]);
}

#[test]
fn the_fork_that_fails_is_the_one_that_was_asked_for() {
    let mut explorer = explorer("forks", Wanted::All);
    for seed in 0..100 {
        let schedule = Schedule {
            faults: vec![Fault::ForkEagain { nth: 4 }],
            ..Schedule::new(Strategy::Random, seed)
        };
        let trace = explorer.run(&schedule).unwrap();
        // Three children with the codes 0, 1 and 2; deaths meanwhile make the kernel restart forks.
        assert_eq!(trace.stdout, b"3 Some(10)\n", "seed {seed}");
    }
}

#[test]
fn what_came_of_each_write_to_a_pipe_is_recorded_whoever_knew_it_first() {
    let trace = explorer("writes-in-every-way", Wanted::All)
        .run(&Schedule::new(Strategy::ParentFirst, 0))
        .unwrap();
    let said = String::from_utf8(trace.stdout.clone()).unwrap();
    let results = trace.events.iter().filter_map(|event| match &event.kind {
        EventKind::Write(io) if ![Some(ObjectId(1)), Some(ObjectId(2))].contains(&io.object) => {
            Some(match io.result {
                Ok(count) => count.to_string(),
                Err(errno) => format!("{:?}", Some(errno)),
            })
        }
        _ => None,
    });
    let recorded: Vec<String> = results.collect();
    assert_eq!(recorded, said.lines().collect::<Vec<_>>());
    for errno in [libc::EFAULT, libc::EAGAIN, libc::EBADF, libc::EPIPE] {
        let failure = format!("{:?}", Some(errno));
        assert!(recorded.contains(&failure), "{failure}: {recorded:?}");
    }
    assert!(recorded.iter().filter(|result| *result == "1000").count() > 40, "{recorded:?}");
}

#[test]
fn a_call_without_a_model_that_blocks_ends_and_is_named() {
    let mut explorer = explorer("receives-many", Wanted::All);
    for seed in 0..5 {
        let trace = explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap();
        assert_eq!(trace.stdout, b"2 x y\n", "seed {seed}: {:?}", trace.end);
        assert!(!trace.replayable);
        assert_eq!(trace.unmodelled, ["recvmmsg"]);
    }
}

#[test]
fn a_large_transfer_over_tcp_arrives_and_is_said_to_follow_the_kernels_clock() {
    let mut explorer = explorer("tcp-large", Wanted::All);
    for seed in 0..3 {
        let trace = explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap();
        assert_eq!(trace.stdout, b"500000 true 1\n", "seed {seed}: {:?}", trace.end);
        assert!(!trace.replayable);
        assert_eq!(trace.unmodelled.first().map(String::as_str), Some("sendto"));
    }
}

#[test]
fn what_the_linker_of_an_executed_program_does_is_not_the_program_s_own() {
    let mut explorer = explorer("spawns", Wanted::All);
    let trace = explorer.run_with_stacks(&Schedule::new(Strategy::ParentFirst, 0)).unwrap();
    let executed = |proc| {
        let exec = trace
            .events
            .iter()
            .find(|event| event.task.proc == proc && matches!(event.kind, EventKind::Exec { .. }));
        exec.map(|event| event.seq)
    };
    assert!(!trace.before_main.is_empty());
    for seq in &trace.before_main {
        let event = &trace.events[usize::try_from(*seq).unwrap()];
        let after_exec = executed(event.task.proc).is_some_and(|exec| exec < *seq);
        assert!(after_exec || event.task.proc == ProcId::ROOT, "{event:?}");
    }
    // The child of the spawn is a copy of a program that has begun, until it executes another.
    let forked = trace.events.iter().find(|e| matches!(e.kind, EventKind::Forked { .. })).unwrap();
    assert!(!trace.before_main.contains(&forked.seq));
}

#[test]
fn the_signal_of_a_write_to_nobody_is_the_kernel_s() {
    let trace =
        explorer("broken-pipe", Wanted::All).run(&Schedule::new(Strategy::Random, 3)).unwrap();
    let sources: Vec<_> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::SignalDelivered { signal, source, .. } => Some((signal, source)),
            _ => None,
        })
        .collect();
    assert_eq!(sources, [(Signal::PIPE, SignalSource::Kernel)]);
}

#[test]
fn an_access_is_told_of_where_another_thread_has_a_breakpoint() {
    for trace in runs("threads-add-right-behind-a-call") {
        let adds = trace
            .events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::Accessed(_)) && event.task.thread > 1);
        // Three of each thread, a load and a store each.
        assert_eq!(adds.count(), 12, "{:?}", trace.schedule);
    }
}

#[test]
fn a_mutex_that_is_taken_right_after_an_access_is_met() {
    for trace in runs("locks-after-an-access") {
        let locks = trace.events.iter().filter(|event| {
            matches!(&event.kind, EventKind::Used { call, .. } if call == "pthread_mutex_lock")
        });
        assert_eq!(locks.count(), 6, "{:?} under {:?}", trace.end, trace.schedule);
        assert_eq!(trace.stdout, b"6\n", "{:?}", trace.schedule);
    }
}

#[test]
fn a_segment_with_a_lock_lets_one_in_at_a_time_and_without_one_two() {
    let two_inside = |guest: &str| {
        let inside = |trace: &Trace| {
            let said = String::from_utf8_lossy(&trace.stdout).into_owned();
            said.contains("in\nin\n")
        };
        runs(guest).iter().filter(|trace| inside(trace)).count()
    };
    assert_eq!(two_inside("enters-by-a-swap"), 0);
    assert!(two_inside("enters-when-it-looks-free") > 0);
}
