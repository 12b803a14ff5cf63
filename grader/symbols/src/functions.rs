//! Names of functions by their module's symbol table alone, also where there is no debug
//! information.

use crate::elf_file::ElfFile;
use crate::module::Modules;
use crate::names::Names;
use forklings_model::Frame;
use std::path::Path;

/// Looks up functions, and remembers what it read of the modules.
pub struct Functions(Modules<Module>);

struct Module {
    elf: ElfFile,
    names: Names,
}

impl Default for Functions {
    fn default() -> Self {
        Self(Modules::new(|path: &Path| {
            let elf = ElfFile::read(path)?;
            let names = Names::read(&elf);
            Some(Module { elf, names })
        }))
    }
}

impl Functions {
    /// The demangled name of the function that a frame stands in; inlined functions have none.
    /// `None` where the module keeps no names.
    pub fn name(&mut self, frame: &Frame) -> Option<String> {
        let module = self.0.get(&frame.module)?;
        module.names.function(&module.elf, frame.offset)
    }
}
