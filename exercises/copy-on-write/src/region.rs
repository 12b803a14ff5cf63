//! Pages to measure. Given; not to be edited.

use std::io;
use std::ops::Range;
use std::ptr;

/// Memory in whole pages, private to the process: what a fork copies only when it is written to.
///
/// On either side lies a page that nobody may touch, so the kernel never counts other memory in with
/// it. Inside it may keep the region as one mapping or as several. Huge pages are switched off.
#[derive(Debug)]
pub struct Region {
    /// Where it begins.
    first: *mut u8,
    pages: usize,
    page_size: usize,
}

/// Pages that belong to a region besides its own: one before, one behind, and the log.
const BESIDE: usize = 3;

impl Region {
    /// So many pages, each with a byte of its own written to it, so that all of them are there.
    ///
    /// # Errors
    /// Those of `mmap`.
    pub fn filled(pages: usize) -> io::Result<Self> {
        let region = Self::fresh(pages)?;
        for page in 0..pages {
            region.write(page, Self::filling(page));
        }
        Ok(region)
    }

    /// So many pages that nobody has written to: the kernel has not put any memory there yet.
    ///
    /// # Errors
    /// Those of `mmap` and its relatives.
    pub fn fresh(pages: usize) -> io::Result<Self> {
        // SAFETY: a question.
        let page_size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let page_size = usize::try_from(page_size).map_err(io::Error::other)?;
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let length = (pages + BESIDE) * page_size;
        // SAFETY: a new mapping, at a place of the kernel's choice.
        let place = unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_NONE, private, -1, 0) };
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let first = place.cast::<u8>().wrapping_add(page_size);
        let region = Self { first, pages, page_size };
        allow(region.first, pages * page_size)?;
        allow(region.log().cast(), page_size)?;
        // A kernel without huge pages does not know this advice: then there is nothing to switch off.
        // SAFETY: the range was just mapped, and the advice changes no byte.
        unsafe { libc::madvise(first.cast(), pages * page_size, libc::MADV_NOHUGEPAGE) };
        Ok(region)
    }

    /// How many pages it has.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// Bytes of a page on this machine.
    #[must_use]
    pub fn page_size(&self) -> usize {
        self.page_size
    }

    /// Its addresses: from its first byte to the one behind its last.
    #[must_use]
    pub fn addresses(&self) -> Range<usize> {
        let first = self.first.addr();
        first..first + self.pages * self.page_size
    }

    /// Reads the first byte of a page.
    ///
    /// # Panics
    /// When there is no such page.
    #[must_use]
    pub fn read(&self, page: usize) -> u8 {
        self.note(|log| log.reads += 1);
        // SAFETY: `place` checks the page. Volatile: the compiler shall not leave it out.
        unsafe { self.place(page).read_volatile() }
    }

    /// Writes the first byte of a page.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn write(&self, page: usize, byte: u8) {
        self.note(|log| log.writes += 1);
        // SAFETY: `place` checks the page, and a process that uses a region has one thread.
        unsafe { self.place(page).write_volatile(byte) }
    }

    /// How often this process has written to a page, or the processes that it was forked from.
    #[must_use]
    pub fn writes(&self) -> usize {
        // SAFETY: as in `note`.
        unsafe { self.log().read_volatile() }.writes
    }

    /// Whether each page still has the byte that [`Region::filled`] has written to it.
    #[must_use]
    pub fn is_as_filled(&self) -> bool {
        (0..self.pages).all(|page| self.read(page) == Self::filling(page))
    }

    fn filling(page: usize) -> u8 {
        u8::try_from(page % 251).unwrap_or(0) + 1
    }

    fn place(&self, page: usize) -> *mut u8 {
        assert!(page < self.pages, "page {page} of {}", self.pages);
        self.first.wrapping_add(page * self.page_size)
    }

    /// The log lies beyond the page behind the region, and so in nobody's way.
    fn log(&self) -> *mut Log {
        self.first.wrapping_add((self.pages + 1) * self.page_size).cast()
    }

    fn note(&self, change: impl FnOnce(&mut Log)) {
        // SAFETY: mapped by `fresh`, all zero at first, which is a log; pages are alignment enough.
        let mut log = unsafe { self.log().read_volatile() };
        change(&mut log);
        // SAFETY: as above.
        unsafe { self.log().write_volatile(log) };
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let start = self.first.wrapping_sub(self.page_size).cast();
        // SAFETY: mapped by `fresh`, with this length, and nobody has a reference into it.
        unsafe { libc::munmap(start, (self.pages + BESIDE) * self.page_size) };
    }
}

/// What has been done to a region. It is memory of the process like the region itself.
#[derive(Clone, Copy)]
struct Log {
    reads: usize,
    writes: usize,
}

/// Lets memory be read and written.
fn allow(place: *mut u8, length: usize) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    // SAFETY: the caller has mapped this memory, and nothing is in it.
    match unsafe { libc::mprotect(place.cast(), length, libc::PROT_READ | libc::PROT_WRITE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
