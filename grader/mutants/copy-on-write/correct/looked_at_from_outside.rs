//! correct: the caller measures the child from outside, sockets, a child that sleeps before its end
//!
//! The child says "ready", waits until the caller has looked at its smaps, works, says "done" and
//! waits once more. So the measuring costs the child no memory.

pub mod region;
pub mod table;

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use region::Region;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use table::Table;

/// How many pages of the region only this process has, and has written to.
///
/// # Errors
/// The file cannot be read.
pub fn private_pages(region: &Region) -> io::Result<usize> {
    private_pages_of("self", region)
}

fn private_pages_of(process: &str, region: &Region) -> io::Result<usize> {
    let mut lines = BufReader::new(File::open(format!("/proc/{process}/smaps"))?).lines();
    let mut pages = 0;
    let mut belongs = false;
    while let Some(line) = lines.next().transpose()? {
        let (name, value) = line.split_once(' ').unwrap_or((&line, ""));
        if let Some((start, _)) = name.split_once('-') {
            let start = usize::from_str_radix(start, 16).map_err(io::Error::other)?;
            belongs = region.addresses().contains(&start);
        } else if name == "Private_Dirty:" && belongs {
            let kib = value.trim().split(' ').next().unwrap_or("");
            let kib: usize = kib.parse().map_err(io::Error::other)?;
            pages += kib / (region.page_size() / 1024);
        }
    }
    Ok(pages)
}

/// How many pages a child makes its own when it writes to `k` pages of the region.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn dirty(region: &Region, k: usize) -> io::Result<usize> {
    grown(region, || {
        for page in 0..k {
            region.write(page, region.read(page));
        }
    })
}

/// How many pages a child makes its own when it reads every page of the region.
///
/// # Errors
/// As [`dirty`].
pub fn read_only(region: &Region) -> io::Result<usize> {
    grown(region, || {
        let sum: u64 = (0..region.pages()).map(|page| u64::from(region.read(page))).sum();
        std::hint::black_box(sum);
    })
}

fn grown(region: &Region, work: impl FnOnce()) -> io::Result<usize> {
    let (mut here, mut there) = UnixStream::pair()?;
    // SAFETY: the program has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(here);
            let talked = say(&mut there).and_then(|()| {
                hear(&mut there)?;
                work();
                say(&mut there)?;
                hear(&mut there)
            });
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(talked.is_err())) }
        }
    };
    drop(there);
    let measured = hear(&mut here).and_then(|()| {
        let before = private_pages_of(&child.to_string(), region)?;
        say(&mut here)?;
        hear(&mut here)?;
        let after = private_pages_of(&child.to_string(), region)?;
        say(&mut here)?;
        Ok(after - before)
    });
    drop(here);
    let ended = bury(child);
    let pages = measured?;
    ended?;
    Ok(pages)
}

fn say(stream: &mut UnixStream) -> io::Result<()> {
    stream.write_all(b".")
}

fn hear(stream: &mut UnixStream) -> io::Result<()> {
    stream.read_exact(&mut [0])
}

/// Runs `f` in a child and gives its answer, so that all else `f` does to memory is gone.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn contain(f: impl FnOnce() -> Vec<u8>) -> io::Result<Vec<u8>> {
    let (mut here, mut there) = UnixStream::pair()?;
    // SAFETY: the program has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(here);
            let code = match catch_unwind(AssertUnwindSafe(f)) {
                Ok(answer) => i32::from(there.write_all(&answer).is_err()),
                Err(_) => 101,
            };
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(code) }
        }
    };
    drop(there);
    let _ = here.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let taken = here.read_to_end(&mut answer);
    drop(here);
    bury(child)?;
    taken.map(|_| answer)
}

/// A copy of a table that is being written.
#[derive(Debug)]
pub struct Snapshot {
    child: Option<Pid>,
}

/// Begins to write the table, as it is now, to `sink`.
///
/// # Errors
/// Those of `fork`.
pub fn snapshot(table: &Table, sink: OwnedFd) -> io::Result<Snapshot> {
    // SAFETY: the program has one thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(Snapshot { child: Some(child) }),
        ForkResult::Child => {
            let mut sink = File::from(sink);
            let mut code = 0;
            for row in 0..table.rows() {
                if sink.write_all(&table.row(row)).is_err() {
                    code = 1;
                    break;
                }
            }
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(code) }
        }
    }
}

impl Snapshot {
    /// Waits until the copy is complete.
    ///
    /// # Errors
    /// The copy is not complete: the child could not write all of it, or was killed.
    pub fn finish(mut self) -> io::Result<()> {
        self.child.take().map_or(Ok(()), bury)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            let _ = bury(child);
        }
    }
}

/// Waits for a child, also when it is stopped in between.
fn bury(child: Pid) -> io::Result<()> {
    loop {
        match waitpid(child, Some(WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED)) {
            Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
            Ok(WaitStatus::Stopped(..) | WaitStatus::Continued(_)) | Err(Errno::EINTR) => {}
            Ok(_) => return Err(io::Error::other("the child failed")),
            Err(error) => return Err(error.into()),
        }
    }
}
