//! Where functions begin, and which of them a program can call.

use crate::guest::{C, C_STATIC, Guest};
use forklings_symbols::{Mapping, callable, entry_points, parse_maps};
use nix::libc;
use std::collections::BTreeSet;
use std::fs;

const NAMES: [&str; 3] = ["sigaction", "sem_trywait", "no_such_function"];

/// A program as if its whole file lay at its own addresses.
fn mapped(guest: &Guest) -> Vec<Mapping> {
    let path = guest.program.clone();
    vec![Mapping { start: 0, end: 1 << 24, file_offset: 0, path, executable: true }]
}

#[test]
fn a_function_begins_where_it_is_called() {
    let maps = parse_maps(&fs::read_to_string("/proc/self/maps").unwrap());
    let found = entry_points(&maps, |name| (name == "getpid").then(|| name.to_owned()));
    let address = libc::getpid as *const () as u64;
    assert!(found.contains(&(address, "getpid".to_owned())), "{address:x}: {found:x?}");
}

#[test]
fn a_program_can_call_what_it_takes_from_a_library() {
    assert_eq!(callable(&mapped(&C), &NAMES), BTreeSet::from(["sigaction"]));
}

#[test]
fn a_static_program_can_call_what_it_brings_along() {
    let found = callable(&mapped(&C_STATIC), &NAMES);
    assert!(found.contains("sigaction") && !found.contains("no_such_function"), "{found:?}");
}
