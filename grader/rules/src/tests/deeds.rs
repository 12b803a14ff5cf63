//! What only the kernel can tell: each deed is seen where it was done, and missed where it was not.

use super::builder::pid;
use super::*;
use forklings_model::{Deed, EventKind, ObjectKind, SignalTarget, WaitsFor};

/// What there was instead of the deed.
#[track_caller]
fn instead(trace: &Trace, deed: Deed) -> Option<String> {
    let finding = crate::demand(trace, &Demand::Done(deed))?;
    assert_eq!(names(trace, &[Demand::Done(deed)]), ["output-wrong"]);
    let Detail::OutputWrong { actual, .. } = finding.detail else { panic!("{finding:?}") };
    Some(actual)
}

fn exits(code: u8) -> Deed {
    Deed::ChildEnds(Ending::Exited(code))
}

#[test]
fn a_child_s_code_is_the_kernel_s_word() {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 9);
    run.reaps(P1, P2);
    let trace = run.exits(3);
    let verdict = |deed| {
        let demands = [Demand::Done(deed), Demand::Ends(Ending::Exited(3))];
        names(&trace, &demands)
    };
    assert_eq!(verdict(exits(9)), [""; 0]);
    assert_eq!(verdict(exits(3)), ["output-wrong"], "the root is no child");
    assert_eq!(instead(&trace, exits(0)), Some("exit(9)".to_owned()));
}

#[test]
fn nobody_is_asked_for_a_code_that_a_zombie_or_orphan_keeps() {
    let mut run = run();
    run.fork(P1);
    assert_eq!(names(&run.done(), &[Demand::Done(exits(9))]), ["orphan-left"]);
}

/// P1 writes seven bytes into a pipe, and `reader` reads them.
fn through_a_pipe(reader: ProcId) -> Run {
    let mut run = run();
    let pipe = run.pipe(P1, 3, 4);
    run.fork(P1);
    run.writes(P1, (4, pipe), 7, Ok(7));
    run.reads(reader, (3, pipe), 7, Ok(7));
    run
}

/// The child ends and is reaped, the root closes what it has.
fn at_last(mut run: Run) -> Trace {
    run.dies(P2, 0);
    run.reaps(P1, P2);
    run.done()
}

#[test]
fn bytes_pass_where_one_writes_and_another_reads() {
    let trace = at_last(through_a_pipe(P2));
    assert_eq!(instead(&trace, Deed::BytesPass(7)), None);
    assert_eq!(instead(&trace, Deed::BytesPass(8)), Some("7 bytes".to_owned()));
    let own = at_last(through_a_pipe(P1));
    assert_eq!(instead(&own, Deed::BytesPass(1)), Some("0 bytes".to_owned()));
}

#[test]
fn a_socket_passes_bytes_too_and_a_file_does_not() {
    let through = |kind: ObjectKind| {
        let mut run = run();
        // The ends of a pair are two objects: what one writes, the other reads.
        let (mine, theirs) = (run.object(kind.clone()), run.object(kind));
        run.fork(P1);
        run.writes(P2, (4, theirs), 4, Ok(4));
        run.reads(P1, (3, mine), 4, Ok(4));
        instead(&at_last(run), Deed::BytesPass(4))
    };
    assert_eq!(through(ObjectKind::Other("socketpair".to_owned())), None);
    let none = Some("0 bytes".to_owned());
    assert_eq!(through(ObjectKind::Other("eventfd2".to_owned())), none);
    assert_eq!(through(ObjectKind::File("/tmp/x".to_owned())), none);
}

#[test]
fn what_is_read_before_its_write_has_returned_counts() {
    let mut run = run();
    let pipe = run.pipe(P1, 3, 4);
    run.fork(P1);
    run.reads(P2, (3, pipe), 100, Ok(100));
    assert_eq!(instead(&at_last(run), Deed::BytesPass(100)), None);
}

#[test]
fn the_end_of_file_must_reach_a_child() {
    let with = |reader, result| {
        let mut run = through_a_pipe(P2);
        run.reads(reader, (3, forklings_model::ObjectId(3)), 10, result);
        instead(&at_last(run), Deed::ChildReadsToTheEnd)
    };
    assert_eq!(with(P2, Ok(0)), None);
    let missing = Some("no child got an end of file".to_owned());
    assert_eq!(with(P1, Ok(0)), missing);
    assert_eq!(with(P2, Ok(3)), missing);
    assert_eq!(with(P2, Err(11)), missing);
}

/// P1 does something while P2 is alive, a zombie, or gone.
fn at_three_times(deed: impl Fn(&mut Run)) -> [Trace; 3] {
    [0, 1, 2].map(|when| {
        let mut run = run();
        run.fork(P1);
        for now in 0..3 {
            if now == when {
                deed(&mut run);
            }
            match now {
                0 => run.dies(P2, 0),
                1 => run.reaps(P1, P2),
                _ => {}
            }
        }
        run.done()
    })
}

#[test]
fn only_a_zombie_s_files_are_a_zombie_s() {
    let path = format!("/proc/{}/stat", pid(P2).0);
    let opens = |path: &str| {
        at_three_times(|run| {
            let object = run.opens(P1, 3, path);
            run.closes(P1, 3, object);
        })
        .map(|trace| instead(&trace, Deed::ZombieInspected).is_none())
    };
    assert_eq!(opens(&path), [false, true, false]);
    assert_eq!(opens("/proc/self/stat"), [false; 3]);
}

#[test]
fn a_signal_to_a_zombie_is_told_from_others() {
    let sends = |signal, to, errno| {
        at_three_times(|run| {
            let target = SignalTarget::Process(to);
            run.event(P1, EventKind::SignalSent { signal, target, errno });
        })
        .map(|trace| instead(&trace, Deed::ZombieSignalled(Signal::KILL)).is_none())
    };
    assert_eq!(sends(Signal::KILL, P2, None), [false, true, false]);
    assert_eq!(sends(Signal::KILL, P2, Some(1)), [false; 3]);
    assert_eq!(sends(Signal(15), P2, None), [false; 3]);
    assert_eq!(sends(Signal::KILL, P1, None), [false; 3]);
}

#[test]
fn where_a_call_without_a_model_ran_nothing_is_missed() {
    let mut trace = run().done();
    assert!(instead(&trace, Deed::BytesPass(1)).is_some());
    trace.unmodelled.push("splice".to_owned());
    assert_eq!(instead(&trace, Deed::BytesPass(1)), None);
}

#[test]
fn where_nobody_is_to_wait_a_short_wait_is_one_too() {
    let doing = |kind: Option<EventKind>| {
        let mut run = run();
        let event = kind.map(|kind| run.event(P1, kind));
        let trace = run.done();
        let finding = crate::demand(&trace, &Demand::NobodyWaits)?;
        assert_eq!(finding.site, trace.events[event? as usize].site);
        Some(finding.rule().name())
    };
    let some = Some("output-wrong");
    assert_eq!(doing(Some(EventKind::Blocked { on: WaitsFor::AnyOf { fds: vec![3] } })), some);
    assert_eq!(doing(Some(EventKind::Slept { asked: 1, interrupted: false })), some);
    assert_eq!(doing(Some(EventKind::PolledInVain { call: "poll".to_owned() })), None);
    assert_eq!(doing(None), None);
}
