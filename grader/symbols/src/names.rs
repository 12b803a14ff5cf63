//! Functions by address, from the symbol table: line tables alone name only inlined functions.

use crate::elf_file::ElfFile;
use elf::abi::STT_FUNC;
use elf::endian::LittleEndian;
use elf::file::Class;
use elf::string_table::StringTable;
use elf::symbol::SymbolTable;

/// Longer names are not shown.
const MAX_NAME: usize = 1024;

/// The functions of a module.
pub(crate) struct Names {
    /// First address, first address behind, offset of the name; in the order of addresses.
    functions: Vec<(u64, u64, usize)>,
}

impl Names {
    pub(crate) fn read(elf: &ElfFile) -> Self {
        let symbols = elf.content(".symtab").unwrap_or_default();
        let mut functions: Vec<_> = SymbolTable::new(LittleEndian, Class::ELF64, symbols)
            .iter()
            .filter(|symbol| symbol.st_symtype() == STT_FUNC && symbol.st_size > 0)
            .filter_map(|symbol| {
                let name = usize::try_from(symbol.st_name).ok()?;
                let end = symbol.st_value.saturating_add(symbol.st_size);
                Some((symbol.st_value, end, name))
            })
            .collect();
        functions.sort_unstable();
        Self { functions }
    }

    /// The demangled name of the function around `address`.
    pub(crate) fn function(&self, elf: &ElfFile, address: u64) -> Option<String> {
        let behind = self.functions.partition_point(|(start, ..)| *start <= address);
        let (_, end, name) = *self.functions.get(behind.checked_sub(1)?)?;
        let strings = elf.content(".strtab")?;
        let name = strings.get(name..)?;
        let name = StringTable::new(name.get(..MAX_NAME).unwrap_or(name)).get(0).ok()?;
        (address < end).then(|| demangle(name))
    }
}

/// `crate::module::function`, without the hash; other languages' names stay as they are.
#[must_use]
pub fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
