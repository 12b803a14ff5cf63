//! Whether an instruction is part of an atomic operation. On this processor an atomic load or store
//! is a plain `mov`, so only the function that it stands in can tell: one of Rust's atomic types.

use crate::stacks::maps_of;
use forklings_model::{AccessOrder, SourceLine};
use forklings_symbols::{Buffered, Functions, Symbols, Unwinder};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// What is known of instructions of the program, by address.
#[derive(Default)]
pub(crate) struct Orders {
    symbols: OnceCell<Symbols>,
    functions: Functions,
    known: HashMap<u64, AccessOrder>,
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orders").field("known", &self.known).finish_non_exhaustive()
    }
}

impl Orders {
    /// What is known of the instruction at an address of a process. `program` is the subject's as
    /// the process sees it, and as it can be read here.
    pub(crate) fn of(&mut self, tid: i32, address: u64, program: (&Path, &Path)) -> AccessOrder {
        if let Some(&known) = self.known.get(&address) {
            return known;
        }
        let order = self.find(tid, address, program).unwrap_or(AccessOrder::Unknown);
        self.known.insert(address, order);
        order
    }

    fn find(&mut self, tid: i32, address: u64, program: (&Path, &Path)) -> Option<AccessOrder> {
        let maps = maps_of(tid, program);
        let registers = forklings_symbols::Registers { ip: address, ..Default::default() };
        let mut nothing = Buffered::new(|_, _: &mut [u8]| 0);
        let frames = Unwinder::new().unwind(&maps, registers, &mut nothing, 1);
        let frame = frames.into_iter().next()?;
        self.symbols.get_or_init(|| Symbols::new(Vec::new()));
        let lines = self.symbols.get_mut()?.resolve(&frame);
        let inlined = lines.iter().filter_map(|line| line.function.clone());
        let names: Vec<String> = inlined.chain(self.functions.name(&frame)).collect();
        if names.iter().any(|name| name.contains("sync::atomic")) {
            return Some(AccessOrder::Atomic);
        }
        let is_rust = |line: &SourceLine| line.file.extension().is_some_and(|e| e == "rs");
        let plain = !lines.is_empty() && lines.iter().all(is_rust);
        Some(if plain { AccessOrder::Plain } else { AccessOrder::Unknown })
    }
}
