//! Call stacks of a run, recorded only where a failure is shown again: passing runs pay nothing.

use crate::maps;
use crate::subject::Subject;
use forklings_model::{Frame, SiteId};
use forklings_sandbox::Held;
use forklings_symbols::{Buffered, Mapping, Symbols, Unwinder, parse_maps};
use forklings_sys::memory;
use forklings_sys::ptrace::{Registers, Stopped};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Frames of one stack that are kept.
pub(crate) const DEPTH: usize = 40;

/// Call stacks of one run.
pub(crate) struct Stacks {
    unwinder: Unwinder,
    symbols: Symbols,
    /// The program as the subject sees it, and as it can be read here.
    program: (PathBuf, PathBuf),
    maps: BTreeMap<i32, Vec<Mapping>>,
}

impl fmt::Debug for Stacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacks").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Stacks {
    pub(crate) fn new(held: &Held, subject: &Subject) -> Self {
        Self {
            unwinder: Unwinder::new(),
            symbols: Symbols::new(subject.sources.clone()),
            program: (held.program_inside(), subject.program.clone()),
            maps: BTreeMap::new(),
        }
    }

    /// A process has another image now.
    pub(crate) fn forget(&mut self, tid: i32) {
        self.maps.remove(&tid);
    }

    /// The call stack of a stopped thread, as an entry of `sites`.
    pub(crate) fn site(
        &mut self,
        stopped: &Stopped,
        registers: &Registers,
        sites: &mut Vec<Vec<Frame>>,
    ) -> Option<SiteId> {
        let tid = stopped.tid();
        let (inside, outside) = &self.program;
        let maps = self.maps.entry(tid).or_insert_with(|| maps_of(tid, (inside, outside)));
        let registers = for_unwinding(registers);
        let mut tracee = Buffered::new(|address, buffer: &mut [u8]| {
            memory::read(tid, address, buffer).unwrap_or(0)
        });
        let frames = self.unwinder.unwind(maps, registers, &mut tracee, DEPTH);
        if frames.is_empty() {
            return None;
        }
        let known = sites.iter().position(|site| *site == frames);
        let position = known.unwrap_or_else(|| {
            sites.push(frames);
            sites.len() - 1
        });
        u32::try_from(position).ok().map(SiteId)
    }

    /// Looks up the source lines of every frame, and keeps the frames that have one outside the
    /// standard library and other crates: nobody mends those.
    pub(crate) fn name_lines(&mut self, sites: &mut [Vec<Frame>]) {
        self.symbols.resolve_all(sites);
        for site in sites {
            let own = |frame: &Frame| {
                frame.line.as_ref().is_some_and(|line| {
                    let file = line.file.to_string_lossy();
                    !file.starts_with("/rustc/") && !file.contains("/.cargo/registry/")
                })
            };
            if site.iter().any(own) {
                site.retain(own);
            }
        }
    }
}

/// The registers that an unwinder begins with.
pub(crate) fn for_unwinding(r: &Registers) -> forklings_symbols::Registers {
    forklings_symbols::Registers {
        ip: r.rip,
        sp: r.rsp,
        bp: r.rbp,
        bx: r.rbx,
        di: r.rdi,
        r12: r.r12,
        r13: r.r13,
        r14: r.r14,
        r15: r.r15,
    }
}

/// What is mapped in a process. `program` is the subject's as the process sees it, and as it can be
/// read here.
pub(crate) fn maps_of(tid: i32, program: (&Path, &Path)) -> Vec<Mapping> {
    let mut maps = parse_maps(&maps::of(tid));
    for mapping in maps.iter_mut().filter(|mapping| mapping.path == program.0) {
        mapping.path = program.1.to_path_buf();
    }
    maps
}
