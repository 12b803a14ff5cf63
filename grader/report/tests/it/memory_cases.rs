//! Typical failures in memory that processes share, and with the locks in it: a function each.

use crate::build::{P1, P2, P3, Run};
use forklings_model::{
    Access, AccessKind, AccessOrder, Demand, Detail, End, Ending, EventKind, Failure, Fault,
    ObjectId, ProcId, Strike, TaskId, Wait, WaitsFor,
};

/// Every case, named by its rule.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("spurious-wakeup", spurious_wakeup()),
        ("wakeup-lost", wakeup_lost()),
        ("lock-abandoned", lock_abandoned()),
        ("mutual-exclusion", mutual_exclusion()),
        ("lost-update", lost_update()),
        ("data-race", data_race()),
    ]
}

/// A run with two children.
fn two() -> Run {
    let mut run = Run::new(&["count", "2"]);
    run.fork(P1);
    run.fork(P1);
    run
}

fn accesses(run: &mut Run, proc: ProcId, kind: AccessKind, before: u64, after: u64) -> u32 {
    let order = AccessOrder::Plain;
    let access =
        Access { object: ObjectId(3), offset: 8, size: 4, kind, before, after, order, adds: false };
    run.event(proc, EventKind::Accessed(access))
}

fn sleeps(run: &mut Run, proc: ProcId, changed: bool) -> Wait {
    let site = Some(run.site(31, "wait(&self.word, 2);"));
    let word = Some((ObjectId(3), 0));
    let on = WaitsFor::Futex { address: 0x1000, function: None, holder: None, word, changed };
    let wait = Wait { task: TaskId::main(proc), on, site };
    run.blocked(&wait);
    wait
}

fn spurious_wakeup() -> Failure {
    let mut run = two();
    let fault = Fault::Strike { what: Strike::SpuriousWakeup, nth: Some(1) };
    let woken = run.event(P2, EventKind::Injected { fault });
    let then = accesses(&mut run, P2, AccessKind::Load, 4, 4);
    let at = run.site(31, "wait(&self.word, 2);");
    let detail = Detail::SpuriousWakeup { task: TaskId::main(P2) };
    run.failure(detail, &[woken, then], Some(at), None)
}

fn wakeup_lost() -> Failure {
    let mut run = two();
    let wait = sleeps(&mut run, P2, true);
    let changed = accesses(&mut run, P3, AccessKind::Update, 2, 0);
    let at = run.site(44, "self.word.store(0, Release);");
    let (site, waits) = (wait.site, vec![wait]);
    run.trace.end = End::Deadlock { waits: waits.clone() };
    let detail = Detail::WakeupLost { sleeper: TaskId::main(P2), by: Some(P3), waits };
    run.failure(detail, &[changed], site, Some(at))
}

fn lock_abandoned() -> Failure {
    let mut run = two();
    let took = accesses(&mut run, P3, AccessKind::Update, 0, 1);
    let at = run.site(12, "let guard = lock.lock();");
    let ended = run.end(P3, Ending::Exited(1));
    let wait = sleeps(&mut run, P2, false);
    let (site, waits) = (wait.site, vec![wait]);
    run.trace.end = End::Deadlock { waits: waits.clone() };
    let detail = Detail::LockAbandoned { holder: P3, waiter: TaskId::main(P2), waits };
    run.failure(detail, &[took, ended], Some(at), site)
}

fn mutual_exclusion() -> Failure {
    let mut run = two();
    let first = run.print(P2, "in\n");
    let second = run.print(P3, "in\n");
    let at = run.site(20, "say(\"in\");");
    let demand = Demand::OneAtATime { enter: "in".to_owned(), leave: "out".to_owned() };
    let detail = Detail::MutualExclusion { demand, first: P2, second: P3 };
    run.failure(detail, &[first, second], Some(at), None)
}

fn lost_update() -> Failure {
    let mut run = two();
    let read = accesses(&mut run, P3, AccessKind::Load, 4, 4);
    let lost = accesses(&mut run, P2, AccessKind::Store, 4, 5);
    let over = accesses(&mut run, P3, AccessKind::Store, 5, 5);
    let at = run.site(17, "*counter += 1;");
    let detail = Detail::LostUpdate { proc: P3, read: 4, by: P2, lost: 5, written: 5 };
    run.failure(detail, &[read, lost, over], Some(at), Some(at))
}

fn data_race() -> Failure {
    let mut run = two();
    let wrote = accesses(&mut run, P2, AccessKind::Store, 0, 7);
    let read = accesses(&mut run, P3, AccessKind::Load, 7, 7);
    let (one, other) = (run.site(17, "*answer = 7;"), run.site(23, "while *answer == 0 {}"));
    let detail = Detail::DataRace {
        first: (P2, true),
        second: (P3, false),
        object: ObjectId(3),
        offset: 8,
        size: 4,
    };
    run.failure(detail, &[wrote, read], Some(one), Some(other))
}
