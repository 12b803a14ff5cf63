//! Memory and mappings that a process keeps.

use super::*;
use forklings_model::{EventKind, Mapped, Memory, MemoryPart, SiteId, Span};

const KIB: u64 = 1024;

fn takes(run: &mut Run, proc: ProcId, memory: Memory, kib: u64) -> u32 {
    run.event(proc, EventKind::MemoryTaken { memory, bytes: kib * KIB })
}

fn gives_back(run: &mut Run, proc: ProcId, of: Option<u32>, kib: u64) {
    let parts = vec![MemoryPart { of, bytes: kib * KIB }];
    run.event(proc, EventKind::MemoryGivenBack { parts });
}

const fn mapping(by_runtime: bool) -> Memory {
    Memory::Mapping { of: Mapped::Anonymous, by_runtime }
}

fn span() -> Option<Span> {
    Some(Span { from: "from".to_owned(), to: "to".to_owned() })
}

const UNMAPPED: Demand = Demand::Unmapped { during: None };

const fn at_most(kib: u32) -> Demand {
    Demand::GrowsAtMost { kib, during: None }
}

#[test]
fn a_mapping_that_is_left_at_the_end_is_named_with_its_place() {
    let mut run = run();
    let given = takes(&mut run, P1, mapping(false), 4);
    run.at(70);
    takes(&mut run, P1, mapping(false), 8);
    gives_back(&mut run, P1, Some(given), 4);
    let trace = run.exits(0);
    assert_eq!(names(&trace, &[]), [""; 0], "nobody asked");
    let finding = only(&trace, &[UNMAPPED]);
    let mappings = vec![(Mapped::Anonymous, 8 * KIB)];
    assert_eq!(finding.detail, Detail::MappingLeft { proc: P1, demand: UNMAPPED, mappings });
    assert_eq!(finding.site, Some(SiteId(70)));
}

#[test]
fn a_mapping_that_is_unmapped_in_part_is_left() {
    let mut run = run();
    let made = takes(&mut run, P1, mapping(false), 8);
    gives_back(&mut run, P1, Some(made), 4);
    assert_eq!(names(&run.clone().exits(0), &[UNMAPPED]), ["mapping-left"]);
    gives_back(&mut run, P1, Some(made), 4);
    assert_eq!(names(&run.exits(0), &[UNMAPPED]), [""; 0]);
}

#[test]
fn mappings_of_a_runtime_of_a_child_and_of_a_program_that_is_gone_are_not_asked_for() {
    let mut run = run();
    takes(&mut run, P1, mapping(true), 4);
    takes(&mut run, P1, Memory::Private, 4);
    let before_exec = run.clone();
    run.fork(P1);
    takes(&mut run, P2, mapping(false), 4);
    run.dies(P2, 0);
    run.reaps(P1, P2);
    assert_eq!(names(&run.exits(0), &[UNMAPPED]), [""; 0]);
    let mut run = before_exec;
    takes(&mut run, P1, mapping(false), 4);
    let (program, argv, inherited) = ("/bin/true".to_owned(), Vec::new(), Vec::new());
    run.event(P1, EventKind::Exec { program, argv, inherited });
    assert_eq!(names(&run.exits(0), &[UNMAPPED]), [""; 0]);
}

#[test]
fn who_did_not_come_to_its_own_end_is_not_asked_for_the_whole_run() {
    let mut killed = run();
    takes(&mut killed, P1, mapping(false), 4);
    takes(&mut killed, P1, Memory::Heap, 400);
    killed.ends(P1, Ending::Killed(Signal(15)));
    assert_eq!(names(&killed.over(), &[UNMAPPED, at_most(1)]), ["killed-by-signal"]);
}

#[test]
fn between_two_lines_only_what_was_made_there_counts() {
    let mut run = run();
    takes(&mut run, P1, mapping(false), 4);
    takes(&mut run, P1, Memory::Heap, 400);
    run.prints(P1, "from\n");
    let made = takes(&mut run, P1, mapping(false), 8);
    let grown = takes(&mut run, P1, Memory::Private, 100);
    let demands =
        [Demand::Unmapped { during: span() }, Demand::GrowsAtMost { kib: 99, during: span() }];
    let mut leaks = run.clone();
    leaks.prints(P1, "to\n");
    gives_back(&mut leaks, P1, Some(made), 8);
    gives_back(&mut leaks, P1, Some(grown), 100);
    assert_eq!(names(&leaks.exits(0), &demands), ["mapping-left", "memory-leaked"]);
    gives_back(&mut run, P1, Some(made), 8);
    gives_back(&mut run, P1, Some(grown), 1);
    run.prints(P1, "to\n");
    assert_eq!(names(&run.exits(0), &demands), [""; 0]);
}

#[test]
fn without_its_two_lines_a_demand_is_not_met() {
    let mut run = run();
    run.prints(P1, "from\n");
    let demands = [Demand::Unmapped { during: span() }];
    assert_eq!(names(&run.exits(0), &demands), ["output-wrong"]);
}

#[test]
fn growth_is_what_came_less_what_went_also_of_what_was_there_before() {
    let mut run = run();
    let heap = takes(&mut run, P1, Memory::Heap, 300);
    takes(&mut run, P1, Memory::Private, 200);
    takes(&mut run, P1, mapping(false), 1000);
    gives_back(&mut run, P1, Some(heap), 100);
    gives_back(&mut run, P1, None, 50);
    let trace = run.exits(0);
    assert_eq!(names(&trace, &[at_most(350)]), [""; 0]);
    let finding = only(&trace, &[at_most(349)]);
    let demand = at_most(349);
    assert_eq!(finding.detail, Detail::MemoryLeaked { proc: P1, demand, grown: 350 * KIB });
}

#[test]
fn the_place_of_growth_is_the_line_with_most_of_it() {
    let mut run = run();
    takes(&mut run, P1, Memory::Private, 300);
    run.in_file("once.rs");
    takes(&mut run, P1, Memory::Heap, 200);
    let often = run.in_file("often.rs");
    takes(&mut run, P1, Memory::Heap, 200);
    run.in_file("often.rs");
    let finding = only(&run.exits(0), &[at_most(256)]);
    assert_eq!(finding.site, often);
}

#[test]
fn what_a_child_keeps_is_its_own_and_what_it_inherits_is_no_growth() {
    let mut run = run();
    takes(&mut run, P1, Memory::Heap, 400);
    run.fork(P1);
    run.prints(P2, "from\n");
    takes(&mut run, P2, Memory::Heap, 100);
    run.prints(P2, "to\n");
    run.dies(P2, 0);
    run.reaps(P1, P2);
    let trace = run.exits(0);
    assert_eq!(names(&trace, &[at_most(400)]), [""; 0]);
    let child = |kib| Demand::GrowsAtMost { kib, during: span() };
    assert_eq!(names(&trace, &[child(100)]), [""; 0]);
    let finding = only(&trace, &[child(99)]);
    let detail = Detail::MemoryLeaked { proc: P2, demand: child(99), grown: 100 * KIB };
    assert_eq!(finding.detail, detail);
}
