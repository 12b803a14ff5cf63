//! Typical failures of programs that keep memory: a function each.

use crate::build::{P1, Run};
use forklings_model::{
    Demand, Detail, Ending, EventKind, Failure, Mapped, Memory, MemoryPart, Span,
};

/// Every case, named by its rule and what is left.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("mapping-left", mapping_left()),
        ("mapping-left-between", mapping_left_between()),
        ("memory-leaked", memory_leaked()),
        ("memory-leaked-between", memory_leaked_between()),
    ]
}

fn span() -> Option<Span> {
    Some(Span { from: "begins".to_owned(), to: "is back".to_owned() })
}

fn takes(run: &mut Run, memory: Memory, bytes: u64) -> u32 {
    run.event(P1, EventKind::MemoryTaken { memory, bytes })
}

fn mapping_left() -> Failure {
    let mut run = Run::new(&["table", "2"]);
    let of = Mapped::Anonymous;
    let made = takes(&mut run, Memory::Mapping { of: of.clone(), by_runtime: false }, 4096);
    let at = run.site(12, "let memory = mmap_anonymous(None, size, protection, flags)?;");
    let end = run.end(P1, Ending::Exited(0));
    let demand = Demand::Unmapped { during: None };
    let detail = Detail::MappingLeft { proc: P1, demand, mappings: vec![(of, 4096)] };
    run.failure(detail, &[made, end], Some(at), None)
}

fn mapping_left_between() -> Failure {
    let mut run = Run::new(&["copy", "2"]);
    let from = run.print(P1, "begins\n");
    let file = Mapped::File("/tmp/\u{1b}[31mnumbers".to_owned());
    let first = takes(&mut run, Memory::Mapping { of: file.clone(), by_runtime: false }, 3 << 20);
    let at = run.site(12, "let memory = Map::of(&file)?;");
    let of = Mapped::SystemV;
    let second = takes(&mut run, Memory::Mapping { of: of.clone(), by_runtime: false }, 8192);
    let to = run.print(P1, "is back\n");
    let demand = Demand::Unmapped { during: span() };
    let mappings = vec![(file, 3 << 20), (of, 8192)];
    let detail = Detail::MappingLeft { proc: P1, demand, mappings };
    run.failure(detail, &[from, first, second, to], Some(at), None)
}

fn memory_leaked() -> Failure {
    let mut run = Run::new(&["contain", "2"]);
    let taken = takes(&mut run, Memory::Heap, 300 << 10);
    let at = run.site(31, "cache.push(line.to_owned());");
    let end = run.end(P1, Ending::Exited(0));
    let demand = Demand::GrowsAtMost { kib: 256, during: None };
    let detail = Detail::MemoryLeaked { proc: P1, demand, grown: 300 << 10 };
    run.failure(detail, &[taken, end], Some(at), None)
}

fn memory_leaked_between() -> Failure {
    let mut run = Run::new(&["contain", "2"]);
    let from = run.print(P1, "begins\n");
    let taken = takes(&mut run, Memory::Private, (3 << 20) + (512 << 10));
    let at = run.site(31, "let answer = Vec::leak(f());");
    let parts = vec![MemoryPart { of: Some(taken), bytes: 512 << 10 }];
    let back = run.event(P1, EventKind::MemoryGivenBack { parts });
    let to = run.print(P1, "is back\n");
    let demand = Demand::GrowsAtMost { kib: 1024, during: span() };
    let detail = Detail::MemoryLeaked { proc: P1, demand, grown: 3 << 20 };
    run.failure(detail, &[from, taken, back, to], Some(at), None)
}
