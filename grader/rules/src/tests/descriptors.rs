//! fd-leaked and fd-inherited.

use super::builder::left;
use super::*;
use forklings_model::{EventKind, Fd, ObjectId};

fn leaving(mut run: Run, open: &[(Fd, ObjectId)]) -> Trace {
    run.ends(P1, Ending::Exited(0));
    let left_open = open.iter().map(|(fd, object)| left(*fd, Some(*object))).collect();
    Trace { left_open, ..run.over() }
}

#[test]
fn a_descriptor_that_the_root_left_open_is_leaked() {
    let mut run = run();
    let file = run.opens(P1, 3, "notes");
    let finding = only(&leaving(run, &[(3, file)]), &[]);
    assert_eq!(finding.detail, Detail::FdLeaked { fds: vec![(3, "pipe".to_owned())] });
    assert_eq!(finding.evidence, [1, 2]);
    assert!(finding.site.is_some());
}

#[test]
fn who_was_killed_or_panicked_leaks_nothing() {
    let mut killed = run();
    killed.ends(P1, Ending::Killed(Signal(15)));
    let trace = Trace { left_open: vec![left(3, None)], ..killed.over() };
    assert_eq!(names(&trace, &[Demand::Ends(Ending::Killed(Signal(15)))]), [""; 0]);
    let mut panicked = run();
    panicked.panics(P1, "oh");
    let trace = Trace { left_open: vec![left(3, None)], ..panicked.over() };
    assert_eq!(names(&trace, &[Demand::Ends(Ending::Exited(101))]), [""; 0]);
}

#[test]
fn a_self_pipe_lives_as_long_as_its_handler() {
    let mut with_handler = run();
    let pipe = with_handler.pipe(P1, 3, 4);
    with_handler.handles(P1, Signal::CHLD);
    with_handler.writes(P1, (4, pipe), 1, Ok(1));
    assert_eq!(names(&leaving(with_handler, &[(3, pipe), (4, pipe)]), &[]), [""; 0]);

    let mut without = run();
    let pipe = without.pipe(P1, 3, 4);
    assert_eq!(names(&leaving(without, &[(3, pipe), (4, pipe)]), &[]), ["fd-leaked"]);

    let mut one_end = run();
    let pipe = one_end.pipe(P1, 3, 4);
    one_end.handles(P1, Signal::CHLD);
    assert_eq!(names(&leaving(one_end, &[(3, pipe)]), &[]), ["fd-leaked"]);
}

/// P2 executes `cat`, which finds these open.
fn executing(prepare: impl FnOnce(&mut Run) -> Vec<(Fd, ObjectId)>) -> Trace {
    let mut run = run();
    let pipe = run.pipe(P1, 3, 4);
    assert_eq!(pipe, ObjectId(3));
    run.fork(P1);
    let inherited = prepare(&mut run);
    let program = "/bin/cat".to_owned();
    run.event(P2, EventKind::Exec { program, argv: vec!["cat".to_owned()], inherited });
    run.dies(P2, 0);
    run.reaps(P1, P2);
    run.done()
}

const PIPE: ObjectId = ObjectId(3);

#[test]
fn a_program_that_finds_the_run_s_pipes_open_is_told_of() {
    let finding = only(&executing(|_| vec![(3, PIPE), (4, PIPE)]), &[]);
    let fds = vec![(3, "pipe".to_owned()), (4, "pipe".to_owned())];
    let program = "/bin/cat".to_owned();
    assert_eq!(finding.detail, Detail::FdInherited { proc: P2, program, fds });
}

#[test]
fn what_is_standard_given_or_older_than_the_run_is_no_finding() {
    let standard = executing(|_| vec![(5, ObjectId(1)), (6, ObjectId(2))]);
    assert_eq!(names(&standard, &[]), [""; 0]);
    let older = executing(|run| {
        let object = run.object(forklings_model::ObjectKind::File("/dev/tty".to_owned()));
        vec![(9, object)]
    });
    assert_eq!(names(&older, &[]), [""; 0]);
    let by_dup = executing(|run| {
        run.event(P2, EventKind::Duplicated { from: 4, to: 7, object: PIPE, close_on_exec: false });
        vec![(7, PIPE)]
    });
    assert_eq!(names(&by_dup, &[]), [""; 0]);
    let by_flag = executing(|run| {
        let (close_on_exec, nonblocking) = (Some(false), None);
        run.event(P2, EventKind::DescriptorFlags { fd: 4, close_on_exec, nonblocking });
        vec![(4, PIPE)]
    });
    assert_eq!(names(&by_flag, &[]), [""; 0]);
    assert_eq!(names(&executing(|_| Vec::new()), &[]), [""; 0]);
}
