//! Guests of the tracer's tests: each name is one kernel behaviour in a tiny program. Under the
//! tracer each must do what it does without it. One file for each family.
#![expect(unsafe_code, reason = "guests are made of raw system calls")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "guests are not examples of good style")]
#![expect(clippy::multiple_unsafe_ops_per_block, reason = "guests are not examples of good style")]

mod bounds;
mod children;
mod endings;
mod faults;
mod fifos;
mod futexes;
mod handlers;
mod instructions;
mod kernel;
mod leaks;
mod locks;
mod memory;
mod one_memory;
mod pipes;
mod pollers;
mod queues;
mod segments;
mod signals;
mod sockets;
mod spins;
mod stops;
mod sysv;
mod threads;
mod time;
mod timers;

use std::{env, process};

/// Every family of guests.
const FAMILIES: &[&[kernel::Guest]] = &[
    bounds::GUESTS,
    children::GUESTS,
    endings::GUESTS,
    faults::GUESTS,
    fifos::GUESTS,
    futexes::GUESTS,
    instructions::GUESTS,
    leaks::GUESTS,
    locks::GUESTS,
    memory::GUESTS,
    one_memory::GUESTS,
    handlers::GUESTS,
    pipes::GUESTS,
    pollers::GUESTS,
    queues::GUESTS,
    segments::GUESTS,
    signals::GUESTS,
    sockets::GUESTS,
    spins::GUESTS,
    stops::GUESTS,
    sysv::GUESTS,
    threads::GUESTS,
    time::GUESTS,
    timers::GUESTS,
];

fn main() {
    let name = env::args().nth(1).unwrap_or_default();
    let guest = FAMILIES.iter().copied().flatten().find(|(known, _)| *known == name);
    match guest {
        Some((_, run)) => run(),
        None => {
            kernel::say(&format!("no guest is called `{name}`"));
            process::exit(2);
        }
    }
}
