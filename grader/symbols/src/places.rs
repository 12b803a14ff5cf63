//! Where an address of a process lies: in which mapping, in which file, at which of the file's own
//! addresses.

use crate::cfi::UnwindModule;
use crate::maps::Mapping;
use crate::module::Modules;
use std::rc::Rc;

/// Machine code of `syscall`.
const SYSCALL: [u8; 2] = [0x0f, 0x05];

/// The mappings of one stopped process, and the modules that were asked for.
pub(crate) struct Places<'a> {
    maps: &'a [Mapping],
    modules: &'a mut Modules<UnwindModule>,
    /// By the mapping's number. A stack comes back to the same two or three.
    found: Vec<(usize, Option<Rc<UnwindModule>>)>,
}

/// An instruction in a file.
pub(crate) struct Place<'a> {
    pub(crate) mapping: &'a Mapping,
    /// The module, unless it cannot be read.
    pub(crate) module: Option<Rc<UnwindModule>>,
    /// Its offset in the file.
    file_offset: u64,
    /// Its address relative to the module's load address. Where the module cannot be read, the
    /// file offset is the best that is known.
    pub(crate) address: u64,
}

impl<'a> Places<'a> {
    pub(crate) fn new(maps: &'a [Mapping], modules: &'a mut Modules<UnwindModule>) -> Self {
        Self { maps, modules, found: Vec::new() }
    }

    /// `None` where no file is mapped executable.
    pub(crate) fn find(&mut self, ip: u64) -> Option<Place<'a>> {
        let number = self.maps.iter().position(|m| (m.start..m.end).contains(&ip))?;
        let mapping = self.maps.get(number).filter(|m| m.executable && m.is_file())?;
        let module = self.module(number, mapping);
        let file_offset = (ip - mapping.start).wrapping_add(mapping.file_offset);
        let address = module.as_ref().and_then(|module| module.elf.address_of(file_offset));
        let module = module.filter(|_| address.is_some());
        Some(Place { mapping, module, file_offset, address: address.unwrap_or(file_offset) })
    }

    fn module(&mut self, number: usize, mapping: &Mapping) -> Option<Rc<UnwindModule>> {
        if let Some((_, module)) = self.found.iter().find(|(known, _)| *known == number) {
            return module.clone();
        }
        let module = self.modules.get(&mapping.path);
        self.found.push((number, module.clone()));
        module
    }

    /// Whether a call instruction ends in front of `ip`.
    pub(crate) fn follows_call(&mut self, ip: u64) -> bool {
        let Some(bytes) = self.find(ip).and_then(|place| place.before::<7>()) else {
            return false;
        };
        // `call rel32`, or `call r/m64` (ff /2), which has two to seven bytes.
        bytes[2] == 0xe8 || (0..=5).any(|at| bytes[at] == 0xff && (bytes[at + 1] >> 3) & 7 == 2)
    }
}

impl Place<'_> {
    /// Whether the instruction in front is a system call.
    pub(crate) fn follows_syscall(&self) -> bool {
        self.before() == Some(SYSCALL)
    }

    fn before<const N: usize>(&self) -> Option<[u8; N]> {
        self.module.as_ref()?.elf.before(self.file_offset)
    }
}
