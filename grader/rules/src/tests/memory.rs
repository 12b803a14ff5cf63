//! Memory that processes share, and the locks in it.

use super::*;
use forklings_model::{
    Access, AccessKind, AccessOrder, EventKind, Fault, ObjectId, ObjectKind, SignalSource, Strike,
    WaitsFor,
};

const MEMORY: ObjectId = ObjectId(3);

/// A run in which P2 and P3 share memory with P1.
fn sharing() -> Run {
    let mut run = run();
    run.object(ObjectKind::Other("mmap".to_owned()));
    run.fork(P1);
    run.fork(P1);
    run
}

fn access(run: &mut Run, who: ProcId, kind: AccessKind, values: (u64, u64), order: AccessOrder) {
    let (before, after) = values;
    let access =
        Access { object: MEMORY, offset: 8, size: 4, kind, before, after, order, adds: false };
    run.event(who, EventKind::Accessed(access));
}

fn loads(run: &mut Run, who: ProcId, value: u64, order: AccessOrder) {
    access(run, who, AccessKind::Load, (value, value), order);
}

fn stores(run: &mut Run, who: ProcId, before: u64, after: u64, order: AccessOrder) {
    access(run, who, AccessKind::Store, (before, after), order);
}

fn both_reaped(mut run: Run) -> Trace {
    run.dies(P2, 0);
    run.dies(P3, 0);
    run.reaps(P1, P2);
    run.reaps(P1, P3);
    run.done()
}

#[test]
fn two_plain_uses_without_an_order_are_a_race_if_one_writes() {
    use AccessOrder::{Atomic, Plain, Unknown};
    for (one, other, rule) in [
        (Plain, Plain, "data-race"),
        (Plain, Atomic, "data-race"),
        (Atomic, Atomic, ""),
        (Plain, Unknown, ""),
        (Unknown, Unknown, ""),
    ] {
        let mut run = sharing();
        stores(&mut run, P2, 0, 7, one);
        loads(&mut run, P3, 7, other);
        let found = names(&both_reaped(run), &[]).join(" ");
        assert_eq!(found, rule, "{one:?} {other:?}");
    }
    let mut run = sharing();
    loads(&mut run, P2, 7, Plain);
    loads(&mut run, P3, 7, Plain);
    assert_eq!(names(&both_reaped(run), &[]), [""; 0], "nobody writes");
}

#[test]
fn what_passes_between_two_uses_orders_them() {
    let ordered_by = |between: &dyn Fn(&mut Run)| {
        let mut run = sharing();
        stores(&mut run, P2, 0, 7, AccessOrder::Plain);
        between(&mut run);
        loads(&mut run, P3, 7, AccessOrder::Plain);
        names(&both_reaped(run), &[])
    };
    assert_eq!(ordered_by(&|_| ()), ["data-race"]);
    let flag = |run: &mut Run, who, kind, values| {
        let (before, after) = values;
        let order = AccessOrder::Atomic;
        let access =
            Access { object: MEMORY, offset: 64, size: 4, kind, before, after, order, adds: false };
        run.event(who, EventKind::Accessed(access));
    };
    let by_flag = ordered_by(&|run| {
        flag(run, P2, AccessKind::Store, (0, 1));
        flag(run, P3, AccessKind::Load, (1, 1));
    });
    assert_eq!(by_flag, [""; 0], "a flag was set and seen");
    let before = ordered_by(&|run| {
        flag(run, P3, AccessKind::Load, (0, 0));
        flag(run, P2, AccessKind::Store, (0, 1));
    });
    assert_eq!(before, ["data-race"], "it was looked at before it was set");
    let by_lock_of_who_has_ended = ordered_by(&|run| {
        run.dies(P2, 0);
        flag(run, P3, AccessKind::Update, (1, 2));
    });
    assert_eq!(by_lock_of_who_has_ended, [""; 0], "the kernel may have handed it on");
    let asleep = |on: WaitsFor| {
        ordered_by(&|run| {
            run.event(P3, EventKind::Blocked { on: on.clone() });
        })
    };
    assert_eq!(asleep(WaitsFor::AnyOf { fds: vec![3] }), [""; 0], "somebody has woken it");
    assert_eq!(asleep(WaitsFor::Memory), ["data-race", "busy-wait"], "it looked at memory");
    let by_signal = ordered_by(&|run| {
        run.sends(P2, Signal(15), P3);
        run.delivered(P3, Signal(15), SignalSource::Process(P2));
    });
    assert_eq!(by_signal, [""; 0], "a signal came");
}

#[test]
fn what_a_process_left_is_its_parents_once_it_is_reaped() {
    let mut run = sharing();
    stores(&mut run, P2, 0, 7, AccessOrder::Plain);
    run.dies(P2, 0);
    run.reaps(P1, P2);
    loads(&mut run, P1, 7, AccessOrder::Plain);
    run.dies(P3, 0);
    run.reaps(P1, P3);
    assert_eq!(names(&run.done(), &[]), [""; 0]);
}

