//! One ELF file in memory: its sections by name, and addresses for file offsets. Trusts nothing
//! in it, and knows nothing of what the sections mean.

use elf::abi::PT_LOAD;
use elf::endian::LittleEndian;
use elf::file::Class;
use elf::string_table::StringTable;
use elf::{ElfBytes, abi};
use std::collections::{HashMap, VecDeque};
use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::iter::repeat_n;
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Larger files are not looked into. A debug build of an exercise has 5 to 15 MB.
const MAX_FILE: u64 = 128 << 20;
/// Files that are kept, and how many bytes together: a program and the libraries that it is linked with.
const KEPT: usize = 8;
const ROOM: usize = 64 << 20;
/// A file has about 40 sections and 12 segments, their names some hundred bytes.
const MAX_SECTIONS: usize = 1024;
const MAX_SEGMENTS: usize = 256;
const MAX_SECTION_NAMES: usize = 64 << 10;
/// `O_NONBLOCK`: a FIFO put in the place of a program must not hold the reader.
const NONBLOCK: i32 = 0o4000;

/// A place of the file, as it is mapped.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Where in the file.
    pub(crate) bytes: Range<usize>,
    /// Its address, relative to the module's load address.
    pub(crate) address: u64,
}

struct Segment {
    file: Range<u64>,
    address: u64,
}

/// An ELF file, read whole.
pub(crate) struct ElfFile {
    bytes: Arc<[u8]>,
    sections: HashMap<String, Section>,
    segments: Vec<Segment>,
}

/// Tells one content of a path from the next, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp([i64; 4], [u64; 3]);

impl Stamp {
    /// `None` if there is no such file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self::from_metadata(&metadata))
    }

    fn from_metadata(m: &Metadata) -> Self {
        Self([m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()], [m.dev(), m.ino(), m.len()])
    }
}

impl ElfFile {
    /// `None` if it cannot be read or is no 64-bit little-endian ELF file.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        Self::parse(read_regular(path)?)
    }

    pub(crate) fn parse(bytes: Arc<[u8]>) -> Option<Self> {
        let file = ElfBytes::<LittleEndian>::minimal_parse(&bytes).ok()?;
        if file.ehdr.class != Class::ELF64 {
            return None;
        }
        let segments = file
            .segments()?
            .iter()
            .take(MAX_SEGMENTS)
            .filter(|segment| segment.p_type == PT_LOAD)
            .map(|segment| Segment {
                file: segment.p_offset..segment.p_offset.saturating_add(segment.p_filesz),
                address: segment.p_vaddr,
            })
            .collect();
        let sections = sections(&file, bytes.len()).unwrap_or_default();
        Some(Self { bytes, sections, segments })
    }

    /// The section of this name, unless it is compressed or takes no room in the file.
    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.get(name)
    }

    pub(crate) fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The content of the section of this name.
    pub(crate) fn content(&self, name: &str) -> Option<&[u8]> {
        self.bytes.get(self.section(name)?.bytes.clone())
    }

    /// The address of the byte at this offset, relative to the load address.
    pub(crate) fn address_of(&self, offset: u64) -> Option<u64> {
        let segment = self.segments.iter().find(|segment| segment.file.contains(&offset))?;
        Some((offset - segment.file.start).wrapping_add(segment.address))
    }

    /// The `N` bytes in front of this file offset.
    pub(crate) fn before<const N: usize>(&self, offset: u64) -> Option<[u8; N]> {
        let end = usize::try_from(offset).ok()?;
        self.bytes.get(end.checked_sub(N)?..end)?.try_into().ok()
    }
}

/// Files that were read last: one and the same is looked into for its functions, its names, its lines
/// and its frames.
static READ: Mutex<VecDeque<Known>> = Mutex::new(VecDeque::new());

struct Known {
    path: PathBuf,
    stamp: Stamp,
    bytes: Arc<[u8]>,
}

fn read_regular(path: &Path) -> Option<Arc<[u8]>> {
    let mut file: File = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    let stamp = Stamp::from_metadata(&metadata);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.iter().find(|known| known.path == path && known.stamp == stamp) {
        return Some(Arc::clone(&known.bytes));
    }
    // In its last place at once: these are megabytes.
    let mut bytes: Arc<[u8]> = repeat_n(0, usize::try_from(metadata.len()).ok()?).collect();
    file.read_exact(Arc::get_mut(&mut bytes)?).ok()?;
    read.retain(|known| known.path != path);
    read.push_back(Known { path: path.to_owned(), stamp, bytes: Arc::clone(&bytes) });
    while read.len() > KEPT || read.iter().map(|known| known.bytes.len()).sum::<usize>() > ROOM {
        read.pop_front();
    }
    Some(bytes)
}

fn sections(
    file: &ElfBytes<'_, LittleEndian>,
    file_size: usize,
) -> Option<HashMap<String, Section>> {
    let headers = file.section_headers()?;
    let names = headers.get(usize::from(file.ehdr.e_shstrndx)).ok()?;
    let (names, _) = file.section_data(&names).ok()?;
    let names = StringTable::new(names.get(..MAX_SECTION_NAMES).unwrap_or(names));
    let sections = headers.iter().take(MAX_SECTIONS).filter_map(|header| {
        let compressed = header.sh_flags & u64::from(abi::SHF_COMPRESSED) != 0;
        if compressed || header.sh_type == abi::SHT_NOBITS {
            return None;
        }
        let name = names.get(usize::try_from(header.sh_name).ok()?).ok()?;
        let start = usize::try_from(header.sh_offset).ok()?;
        let end = start.checked_add(usize::try_from(header.sh_size).ok()?)?;
        let section = Section { bytes: start..end, address: header.sh_addr };
        (end <= file_size).then(|| (name.to_owned(), section))
    });
    Some(sections.collect())
}
