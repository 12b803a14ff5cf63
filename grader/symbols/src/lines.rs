//! Source lines of frames, from the debug information of their modules.

use crate::elf_file::ElfFile;
use crate::module::Modules;
use crate::names::{Names, demangle};
use crate::sources::Sources;
use addr2line::Context;
use forklings_model::{Frame, SourceLine};
use gimli::{Dwarf, EndianArcSlice, LittleEndian};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Larger sections are left out. Every byte of a line program can make a row of 24 bytes.
const MAX_SECTION: usize = 16 << 20;
/// How many functions may be inlined into each other at one instruction.
const MAX_INLINED: usize = 64;
const MAX_LINES: usize = 1 << 16;

type Reader = EndianArcSlice<LittleEndian>;

/// Looks up source lines, and remembers what it read of the modules.
pub struct Symbols {
    modules: Modules<LineModule>,
    sources: Sources,
}

/// A line as the module records it.
#[derive(Clone)]
struct Recorded {
    file: PathBuf,
    line: u32,
    function: Option<String>,
}

struct LineModule {
    elf: ElfFile,
    context: Context<Reader>,
    names: Names,
    known: RefCell<HashMap<u64, Vec<Recorded>>>,
}

impl Symbols {
    /// Shows files below `sources`, folders such as an exercise's, by their path from there and
    /// with the text of the line.
    #[must_use]
    pub fn new(sources: Vec<PathBuf>) -> Self {
        let mut symbols =
            Self { modules: Modules::new(LineModule::load), sources: Sources::default() };
        for folder in sources {
            symbols.sources.add(folder.clone(), &folder);
        }
        symbols
    }

    /// The same for a folder that was compiled under another path than it has now.
    #[must_use]
    pub fn recorded_as(mut self, recorded: PathBuf, folder: &Path) -> Self {
        self.sources.add(recorded, folder);
        self
    }

    /// The lines of a frame: functions inlined at its instruction, innermost first, then the
    /// function itself. Empty without debug information.
    pub fn resolve(&mut self, frame: &Frame) -> Vec<SourceLine> {
        let Some(module) = self.modules.get(&frame.module) else { return Vec::new() };
        module
            .lines(frame.offset)
            .into_iter()
            .map(|Recorded { file, line, function }| {
                let (file, text) = self.sources.find(&file, line);
                SourceLine { file, line, function, text }
            })
            .collect()
    }

    /// Sets the line of every frame in these stacks. A frame with inlined functions becomes as
    /// many frames.
    pub fn resolve_all(&mut self, sites: &mut [Vec<Frame>]) {
        for site in sites {
            *site = std::mem::take(site)
                .into_iter()
                .flat_map(|frame| {
                    let lines = self.resolve(&frame);
                    if lines.is_empty() {
                        return vec![frame];
                    }
                    let with = |line| Frame { line: Some(line), ..frame.clone() };
                    lines.into_iter().map(with).collect()
                })
                .collect();
        }
    }
}

impl LineModule {
    fn load(path: &Path) -> Option<Self> {
        Self::new(ElfFile::read(path)?)
    }

    fn new(elf: ElfFile) -> Option<Self> {
        elf.section(".debug_line")?;
        let whole = Reader::new(elf.bytes().clone(), LittleEndian);
        let dwarf = Dwarf::load(|id| {
            let range = elf.section(id.name()).map(|section| section.bytes.clone());
            let range = range.filter(|range| range.len() <= MAX_SECTION).unwrap_or_default();
            Ok::<_, gimli::Error>(whole.range(range))
        });
        let context = Context::from_dwarf(dwarf.ok()?).ok()?;
        let names = Names::read(&elf);
        Some(Self { elf, context, names, known: RefCell::default() })
    }

    fn lines(&self, address: u64) -> Vec<Recorded> {
        if let Some(lines) = self.known.borrow().get(&address) {
            return lines.clone();
        }
        let lines = self.find(address);
        let mut known = self.known.borrow_mut();
        if known.len() >= MAX_LINES {
            known.clear();
        }
        known.insert(address, lines.clone());
        lines
    }

    fn find(&self, address: u64) -> Vec<Recorded> {
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        let mut outermost_is_named = false;
        while let Ok(Some(frame)) = frames.next()
            && lines.len() < MAX_INLINED
        {
            let function = frame.function.as_ref().and_then(|name| name.raw_name().ok());
            outermost_is_named = function.is_some();
            let Some(location) = frame.location else { continue };
            let (Some(file), Some(line)) = (location.file, location.line) else { continue };
            let function = function.map(|name| demangle(&name));
            lines.push(Recorded { file: PathBuf::from(file), line, function });
        }
        if let Some(outermost) = lines.last_mut()
            && !outermost_is_named
        {
            outermost.function = self.names.function(&self.elf, address);
        }
        lines
    }
}
