//! correct: raw libc calls, smaps read by hand, an answer that begins with its length
//!
//! Every descriptor is closed by hand, on every path.

pub mod region;
pub mod table;

use region::Region;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use table::Table;

/// How many pages of the region only this process has, and has written to.
///
/// # Errors
/// The file cannot be read.
pub fn private_pages(region: &Region) -> io::Result<usize> {
    // SAFETY: the name ends with a zero.
    let fd = check(unsafe { libc::open(c"/proc/self/smaps".as_ptr(), libc::O_RDONLY) })?;
    let text = read_to_the_end(fd);
    close(fd);
    let text = String::from_utf8(text?).map_err(io::Error::other)?;
    let mut bytes = 0;
    let mut start = 0;
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(first) = words.next() else { continue };
        match first.strip_suffix(':') {
            None => start = hexadecimal(first.split('-').next().unwrap_or("")),
            Some("Private_Dirty") if region.addresses().contains(&start) => {
                let kib: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
                bytes += kib << 10;
            }
            Some(_) => {}
        }
    }
    Ok(bytes / region.page_size())
}

fn hexadecimal(word: &str) -> usize {
    word.bytes().fold(0, |sum, digit| match char::from(digit).to_digit(16) {
        Some(value) => (sum << 4) | value as usize,
        None => sum,
    })
}

/// How many pages a child makes its own when it writes to `k` pages of the region.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn dirty(region: &Region, k: usize) -> io::Result<usize> {
    let first = region.addresses().start as *mut u8;
    let size = region.page_size();
    measure(region, &mut || {
        // From the last to the first, without the region's own functions.
        for page in (0..k).rev() {
            // SAFETY: the region has this page, and the program has one thread.
            unsafe { first.add(page * size).write_volatile(1) };
        }
    })
}

/// How many pages a child makes its own when it reads every page of the region.
///
/// # Errors
/// As [`dirty`].
pub fn read_only(region: &Region) -> io::Result<usize> {
    let first = region.addresses().start as *const u8;
    let size = region.page_size();
    measure(region, &mut || {
        for page in 0..region.pages() {
            // SAFETY: the region has this byte.
            unsafe { first.add(page * size + size / 2).read_volatile() };
        }
    })
}

/// The child sends two numbers, and the caller takes one from the other.
fn measure(region: &Region, work: &mut dyn FnMut()) -> io::Result<usize> {
    let answer = contain(|| {
        let mut both = Vec::new();
        for turn in 0..2 {
            if turn == 1 {
                work();
            }
            // SAFETY: ends the child, which cannot measure.
            let pages = private_pages(region).unwrap_or_else(|_| unsafe { libc::_exit(9) });
            both.extend((pages as u64).to_le_bytes());
        }
        both
    })?;
    let number = |place: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&answer[place..place + 8]);
        u64::from_le_bytes(bytes)
    };
    usize::try_from(number(8) - number(0)).map_err(io::Error::other)
}

/// Runs `f` in a child and gives its answer, so that all else `f` does to memory is gone.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn contain(f: impl FnOnce() -> Vec<u8>) -> io::Result<Vec<u8>> {
    let mut ends = [-1; 2];
    // SAFETY: there is room for two descriptors.
    check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
    let [from, to] = ends;
    // SAFETY: the program has one thread.
    let child = unsafe { libc::fork() };
    if child == -1 {
        let error = io::Error::last_os_error();
        close(from);
        close(to);
        return Err(error);
    }
    if child == 0 {
        close(from);
        let Ok(answer) = catch_unwind(AssertUnwindSafe(f)) else {
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(101) }
        };
        let sent = write_all(to, &answer.len().to_ne_bytes()) && write_all(to, &answer);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(if sent { 0 } else { 1 }) }
    }
    close(to);
    let all = read_to_the_end(from);
    close(from);
    let status = status_of(child)?;
    let mut answer = all?;
    if status != 0 || answer.len() < size_of::<usize>() {
        return Err(io::Error::other(format!("status {status:#x}")));
    }
    let rest = answer.split_off(size_of::<usize>());
    if answer != rest.len().to_ne_bytes() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(rest)
}

/// A copy of a table that is being written.
#[derive(Debug)]
pub struct Snapshot(libc::pid_t);

/// Begins to write the table, as it is now, to `sink`.
///
/// # Errors
/// Those of `fork`.
pub fn snapshot(table: &Table, sink: OwnedFd) -> io::Result<Snapshot> {
    // SAFETY: the program has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // All at once: it is the child's own time and memory.
            let all: Vec<u8> = (0..table.rows()).flat_map(|row| table.row(row)).collect();
            let written = write_all(sink.as_raw_fd(), &all);
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(if written { 0 } else { 1 }) }
        }
        child => Ok(Snapshot(child)),
    }
}

impl Snapshot {
    /// Waits until the copy is complete.
    ///
    /// # Errors
    /// The copy is not complete: the child could not write all of it, or was killed.
    pub fn finish(self) -> io::Result<()> {
        match status_of(self.0)? {
            0 => Ok(()),
            status => Err(io::Error::other(format!("status {status:#x}"))),
        }
    }
}

/// The status word of a child that has ended: 0 only when it exited with 0.
fn status_of(child: libc::pid_t) -> io::Result<libc::c_int> {
    let mut status = 0;
    loop {
        // SAFETY: there is room for a status.
        match check(unsafe { libc::waitpid(child, &mut status, 0) }) {
            Ok(_) => return Ok(status),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn read_to_the_end(fd: libc::c_int) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut part = [0_u8; 5000];
    loop {
        // SAFETY: the buffer is as long as it is said to be.
        let n = unsafe { libc::read(fd, part.as_mut_ptr().cast(), part.len()) };
        match usize::try_from(n) {
            Ok(0) => return Ok(all),
            Ok(n) => all.extend_from_slice(&part[..n]),
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

fn write_all(fd: libc::c_int, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the buffer is as long as it is said to be.
        let n = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(n) {
            Ok(n) => bytes = &bytes[n..],
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    true
}

fn close(fd: libc::c_int) {
    // SAFETY: the caller has opened it, and uses it no more.
    unsafe { libc::close(fd) };
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
