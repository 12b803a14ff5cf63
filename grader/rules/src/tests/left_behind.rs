//! What is left in the system, and what is judged without a contract.

use super::*;
use forklings_model::{
    End, EventKind, Fault, LeftBehind, LeftKind, ObjectId, ObjectKind, SiteId, Strike, Waiver,
};

fn thing(kind: LeftKind, path: &str, object: Option<ObjectId>) -> LeftBehind {
    LeftBehind { kind, path: path.to_owned(), object }
}

/// A run that leaves these.
fn leaves(run: Run, left: &[(LeftKind, &str)]) -> Trace {
    let left = left.iter().map(|(kind, path)| thing(*kind, path, None));
    Trace { left_behind: Some(left.collect()), ..run.over() }
}

fn ended() -> Run {
    let mut run = run();
    run.ends(P1, Ending::Exited(0));
    run
}

#[test]
fn each_kind_has_its_rule_and_all_of_a_kind_are_one_finding() {
    for (kind, rule) in [
        (LeftKind::SharedMemory, "shm-left"),
        (LeftKind::Semaphore, "sem-left"),
        (LeftKind::Queue, "queue-left"),
        (LeftKind::Fifo, "fifo-left"),
        (LeftKind::Socket, "socket-left"),
        (LeftKind::Temporary, "temp-left"),
    ] {
        let trace = leaves(ended(), &[(kind, "/a"), (kind, "/b")]);
        assert_eq!(names(&trace, &[]), [rule]);
        let said = format!("{:?}", only(&trace, &[]).detail);
        assert!(said.contains("/a") && said.contains("/b"), "{said}");
    }
    let two = [(LeftKind::Temporary, "/tmp/x"), (LeftKind::Fifo, "/tmp/y")];
    assert_eq!(names(&leaves(ended(), &two), &[]), ["fifo-left", "temp-left"]);
}

#[test]
fn nothing_left_and_not_looked_is_no_finding() {
    assert_eq!(names(&leaves(ended(), &[]), &[]), [""; 0]);
    assert_eq!(names(&Trace { left_behind: None, ..ended().over() }, &[]), [""; 0]);
}

#[test]
fn the_call_that_made_it_is_the_place() {
    let mut run = run();
    run.at(70).opens(P1, 3, "/tmp/other");
    run.at(71).opens(P1, 4, "./x");
    run.ends(P1, Ending::Exited(0));
    let finding = only(&leaves(run, &[(LeftKind::Temporary, "/tmp/x")]), &[]);
    assert_eq!(finding.site, Some(SiteId(71)));
}

#[test]
fn what_gave_it_its_last_name_is_the_place_before_who_opened_it() {
    let mut run = run();
    run.at(70).opens(P1, 3, "/dev/shm/sem.x");
    for (site, path) in [(71, "/dev/shm/sem.x"), (72, "sem.x"), (73, "/dev/shm/sem.y")] {
        run.at(site).event(P1, EventKind::Named { path: path.to_owned() });
    }
    run.ends(P1, Ending::Exited(0));
    let finding = only(&leaves(run, &[(LeftKind::Semaphore, "/dev/shm/sem.x")]), &[]);
    assert_eq!(finding.site, Some(SiteId(72)));
}

#[test]
fn what_has_no_path_is_found_by_the_first_call_about_it() {
    let mut run = run();
    let get = |run: &mut Run, site| {
        let object = run.object(ObjectKind::Other("semget".to_owned()));
        let call = "semget".to_owned();
        run.at(site).event(P1, EventKind::Used { call, object: Some(object), errno: None });
        object
    };
    get(&mut run, 70);
    let object = get(&mut run, 71);
    let call = "semop".to_owned();
    run.at(72).event(P1, EventKind::Used { call, object: Some(object), errno: None });
    run.ends(P1, Ending::Exited(0));
    let left = thing(LeftKind::Semaphore, "System V semaphores (IPC_PRIVATE)", Some(object));
    let trace = Trace { left_behind: Some(vec![left]), ..run.over() };
    assert_eq!(only(&trace, &[]).site, Some(SiteId(71)));
}

#[test]
fn a_run_that_did_not_come_to_its_own_end_is_not_asked() {
    let left = [(LeftKind::Temporary, "/tmp/x")];
    let mut killed = run();
    killed.ends(P1, Ending::Killed(Signal(15)));
    assert_eq!(names(&leaves(killed, &left), &[]), ["killed-by-signal"]);
    let mut panicked = run();
    panicked.panics(P1, "no");
    assert_eq!(names(&leaves(panicked, &left), &[]), ["crashed"]);
    let mut left_alone = run();
    left_alone.fork(P1);
    left_alone.ends(P1, Ending::Exited(0));
    assert_eq!(names(&leaves(left_alone, &left), &[]), ["orphan-left"]);
}

/// Rules accused and listed without a contract.
fn seen(trace: &Trace, waived: &[Rule]) -> (Vec<Rule>, Vec<Rule>) {
    let waive = |rule: &Rule| Waiver { rule: *rule, reason: "a test".to_owned() };
    let waivers: Vec<Waiver> = waived.iter().map(waive).collect();
    let seen = crate::without_contract(trace, &[], &waivers);
    let rules = |found: &[Finding]| found.iter().map(Finding::rule).collect();
    (rules(&seen.findings), rules(&seen.listed))
}

#[test]
fn without_a_contract_open_descriptors_are_listed_and_zombies_accused() {
    let mut run = run();
    run.fork(P1);
    run.dies(P2, 0);
    run.ends(P1, Ending::Exited(0));
    let trace = Trace { left_open: vec![super::builder::left(3, None)], ..run.over() };
    assert_eq!(seen(&trace, &[]), (vec![Rule::ZombieLeft], vec![Rule::FdLeaked]));
    assert_eq!(seen(&trace, &[Rule::ZombieLeft, Rule::FdLeaked]), (vec![], vec![]));
}

#[test]
fn without_a_contract_a_status_is_no_mistake_and_an_abandoned_run_says_nothing() {
    let mut fails = run();
    fails.ends(P1, Ending::Exited(3));
    assert_eq!(seen(&fails.over(), &[]), (vec![], vec![]));
    let abandoned = End::Abandoned { reason: "a test".to_owned(), stuck: Vec::new() };
    assert_eq!(seen(&run().cut(abandoned), &[]), (vec![], vec![]));
}

#[test]
fn whom_the_schedule_killed_could_remove_nothing() {
    for (what, silent) in [(Strike::Kill, true), (Strike::Epipe, true), (Strike::Emfile, false)] {
        let mut run = run();
        run.fork(P1);
        run.event(P2, EventKind::Injected { fault: Fault::Strike { what, nth: Some(1) } });
        run.killed(P2, Signal::KILL);
        run.reaps(P1, P2);
        run.ends(P1, Ending::Exited(0));
        let trace = leaves(run, &[(LeftKind::Temporary, "/tmp/x")]);
        assert_eq!(names(&trace, &[]).is_empty(), silent, "{what}");
    }
}