#[test]
fn who_overwrites_what_came_since_it_read_loses_an_update() {
    let counted = |first: u64, kind: AccessKind| {
        let mut run = sharing();
        loads(&mut run, P2, first, AccessOrder::Unknown);
        stores(&mut run, P3, first, first + 1, AccessOrder::Unknown);
        access(&mut run, P2, kind, (first + 1, first + 1), AccessOrder::Unknown);
        both_reaped(run)
    };
    let finding = only(&counted(4, AccessKind::Store), &[]);
    let lost = Detail::LostUpdate { proc: P2, read: 4, by: P3, lost: 5, written: 5 };
    assert_eq!(finding.detail, lost);
    assert_eq!(names(&counted(0, AccessKind::Store), &[]), [""; 0], "a flag that both set");
    let mut adds = counted(0, AccessKind::Store);
    for event in &mut adds.events {
        if let EventKind::Accessed(access) = &mut event.kind {
            access.adds = event.task.proc == P2 && access.kind == AccessKind::Store;
        }
    }
    let lost = Detail::LostUpdate { proc: P2, read: 0, by: P3, lost: 1, written: 1 };
    assert_eq!(only(&adds, &[]).detail, lost, "it was tried, and adds");
    assert_eq!(names(&counted(4, AccessKind::Update), &[]), [""; 0], "in one step");
    let mut run = sharing();
    loads(&mut run, P2, 4, AccessOrder::Unknown);
    stores(&mut run, P3, 4, 5, AccessOrder::Unknown);
    loads(&mut run, P2, 5, AccessOrder::Unknown);
    stores(&mut run, P2, 5, 6, AccessOrder::Unknown);
    assert_eq!(names(&both_reaped(run), &[]), [""; 0], "it read again");
}

#[test]
fn two_in_a_section_that_the_test_marks_break_mutual_exclusion() {
    let demand = || Demand::OneAtATime { enter: "in".to_owned(), leave: "out".to_owned() };
    let passes = |order: &[(ProcId, &str)]| {
        let mut run = sharing();
        for (who, line) in order {
            run.prints(*who, line);
        }
        names(&both_reaped(run), &[demand()])
    };
    let one_by_one = [(P2, "in\n"), (P2, "out\n"), (P3, "in\n"), (P3, "out\n")];
    assert_eq!(passes(&one_by_one), [""; 0]);
    let both = [(P2, "in\n"), (P3, "in\n"), (P2, "out\n"), (P3, "out\n")];
    assert_eq!(passes(&both), ["mutual-exclusion"]);
}

#[test]
fn who_does_not_look_again_after_a_wait_took_its_end_for_a_wake_up() {
    let goes_on = |next: Option<AccessKind>| {
        let mut run = sharing();
        stores(&mut run, P3, 4, 5, AccessOrder::Atomic);
        loads(&mut run, P2, 5, AccessOrder::Atomic);
        let fault = Fault::Strike { what: Strike::SpuriousWakeup, nth: Some(1) };
        run.event(P2, EventKind::Injected { fault });
        if let Some(kind) = next {
            access(&mut run, P2, kind, (5, 5), AccessOrder::Atomic);
        }
        run.prints(P2, "done\n");
        names(&both_reaped(run), &[is("")])
    };
    assert_eq!(goes_on(None), ["spurious-wakeup", "output-wrong"]);
    assert_eq!(goes_on(Some(AccessKind::Store)), ["spurious-wakeup", "output-wrong"]);
    assert_eq!(goes_on(Some(AccessKind::Load)), ["output-wrong"]);
    assert_eq!(goes_on(Some(AccessKind::Update)), ["output-wrong"]);
}

/// P2 waits for a word for ever, and P1 for P2.
fn stuck(run: Run, changed: bool) -> Trace {
    let word = Some((MEMORY, 8));
    let on = WaitsFor::Futex { address: 0x1008, function: None, holder: None, word, changed };
    run.stuck(vec![(P2, on)])
}

#[test]
fn a_sleeper_whose_word_has_changed_was_not_woken() {
    let mut run = sharing();
    access(&mut run, P3, AccessKind::Update, (2, 0), AccessOrder::Atomic);
    let finding = only(&stuck(run.clone(), true), &[]);
    assert!(matches!(finding.detail, Detail::WakeupLost { by: Some(P3), .. }), "{finding:?}");
    assert_eq!(names(&stuck(run, false), &[]), ["deadlock"]);
}

#[test]
fn a_lock_whose_holder_has_ended_is_abandoned() {
    let taken_by = |who: ProcId, ends: bool, served: bool| {
        let mut run = sharing();
        if served {
            access(&mut run, P2, AccessKind::Update, (0, 1), AccessOrder::Atomic);
            access(&mut run, P2, AccessKind::Update, (1, 0), AccessOrder::Atomic);
        }
        access(&mut run, who, AccessKind::Update, (0, 1), AccessOrder::Atomic);
        if ends {
            run.dies(P3, 0);
            run.reaps(P1, P3);
        }
        names(&stuck(run, false), &[])
    };
    assert_eq!(taken_by(P3, true, true), ["lock-abandoned"]);
    assert_eq!(taken_by(P3, false, true), ["deadlock"], "the holder lives");
    assert_eq!(taken_by(P3, true, false), ["deadlock"], "it may be no lock");
}
