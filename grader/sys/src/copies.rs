//! Copies of other processes' descriptors, and clones of this one. A copy of a pipe's write end
//! holds back the end of file, so it is closed before anybody runs; but a process that another
//! thread clones meanwhile would inherit it and hold it back all the same, and a subject would be
//! said to wait for ever. So nothing is cloned while a copy is open, and nothing is copied during a
//! clone.

use std::cell::Cell;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Threads that have copies open, and threads that are about to clone.
#[derive(Debug)]
struct Count {
    copying: usize,
    cloning: usize,
}

static COUNT: Mutex<Count> = Mutex::new(Count { copying: 0, cloning: 0 });
static CHANGED: Condvar = Condvar::new();

thread_local! {
    /// Copies that this thread has open. Who has one may have more, or it would wait for a clone
    /// that waits for it.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// A copy of another process's descriptor. Belongs to the thread that made it.
#[derive(Debug)]
pub struct Copied {
    // The order of the fields is the order of their end: closed before anybody may clone.
    fd: OwnedFd,
    _place: Place,
}

/// A place among those who have copies open.
#[derive(Debug)]
struct Place(PhantomData<*mut ()>);

impl Copied {
    /// What the copy refers to.
    ///
    /// # Errors
    /// Those of `fstat(2)`.
    pub fn metadata(&self) -> std::io::Result<std::fs::Metadata> {
        // A second descriptor, so that this one stays open for as long as it is counted.
        std::fs::File::from(self.fd.try_clone()?).metadata()
    }

    /// Keeps the copy that `copy` makes, once nobody clones.
    pub(crate) fn of<E>(copy: impl FnOnce() -> Result<OwnedFd, E>) -> Result<Self, E> {
        let place = Place::take();
        Ok(Self { fd: copy()?, _place: place })
    }
}

impl AsFd for Copied {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Copied {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl Place {
    fn take() -> Self {
        if OWN.get() == 0 {
            let mut count = lock();
            while count.cloning > 0 {
                count = CHANGED.wait(count).unwrap_or_else(PoisonError::into_inner);
            }
            count.copying += 1;
        }
        OWN.set(OWN.get() + 1);
        Self(PhantomData)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        OWN.set(OWN.get() - 1);
        if OWN.get() == 0 {
            let mut count = lock();
            count.copying -= 1;
            // Waking costs a call even where nobody waits.
            if count.cloning > 0 {
                CHANGED.notify_all();
            }
        }
    }
}

fn lock() -> MutexGuard<'static, Count> {
    COUNT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until this is dropped no copy is open in any thread.
#[derive(Debug)]
pub(crate) struct Alone(MutexGuard<'static, Count>);

/// Waits until no copy is open.
pub(crate) fn alone() -> Alone {
    let mut count = lock();
    count.cloning += 1;
    while count.copying > 0 {
        count = CHANGED.wait(count).unwrap_or_else(PoisonError::into_inner);
    }
    Alone(count)
}

/// Runs `clone`, which clones this process by other means than [`crate::spawn`], such as
/// `std::process::Command`, while no copy is open in any thread.
pub fn without_copies<T>(clone: impl FnOnce() -> T) -> T {
    let _alone = alone();
    clone()
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.cloning -= 1;
        CHANGED.notify_all();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    fn copy() -> Copied {
        Copied::of(|| std::io::pipe().map(|(reader, _)| OwnedFd::from(reader))).unwrap()
    }

    #[test]
    fn a_clone_waits_for_the_last_copy_and_a_second_copy_waits_for_nobody() {
        let first = copy();
        let (told, hears) = mpsc::channel();
        let cloner = thread::spawn(move || {
            let alone = alone();
            told.send(alone.0.copying).unwrap();
        });
        // The cloner waits by now or will; either way this thread may have another copy.
        let second = copy();
        assert!(hears.try_recv().is_err());
        drop(first);
        assert!(hears.try_recv().is_err(), "one is still open");
        drop(second);
        assert_eq!(hears.recv().unwrap(), 0);
        cloner.join().unwrap();
    }
}
