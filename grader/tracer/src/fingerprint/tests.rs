//! Pairs of runs that differ in the order of two steps.

use super::fingerprint;
use forklings_model::{
    End, Ending, Event, EventKind, ForkKind, IoResult, ObjectId, Pid, ProcId, Process, Signal,
    SignalTarget, TaskId, Trace, WaitOptions, WaitOutcome, WaitTarget,
};

/// A step: who, and what it does.
type Step = (u32, EventKind);

/// The fingerprint of a run with these events.
fn of(steps: &[Step]) -> u64 {
    let mut processes = vec![Process { proc: ProcId::ROOT, pid: Pid(100), parent: None }];
    let events = steps
        .iter()
        .zip(0..)
        .map(|((who, kind), seq)| {
            if let EventKind::Forked { child, .. } = kind {
                let pid = Pid(99 + child.0.cast_signed());
                processes.push(Process { proc: *child, pid, parent: Some(ProcId(*who)) });
            }
            let task = TaskId::main(ProcId(*who));
            Event { seq, task, at: 0, kind: kind.clone(), site: None }
        })
        .collect();
    fingerprint(&Trace {
        events,
        processes,
        end: End::Root { ending: Ending::Exited(0), alive: Vec::new() },
        ..Trace::empty("/subject".into())
    })
}

fn fork(child: u32) -> EventKind {
    EventKind::Forked { child: ProcId(child), how: ForkKind::Fork }
}

fn io(object: u32, result: Result<u64, i32>) -> IoResult {
    let object = Some(ObjectId(object));
    IoResult { fd: 9, object, asked: 1, result, bytes: Vec::new(), shortened: false }
}

fn write(object: u32) -> EventKind {
    EventKind::Write(io(object, Ok(1)))
}

fn read(object: u32, result: Result<u64, i32>) -> EventKind {
    EventKind::Read(io(object, result))
}

fn pipe(object: u32) -> EventKind {
    let object = ObjectId(object);
    EventKind::Pipe { read: 8, write: 9, object, close_on_exec: false, nonblocking: false }
}

fn close(object: u32) -> EventKind {
    EventKind::Closed { fd: 9, object: Some(ObjectId(object)), errno: None }
}

fn wait(outcome: WaitOutcome) -> EventKind {
    let options = WaitOptions { no_hang: true, ..WaitOptions::default() };
    EventKind::Waited { target: WaitTarget::Any, options, outcome }
}

fn ask(answer: i32) -> EventKind {
    EventKind::AskedParent { answer: Pid(answer) }
}

/// Two children, with whatever they do.
fn with_children(steps: &[Step]) -> u64 {
    let mut all = vec![(1, pipe(3)), (1, pipe(4)), (1, fork(2)), (1, fork(3))];
    all.extend_from_slice(steps);
    of(&all)
}

#[track_caller]
fn same(one: &[Step], other: &[Step]) {
    assert_eq!(with_children(one), with_children(other));
}

#[track_caller]
fn different(one: &[Step], other: &[Step]) {
    assert_ne!(with_children(one), with_children(other));
}

#[test]
fn the_order_of_writes_counts_on_one_object_and_not_on_two() {
    same(&[(2, write(3)), (3, write(4))], &[(3, write(4)), (2, write(3))]);
    different(&[(2, write(3)), (3, write(3))], &[(3, write(3)), (2, write(3))]);
}

#[test]
fn what_depends_on_both_of_two_steps_does_not_order_them() {
    let join = [(1, read(3, Ok(1))), (1, read(4, Ok(1)))];
    let one = [&[(2, write(3)), (3, write(4))][..], &join].concat();
    let other = [&[(3, write(4)), (2, write(3))][..], &join].concat();
    same(&one, &other);
    let between = [&[(2, write(3)), join[0].clone(), (3, write(4))][..], &join[1..]].concat();
    same(&one, &between);
}

#[test]
fn who_is_born_first_gives_the_lower_number_and_nothing_else() {
    same(
        &[(2, fork(4)), (3, fork(5)), (4, write(3)), (5, write(3))],
        &[(3, fork(4)), (2, fork(5)), (5, write(3)), (4, write(3))],
    );
    different(
        &[(2, fork(4)), (3, fork(5)), (4, write(3)), (5, write(3))],
        &[(2, fork(4)), (3, fork(5)), (5, write(3)), (4, write(3))],
    );
}

#[test]
fn what_is_made_first_gets_the_lower_number_and_nothing_else() {
    same(
        &[(2, pipe(5)), (3, pipe(6)), (2, write(5)), (3, write(6))],
        &[(3, pipe(5)), (2, pipe(6)), (2, write(6)), (3, write(5))],
    );
}

#[test]
fn a_close_counts_by_who_notices() {
    let (data, end) = (read(3, Ok(1)), read(3, Ok(0)));
    same(&[(2, close(3)), (3, data.clone())], &[(3, data.clone()), (2, close(3))]);
    same(&[(2, close(3)), (3, close(3))], &[(3, close(3)), (2, close(3))]);
    let nothing = read(3, Err(11));
    different(&[(2, close(3)), (3, end)], &[(3, nothing), (2, close(3))]);
}

#[test]
fn an_orphan_counts_by_whether_it_asks() {
    let orphaned = EventKind::Orphaned { to: None };
    let grandchild = [(2, fork(4)), (2, EventKind::Ended { ending: Ending::Exited(0) })];
    let then = |steps: &[Step]| [&grandchild[..], steps].concat();
    same(
        &then(&[(4, orphaned.clone()), (4, write(3))]),
        &then(&[(4, write(3)), (4, orphaned.clone())]),
    );
    different(&then(&[(4, orphaned.clone()), (4, ask(1))]), &then(&[(4, ask(101)), (4, orphaned)]));
}

#[test]
fn a_death_becomes_visible_before_or_after_what_its_parent_asks() {
    let zombie = (2, EventKind::Zombie { parent: Some(ProcId::ROOT) });
    same(&[zombie.clone(), (1, write(3))], &[(1, write(3)), zombie.clone()]);
    let in_vain = (1, wait(WaitOutcome::NothingYet));
    different(&[zombie.clone(), in_vain.clone()], &[in_vain, zombie]);
}

#[test]
fn a_signal_comes_before_or_after_a_step_of_the_handler_s_process() {
    let target = SignalTarget::Process(ProcId(2));
    let sent = EventKind::SignalSent { signal: Signal(10), target, errno: None };
    let delivered = EventKind::SignalDelivered {
        signal: Signal(10),
        source: forklings_model::SignalSource::Process(ProcId(3)),
        action: forklings_model::Action::Handler,
    };
    // Sent while the target writes: only its delivery stands in the target's own order.
    same(
        &[(3, sent.clone()), (2, write(3)), (2, delivered.clone())],
        &[(2, write(3)), (3, sent.clone()), (2, delivered.clone())],
    );
    different(
        &[(3, sent.clone()), (2, delivered.clone()), (2, write(3))],
        &[(3, sent), (2, write(3)), (2, delivered)],
    );
}
