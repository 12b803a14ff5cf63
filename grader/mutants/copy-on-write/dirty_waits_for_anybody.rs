//! expect: wrong-child-reaped
//! `wait` takes whichever child ends first, also one that is not ours to reap.

pub mod region;
pub mod table;

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use region::Region;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use table::Table;

/// How many pages of the region only this process has, and has written to.
///
/// # Errors
/// The file cannot be read.
pub fn private_pages(region: &Region) -> io::Result<usize> {
    let smaps = fs::read_to_string("/proc/self/smaps")?;
    let region_at = region.addresses();
    let mut inside = false;
    let mut kib = 0;
    for line in smaps.lines() {
        if let Some(mapping) = addresses(line) {
            // The heading of a mapping: what follows, up to the next heading, is about it.
            inside = region_at.start <= mapping.start && mapping.end <= region_at.end;
        } else if let Some(value) = line.strip_prefix("Private_Dirty:")
            && inside
        {
            let number = value.trim().trim_end_matches(" kB");
            kib += number.parse::<usize>().map_err(io::Error::other)?;
        }
    }
    Ok(kib * 1024 / region.page_size())
}

/// The addresses in a mapping's heading, `7f12a000-7f12f000 rw-p …`; `None` for any other line.
fn addresses(line: &str) -> Option<Range<usize>> {
    let (start, end) = line.split(' ').next()?.split_once('-')?;
    let number = |hexadecimal| usize::from_str_radix(hexadecimal, 16).ok();
    Some(number(start)?..number(end)?)
}

/// How many pages a child makes its own when it writes to `k` pages of the region.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn dirty(region: &Region, k: usize) -> io::Result<usize> {
    let (mut receiver, mut sender) = io::pipe()?;
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let measured = private_pages(region).and_then(|before| {
                for page in 0..k {
                    region.write(page, b'!');
                }
                Ok(private_pages(region)? - before)
            });
            let sent = measured.and_then(|figure| sender.write_all(&figure.to_ne_bytes()));
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(i32::from(sent.is_err())) }
        }
    };
    drop(sender);
    let mut figure = [0; size_of::<usize>()];
    let read = receiver.read_exact(&mut figure);
    loop {
        match nix::sys::wait::wait() {
            Ok(WaitStatus::Exited(pid, 0)) if pid == child => break,
            Ok(status) if status.pid() == Some(child) => {
                return Err(io::Error::other(format!("the child failed: {status:?}")));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    read?;
    Ok(usize::from_ne_bytes(figure))
}

/// How many pages a child makes its own when it reads every page of the region.
///
/// # Errors
/// As [`dirty`].
pub fn read_only(region: &Region) -> io::Result<usize> {
    grown_in_child(region, || {
        for page in 0..region.pages() {
            let _ = region.read(page);
        }
    })
}

/// How many more private pages a child has after `work` than before.
fn grown_in_child(region: &Region, work: impl FnOnce()) -> io::Result<usize> {
    let measure = || {
        let before = private_pages(region)?;
        work();
        let after = private_pages(region)?;
        io::Result::Ok(after - before)
    };
    // A child that cannot measure gives an answer of no length.
    let answer = contain(|| measure().map_or(Vec::new(), |pages| pages.to_ne_bytes().to_vec()))?;
    let bytes = answer.try_into().map_err(|_| io::Error::other("the child could not measure"))?;
    Ok(usize::from_ne_bytes(bytes))
}

/// Runs `f` in a child and gives its answer, so that all else `f` does to memory is gone.
///
/// # Errors
/// A system call failed, or the child did not end with status 0.
pub fn contain(f: impl FnOnce() -> Vec<u8>) -> io::Result<Vec<u8>> {
    let (mut receiver, mut sender) = io::pipe()?;
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(receiver);
            // A panic must not unwind into the caller's code, of which the child has a copy.
            let sent = catch_unwind(AssertUnwindSafe(|| sender.write_all(&f())));
            let code = i32::from(!matches!(sent, Ok(Ok(()))));
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(code) }
        }
    };
    drop(sender);
    let mut answer = Vec::new();
    // First the answer, then the wait: a child whose pipe is full cannot end.
    let read = receiver.read_to_end(&mut answer);
    drop(receiver);
    reap(child)?;
    read?;
    Ok(answer)
}

/// Waits until the child has ended. Any end but with status 0 is an error.
fn reap(child: Pid) -> io::Result<()> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
            // Without WUNTRACED and the like, what is told is an end.
            Ok(status) => return Err(io::Error::other(format!("the child failed: {status:?}"))),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A copy of a table that is being written.
#[derive(Debug)]
pub struct Snapshot {
    child: Pid,
}

/// Begins to write the table, as it is now, to `sink`.
///
/// # Errors
/// Those of `fork`.
pub fn snapshot(table: &Table, sink: OwnedFd) -> io::Result<Snapshot> {
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            // The child has the other copy: when it ends, nobody can write any more.
            drop(sink);
            Ok(Snapshot { child })
        }
        ForkResult::Child => {
            // The caller may change its table as it likes: this one stays as it is.
            let written = write_rows(table, &mut File::from(sink));
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(i32::from(written.is_err())) }
        }
    }
}

fn write_rows(table: &Table, sink: &mut File) -> io::Result<()> {
    for row in 0..table.rows() {
        sink.write_all(&table.row(row))?;
    }
    Ok(())
}

impl Snapshot {
    /// Waits until the copy is complete.
    ///
    /// # Errors
    /// The copy is not complete: the child could not write all of it, or was killed.
    pub fn finish(self) -> io::Result<()> {
        reap(self.child)
    }
}
