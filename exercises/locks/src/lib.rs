//! One at a time. This is the file that you edit.
//!
//! Several processes use the same data, which lies in memory that all of them see. A lock lets one
//! of them in at a time. Each TODO asks for a part of one; `README.md` says more, and
//! `cargo test -p locks` judges them.
//!
//! This holds for every lock here:
//!
//! - **It works between processes.** It is made once, moved into shared memory, and used from there
//!   by all processes that are forked later, and by all their threads. So whatever belongs to it
//!   stands in its own fields.
//! - **Whoever waits sleeps in the kernel**, in [`sync::wait`] or in a mutex, and is woken when it is
//!   its turn. It neither sleeps for a time nor asks again and again.
//! - **The guard is the right to use the data.** While it exists, its thread holds the lock; when it
//!   is dropped, the lock is free. Misuse does not compile: `README.md` has the list.
//! - **A guard belongs to the thread that got it.** A fork copies a guard into the child, but not the
//!   right: in the child it must not be used, and dropping it there changes nothing.
//!
//! You may change the fields, and add functions and types of your own. The public names, their
//! signatures and the modules `shared` and `sync` stay as they are. Take atomics, the cells for data
//! and everything that waits from `sync`: with `--cfg loom` these are models, by which orders of
//! memory accesses can be tried that your processor never shows.

pub mod shared;
pub mod sync;

use shared::Shareable;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use sync::{AtomicU32, Data, RobustMutex};

/// TODO 1. Data for one thread at a time, of whatever process.
///
/// To be shared among threads, it must be `Sync`. The compiler does not believe that of a
/// [`Data`]; you may say it, by an `unsafe impl`, for those `T` for which it is true.
#[derive(Debug)]
pub struct Lock<T: Shareable> {
    id: u32,
    word: AtomicU32,
    data: Data<T>,
}

/// The right to use the data of a [`Lock`]. It stays in its thread: a guard is not `Send`, and `Sync`
/// only where `T` is.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once guards nothing"]
pub struct Guard<'a, T: Shareable> {
    lock: &'a Lock<T>,
}

impl<T: Shareable> Lock<T> {
    /// A lock that nobody holds. `id` is its name: locks that are taken together have different ones
    /// (see [`both`]).
    pub fn new(id: u32, value: T) -> Self {
        Self { id, word: AtomicU32::new(0), data: Data::new(value) }
    }

    /// TODO 1. Waits until nobody holds the lock, and takes it.
    ///
    /// A thread that holds it already must not ask: it would wait for itself.
    pub fn lock(&self) -> Guard<'_, T> {
        todo!("take the lock, and sleep while somebody else holds it")
    }

    /// TODO 2. Takes the lock if nobody holds it. It never waits. A lock that is kept for somebody who
    /// waits may count as held.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        todo!("take the lock, or say at once that it is held")
    }
}

impl<T: Shareable> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard's thread holds the lock, and the reference ends before the guard.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: Shareable> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: Shareable> Drop for Guard<'_, T> {
    /// TODO 1. Lets the next one in. In another process than its own it does nothing.
    fn drop(&mut self) {
        todo!("free the lock, and wake somebody who waits for it")
    }
}

/// TODO 3. A lock that its owner may take again.
///
/// It is free when it has been released as often as it was taken. The owner is a thread, not a
/// process.
#[derive(Debug)]
pub struct RLock<T: Shareable> {
    word: AtomicU32,
    data: Data<Cell<T>>,
}

/// The right to use the data of an [`RLock`], once more. Several of them may exist at once, all in
/// one thread; so they give shared access only, to a `Cell`: `guard.get()`, `guard.set(value)`.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once guards nothing"]
pub struct RGuard<'a, T: Shareable> {
    lock: &'a RLock<T>,
}

impl<T: Shareable> RLock<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self { word: AtomicU32::new(0), data: Data::new(Cell::new(value)) }
    }

    /// TODO 3. Waits until nobody else holds the lock, and takes it, once more if need be.
    pub fn lock(&self) -> RGuard<'_, T> {
        todo!("is the caller the owner? else wait")
    }
}

impl<T: Shareable> Deref for RGuard<'_, T> {
    type Target = Cell<T>;

    fn deref(&self) -> &Cell<T> {
        // SAFETY: the guard's thread holds the lock, and the reference ends before the guard. Others
        // of this thread share the cell, which is what cells are for.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: Shareable> Drop for RGuard<'_, T> {
    /// TODO 3. Releases the lock once. In another process than its own it does nothing.
    fn drop(&mut self) {
        todo!("count down, and free the lock with the last one")
    }
}

/// TODO 4. A lock that outlives its owner's death: the next one gets it, and is told.
///
/// The kernel has to know who holds what to do something about it at a death. A futex of your own
/// does not tell it; [`RobustMutex`] does.
#[derive(Debug)]
pub struct Robust<T: Shareable> {
    mutex: RobustMutex,
    data: Data<T>,
}

/// The right to use the data of a [`Robust`]. Not `Send`, and `Sync` only where `T` is, as a [`Guard`].
#[derive(Debug)]
#[must_use = "a guard that is dropped at once guards nothing"]
pub struct RobustGuard<'a, T: Shareable> {
    lock: &'a Robust<T>,
}

/// Whoever held the lock has ended without releasing it, and may have left the data half done. The
/// lock is held all the same, now by the caller: the guard is inside, to look after the data.
#[derive(Debug)]
#[must_use = "the guard is inside"]
pub struct OwnerDied<'a, T: Shareable>(pub RobustGuard<'a, T>);

impl<T: Shareable> Robust<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self { mutex: RobustMutex::new(), data: Data::new(value) }
    }

    /// TODO 4. Waits until nobody holds the lock, and takes it.
    ///
    /// # Errors
    /// [`OwnerDied`], once for each death: whoever comes next gets the lock as if nothing had happened.
    pub fn lock(&self) -> Result<RobustGuard<'_, T>, OwnerDied<'_, T>> {
        todo!("take the mutex, and tell a death")
    }
}

impl<T: Shareable> Deref for RobustGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard's thread holds the mutex, and the reference ends before the guard.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: Shareable> DerefMut for RobustGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: Shareable> Drop for RobustGuard<'_, T> {
    /// TODO 4. Lets the next one in. In another process than its own it does nothing.
    fn drop(&mut self) {
        todo!("unlock the mutex")
    }
}

/// TODO 5. Takes two locks, whoever else takes the same two in whatever order, and never waits for
/// ever.
///
/// - The guards come in the order of the arguments.
/// - The two have different ids. The same lock has the same id in every process; its address need
///   not be the same.
pub fn both<'a, A: Shareable, B: Shareable>(
    a: &'a Lock<A>,
    b: &'a Lock<B>,
) -> (Guard<'a, A>, Guard<'a, B>) {
    todo!("take them in an order on which all agree")
}
