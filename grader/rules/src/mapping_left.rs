//! mapping-left: a mapping was left to the end of the program to take away. Its page:
//! `docs/rules/mapping-left.md`.

use crate::case::{At, Case, accuse};
use crate::memory::Window;
use forklings_model::{Demand, Detail, Event, Finding, Mapped, Memory};

pub(crate) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.demands.iter().filter_map(|demand| judge(case, demand)).collect()
}

fn judge(case: &Case<'_>, demand: &Demand) -> Option<Finding> {
    let Demand::Unmapped { during } = demand else { return None };
    let window = Window::of(case, during.as_ref())?;
    let left: Vec<(&Event, &Mapped, u64)> = window
        .held(case)
        .pieces(case)
        .filter(|(event, ..)| window.has(event))
        .filter_map(|(event, memory, bytes)| match memory {
            Memory::Mapping { of, by_runtime: false } => Some((event, of, bytes)),
            _ => None,
        })
        .collect();
    let (first, ..) = *left.first()?;
    let detail = Detail::MappingLeft {
        proc: window.proc,
        demand: demand.clone(),
        mappings: left.iter().map(|(_, of, bytes)| ((*of).clone(), *bytes)).collect(),
    };
    let made = left.iter().map(|(event, ..)| event.seq);
    Some(accuse(detail, made.chain(window.ends())).at(first.site))
}
