//! Where functions of given names begin, from the symbol tables of everything that is mapped.

use crate::elf_file::ElfFile;
use crate::maps::Mapping;
use elf::abi::{SHN_UNDEF, STT_FUNC};
use elf::endian::LittleEndian;
use elf::file::Class;
use elf::string_table::StringTable;
use elf::symbol::SymbolTable;
use std::collections::{BTreeMap, BTreeSet};

/// Longer names are nobody's that is looked for.
const MAX_NAME: usize = 256;
const PAGE: u64 = 4096;

/// The first address of every function in a process that is wanted, of the C library's exported
/// functions as of the program's own. `wanted` is given the name as it stands in the symbol table,
/// and gives what to call it. Ascending, each address once.
#[must_use]
pub fn entry_points(
    maps: &[Mapping],
    wanted: impl Fn(&str) -> Option<String>,
) -> Vec<(u64, String)> {
    let mut found = BTreeMap::new();
    for mapping in maps.iter().filter(|mapping| mapping.executable && mapping.is_file()) {
        let Some(elf) = ElfFile::read(&mapping.path) else { continue };
        let Some(base) = base(&elf, mapping) else { continue };
        for (table, strings) in [(".symtab", ".strtab"), (".dynsym", ".dynstr")] {
            let strings = elf.content(strings).unwrap_or_default();
            let symbols = elf.content(table).unwrap_or_default();
            let functions = SymbolTable::new(LittleEndian, Class::ELF64, symbols)
                .iter()
                .filter(|symbol| symbol.st_symtype() == STT_FUNC && symbol.st_value != 0);
            for symbol in functions {
                let start = base.wrapping_add(symbol.st_value);
                let name = usize::try_from(symbol.st_name).ok().and_then(|at| strings.get(at..));
                let name = name.map(|name| name.get(..MAX_NAME).unwrap_or(name));
                let name = name.and_then(|name| StringTable::new(name).get(0).ok());
                let inside = start >= mapping.start && start < mapping.end;
                if let Some(name) = name.filter(|_| inside).and_then(&wanted) {
                    found.entry(start).or_insert(name);
                }
            }
        }
    }
    found.into_iter().collect()
}

/// The functions among these names that what is mapped takes from a library, or brings along itself
/// where it is linked statically: those that the program can call.
#[must_use]
pub fn callable<'n>(maps: &[Mapping], names: &[&'n str]) -> BTreeSet<&'n str> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for mapping in maps.iter().filter(|mapping| mapping.executable && mapping.is_file()) {
        if !seen.insert(&mapping.path) {
            continue;
        }
        let Some(elf) = ElfFile::read(&mapping.path) else { continue };
        // A library's name says that it is one.
        let name = mapping.path.file_name().unwrap_or_default().to_string_lossy();
        let alone = elf.section(".interp").is_none() && !name.contains(".so");
        let (table, strings) = if alone { (".symtab", ".strtab") } else { (".dynsym", ".dynstr") };
        let strings = elf.content(strings).unwrap_or_default();
        let symbols = elf.content(table).unwrap_or_default();
        for symbol in SymbolTable::new(LittleEndian, Class::ELF64, symbols).iter() {
            let taken = symbol.st_shndx == SHN_UNDEF || alone;
            let at = usize::try_from(symbol.st_name).unwrap_or(usize::MAX);
            let rest = strings.get(at..).unwrap_or_default();
            let is = |name: &&&str| {
                rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(&[0]))
            };
            if taken && let Some(name) = names.iter().find(is) {
                found.insert(*name);
            }
        }
    }
    found
}

/// Where address 0 of a file lies, by one of its mappings. A mapping begins with a whole page, of
/// which the first bytes may belong to the segment before: the page's last byte is its own.
fn base(elf: &ElfFile, mapping: &Mapping) -> Option<u64> {
    let own = |into: u64| {
        let address = elf.address_of(mapping.file_offset.checked_add(into)?)?;
        Some(mapping.start.wrapping_add(into).wrapping_sub(address))
    };
    own(PAGE - 1).or_else(|| own(0))
}
