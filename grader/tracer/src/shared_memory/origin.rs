//! What an instruction is part of: an atomic operation, or not. On this processor an atomic load or store
//! is a plain `mov`, so only the function that it stands in can tell: one of Rust's atomic types. A store
//! that is an exchange can be told by what follows it, too.

use super::discarded::discards;
use crate::breakpoints::Breakpoints;
use crate::stacks::maps_of;
use forklings_model::{AccessOrder, SourceLine};
use forklings_symbols::{Buffered, Functions, Symbols, Unwinder};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// What an instruction is part of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(super) order: AccessOrder,
    /// Whether it is an atomic store, also where it is written as an exchange.
    pub(super) stores: bool,
}

impl Origin {
    const UNKNOWN: Self = Self { order: AccessOrder::Unknown, stores: false };
}

/// What is known of instructions of the program, by address.
#[derive(Default)]
pub(crate) struct Origins {
    symbols: OnceCell<Symbols>,
    functions: Functions,
    known: HashMap<u64, Origin>,
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origins").field("known", &self.known).finish_non_exhaustive()
    }
}

impl Origins {
    /// What is known of the instruction at an address of a process with these breakpoints. `program` is the subject's as
    /// the process sees it, and as it can be read here.
    pub(crate) fn of(
        &mut self,
        (tid, set): (i32, &Breakpoints),
        address: u64,
        program: (&Path, &Path),
    ) -> Origin {
        if let Some(&known) = self.known.get(&address) {
            return known;
        }
        let mut origin = self.find(tid, address, program).unwrap_or(Origin::UNKNOWN);
        origin.stores |= discards((tid, set), address);
        self.known.insert(address, origin);
        origin
    }

    fn find(&mut self, tid: i32, address: u64, program: (&Path, &Path)) -> Option<Origin> {
        let maps = maps_of(tid, program);
        let registers = forklings_symbols::Registers { ip: address, ..Default::default() };
        let mut nothing = Buffered::new(|_, _: &mut [u8]| 0);
        let frames = Unwinder::new().unwind(&maps, registers, &mut nothing, 1);
        let frame = frames.into_iter().next()?;
        self.symbols.get_or_init(|| Symbols::new(Vec::new()));
        let lines = self.symbols.get_mut()?.resolve(&frame);
        let inlined = lines.iter().filter_map(|line| line.function.clone());
        let names: Vec<String> = inlined.chain(self.functions.name(&frame)).collect();
        let mut atomic = names.iter().filter(|name| name.contains("sync::atomic")).peekable();
        if atomic.peek().is_some() {
            let stores =
                atomic.any(|name| name.ends_with("::store") || name.contains("atomic_store"));
            return Some(Origin { order: AccessOrder::Atomic, stores });
        }
        let is_rust = |line: &SourceLine| line.file.extension().is_some_and(|e| e == "rs");
        let plain = !lines.is_empty() && lines.iter().all(is_rust);
        let order = if plain { AccessOrder::Plain } else { AccessOrder::Unknown };
        Some(Origin { order, stores: false })
    }
}
