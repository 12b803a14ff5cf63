//! Copy on write. This is the file that you edit.
//!
//! A fork copies no memory: parent and child share each page until one of them writes to it. Each
//! TODO asks for one function; `README.md` says more, and `cargo test -p copy-on-write` judges them.
//! Use `nix`, or `libc` directly: only what the kernel sees counts.
//!
//! What holds for all of them: a function leaves nothing behind, whether it gives `Ok` or `Err`.
//! Every child it made is reaped, every descriptor it opened is closed, every mapping it made is
//! unmapped. A child ends by `_exit` and never returns into the caller's code. If `fork` fails, the
//! answer is that error; do not try again (the grader lets one call fail). The caller may have other
//! children: leave them alone. A signal may interrupt a call that waits (EINTR): then the call is
//! made again. A read may give less than is there, a write may take less than it was given.

pub mod region;
pub mod table;

use region::Region;
use std::io;
use std::os::fd::OwnedFd;
use table::Table;

/// TODO 1. How many pages of the region only this process has, and has written to.
///
/// - It looks into `/proc/self/smaps` and adds up the lines `Private_Dirty:` of those mappings that
///   lie in the region, be it one or several. They are in KiB: a page has `region.page_size()` bytes.
/// - Mappings outside of the region do not count.
///
/// # Errors
/// The file cannot be read.
pub fn private_pages(region: &Region) -> io::Result<usize> {
    todo!("add up Private_Dirty of the mappings inside of the region")
}

/// TODO 2. How many pages a child makes its own when it writes to `k` pages of the region.
///
/// - It forks one child. The child counts its private pages, writes to the pages 0 to `k` - 1
///   (`region.write`, any byte), counts again, and sends the difference to the caller.
/// - Meanwhile the caller does nothing but wait, and it does not write to the region.
/// - The figure is measured. It need not be `k`: other code may run in the child before yours does
///   (`pthread_atfork`), and may have written to some of the pages already.
/// - `k` is at most `region.pages()`, which may be large.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn dirty(region: &Region, k: usize) -> io::Result<usize> {
    todo!("fork a child that counts, writes to k pages, and counts again")
}

/// TODO 3. How many pages a child makes its own when it reads every page of the region.
///
/// - As TODO 2, but the child reads (`region.read`) instead of writing.
///
/// # Errors
/// As TODO 2.
pub fn read_only(region: &Region) -> io::Result<usize> {
    todo!("fork a child that counts, reads all pages, and counts again")
}

/// TODO 4. Runs `f` in a child and gives its answer, so that all else `f` does to memory is gone.
///
/// - It forks one child. `f` is run once, there, and never in the caller. However much it leaks, the
///   caller has no more memory afterwards than before (less than 1 MiB more), the answer aside.
/// - The answer may have any length, none or many megabytes: it may be larger than a pipe.
/// - `f` may panic, be killed, or end the process with another status than 0: then there is no answer,
///   not even a part of one. What comes of it when `f` ends the process with 0 is left open. A panic must
///   not get out of the child's part into the caller's code.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn contain(f: impl FnOnce() -> Vec<u8>) -> io::Result<Vec<u8>> {
    todo!("run f in a child, and bring its answer over")
}

/// A copy of a table that is being written. Put into this struct whatever you need.
#[derive(Debug)]
pub struct Snapshot {}

/// TODO 5. Begins to write the table, as it is now, to `sink`.
///
/// - It forks one child and returns at once. The caller may go on changing the table, while the child
///   writes what was in it at the call: `table.row(0)`, then `table.row(1)`, and so on.
/// - The caller does not read the rows itself. That would be a copy of the whole table; the fork
///   copies only what is changed later.
/// - Whoever reads from the other end of `sink` gets the end of file after the last row, also before
///   [`Snapshot::finish`] is called.
/// - There may be several snapshots of a table at the same time.
///
/// # Errors
/// Whatever `fork` says.
pub fn snapshot(table: &Table, sink: OwnedFd) -> io::Result<Snapshot> {
    todo!("fork a child that writes all rows")
}

impl Snapshot {
    /// TODO 6. Waits until the copy is complete.
    ///
    /// It is called once for each snapshot, not necessarily in the order in which they began.
    ///
    /// # Errors
    /// The copy is not complete: the child could not write all of it, or was killed.
    pub fn finish(self) -> io::Result<()> {
        todo!("wait for the child, and look how it ended")
    }
}
