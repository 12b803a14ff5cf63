//! correct: figures through a shared page, pagemap instead of smaps, answers in a file without a name
//!
//! No pipe at all. The caller waits first and looks then, for nothing can be full.

pub mod region;
pub mod table;

use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, Pid, fork};
use region::Region;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use table::Table;

/// In an entry of `/proc/self/pagemap`: the page is there. Source: `proc_pid_pagemap(5)`.
const PRESENT: u64 = 1 << 63;
/// And nobody else has it mapped.
const EXCLUSIVE: u64 = 1 << 56;

/// How many pages of the region only this process has, and has written to.
///
/// # Errors
/// The file cannot be read.
pub fn private_pages(region: &Region) -> io::Result<usize> {
    let mut entries = vec![0; region.pages() * size_of::<u64>()];
    let first = region.addresses().start / region.page_size() * size_of::<u64>();
    File::open("/proc/self/pagemap")?.read_exact_at(&mut entries, first as u64)?;
    let (entries, _) = entries.as_chunks::<8>();
    let mine = PRESENT | EXCLUSIVE;
    Ok(entries.iter().filter(|entry| u64::from_ne_bytes(**entry) & mine == mine).count())
}

/// How many pages a child makes its own when it writes to `k` pages of the region.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn dirty(region: &Region, k: usize) -> io::Result<usize> {
    measure(region, |region| (0..k).for_each(|page| region.write(page, 0)))
}

/// How many pages a child makes its own when it reads every page of the region.
///
/// # Errors
/// As [`dirty`].
pub fn read_only(region: &Region) -> io::Result<usize> {
    measure(region, |region| (0..region.pages()).for_each(|page| drop(region.read(page))))
}

fn measure(region: &Region, work: impl FnOnce(&Region)) -> io::Result<usize> {
    let length = NonZeroUsize::MIN;
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping, at a place of the kernel's choice.
    let page = unsafe { mmap_anonymous(None, length, protection, MapFlags::MAP_SHARED) }?;
    // SAFETY: all zero is a number, and the mapping stays until the end of this function.
    let figure = unsafe { page.cast::<AtomicUsize>().as_ref() };
    let ended = in_child(|| {
        let before = private_pages(region)?;
        work(region);
        figure.store(private_pages(region)? - before, Ordering::SeqCst);
        Ok(())
    })
    .and_then(reap);
    let result = ended.map(|()| figure.load(Ordering::SeqCst));
    // SAFETY: mapped above; the reference is not used any more.
    unsafe { munmap(page, length.get()) }?;
    result
}

/// Runs `f` in a child and gives its answer, so that all else `f` does to memory is gone.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn contain(f: impl FnOnce() -> Vec<u8>) -> io::Result<Vec<u8>> {
    let mut file = File::from(memfd_create("answer", MFdFlags::MFD_CLOEXEC)?);
    let child = in_child(|| file.write_all(&f()))?;
    reap(child)?;
    let length = usize::try_from(file.stream_position()?).map_err(io::Error::other)?;
    let mut answer = vec![0; length];
    file.read_exact_at(&mut answer, 0)?;
    Ok(answer)
}

/// A copy of a table that is being written.
#[derive(Debug)]
pub struct Snapshot {
    writer: Pid,
}

/// Begins to write the table, as it is now, to `sink`.
///
/// # Errors
/// Those of `fork`.
pub fn snapshot(table: &Table, sink: OwnedFd) -> io::Result<Snapshot> {
    let mut sink = io::BufWriter::with_capacity(3 * table::ROW, File::from(sink));
    let writer = in_child(|| {
        (0..table.rows()).try_for_each(|row| sink.write_all(&table.row(row)))?;
        sink.flush()
    })?;
    Ok(Snapshot { writer })
}

impl Snapshot {
    /// Waits until the copy is complete.
    ///
    /// # Errors
    /// The copy is not complete: the child could not write all of it, or was killed.
    pub fn finish(self) -> io::Result<()> {
        reap(self.writer)
    }
}

/// Forks a child that does this and nothing else.
fn in_child(body: impl FnOnce() -> io::Result<()>) -> io::Result<Pid> {
    /// Ends the process when it is dropped, by a panic or not.
    struct End(i32);
    impl Drop for End {
        fn drop(&mut self) {
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(self.0) }
        }
    }
    // SAFETY: the program has one thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let mut end = End(70);
            end.0 = body().map_or(71, |()| 0);
            drop(end);
            unreachable!("the process has ended")
        }
    }
}

fn reap(child: Pid) -> io::Result<()> {
    loop {
        match waitid(Id::Pid(child), WaitPidFlag::WEXITED) {
            Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
            Ok(_) => return Err(io::ErrorKind::BrokenPipe.into()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
