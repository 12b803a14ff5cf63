//! Sentences of the rules about memory that a process keeps.

use super::Explanation;
use super::name::{count, list, size};
use crate::escape::line;
use crate::sentence::demand::demand;
use forklings_model::{Demand, Mapped, ProcId};

pub(super) fn mapping_left(
    proc: ProcId,
    demanded: &Demand,
    mappings: &[(Mapped, u64)],
) -> Explanation {
    let names: Vec<String> =
        mappings.iter().map(|(of, bytes)| format!("{} of {}", size(*bytes), mapped(of))).collect();
    let verb = if mappings.len() == 1 { "was" } else { "were" };
    let system_v = mappings.iter().all(|(of, _)| *of == Mapped::SystemV);
    Explanation {
        expected: demand(demanded),
        happened: format!(
            "{} of {proc} {verb} still there: {}",
            count(mappings.len() as u64, "mapping", "mappings"),
            list(&names, 4)
        ),
        likely: "closing the descriptor or taking the name away does not unmap anything: the memory \
                 is there until its last mapping goes"
            .to_owned(),
        experiment: if system_v {
            "call shmdt with the address that shmat gave, on every path"
        } else {
            "call munmap with the address and the length of the mapping, on every path; a type whose \
             drop does it forgets none"
        }
        .to_owned(),
        man: if system_v { "man 2 shmop" } else { "man 2 mmap, munmap()" },
    }
}

/// What is mapped, in words.
fn mapped(of: &Mapped) -> String {
    match of {
        Mapped::Anonymous => "shared memory without a name".to_owned(),
        Mapped::File(path) => line(path),
        Mapped::SystemV => "System V shared memory".to_owned(),
    }
}

pub(super) fn memory_leaked(proc: ProcId, demanded: &Demand, grown: u64) -> Explanation {
    Explanation {
        expected: demand(demanded),
        happened: format!("the memory of {proc} grew by {}", size(grown)),
        likely: "something was allocated and never freed, or freed below something that stayed: a \
                 heap gives back its end only"
            .to_owned(),
        experiment:
            "find out who owns what is allocated there, and when it is dropped; what leaks \
                     by itself belongs into a child, whose end gives everything back"
                .to_owned(),
        man: "man 2 brk; man 3 malloc, NOTES",
    }
}
