//! expect: misuse-compiles
//! A guard is `Sync` where its data is `Send`, which says nothing of sharing.

pub mod shared;
pub mod sync;

use nix::errno::Errno;
use shared::Shareable;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use sync::{AtomicU32, Data, Ordering, RobustMutex, thread_id, wait, wake};

const FREE: u32 = 0;
/// Held, and nobody has asked for it since.
const HELD: u32 = 1;
/// Held, and perhaps somebody sleeps until it is free.
const CONTENDED: u32 = 2;

/// A word with three states: who frees it knows whether there may be anybody to wake.
///
/// Source: U. Drepper, "Futexes are tricky"; M. Bos, "Rust Atomics and Locks", chapter 9.
#[derive(Debug)]
struct Word(AtomicU32);

impl Word {
    fn new() -> Self {
        Self(AtomicU32::new(FREE))
    }

    fn try_acquire(&self) -> bool {
        self.0.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn acquire(&self) {
        if self.try_acquire() {
            return;
        }
        // Who has waited cannot know whether others still do, so it takes the lock as contended.
        // Acquire: what the one before has written is to be seen.
        while self.0.swap(CONTENDED, Ordering::Acquire) != FREE {
            // The kernel looks once more: when it is free by now, nobody falls asleep.
            wait(&self.0, CONTENDED);
        }
    }

    fn release(&self) {
        // Release: what was written under the lock is there before the lock is free.
        if self.0.swap(FREE, Ordering::Release) == CONTENDED {
            wake(&self.0, 1);
        }
    }
}

/// Makes a type stay in its thread: a raw pointer is neither `Send` nor `Sync`.
type Here = PhantomData<*const ()>;

/// Data for one thread at a time, of whatever process.
#[derive(Debug)]
pub struct Lock<T: Shareable> {
    id: u32,
    word: Word,
    data: Data<T>,
}

// SAFETY: one thread at a time gets at the data. It goes from thread to thread, so it must be `Send`.
unsafe impl<T: Shareable + Send> Sync for Lock<T> {}

/// The right to use the data of a [`Lock`].
#[derive(Debug)]
#[must_use = "a guard that is dropped at once guards nothing"]
pub struct Guard<'a, T: Shareable> {
    lock: &'a Lock<T>,
    owner: u32,
    here: Here,
}

// SAFETY: a shared guard gives a shared reference to the data, and nothing else.
unsafe impl<T: Shareable + Send> Sync for Guard<'_, T> {}

impl<T: Shareable> Lock<T> {
    /// A lock that nobody holds, with this name.
    pub fn new(id: u32, value: T) -> Self {
        Self { id, word: Word::new(), data: Data::new(value) }
    }

    /// Waits until nobody holds the lock, and takes it.
    pub fn lock(&self) -> Guard<'_, T> {
        self.word.acquire();
        self.guard()
    }

    /// Takes the lock if nobody holds it.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        // A guard that is not wanted would release the lock when it is dropped: `then`, not
        // `then_some`.
        self.word.try_acquire().then(|| self.guard())
    }

    /// For who has just acquired the word.
    fn guard(&self) -> Guard<'_, T> {
        Guard { lock: self, owner: thread_id(), here: PhantomData }
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
    fn drop(&mut self) {
        // A child that was forked with this guard in its memory does not hold the lock.
        if self.owner == thread_id() {
            self.lock.word.release();
        }
    }
}

/// A lock that its owner may take again.
#[derive(Debug)]
pub struct RLock<T: Shareable> {
    word: Word,
    /// The thread that holds it, or 0.
    owner: AtomicU32,
    /// How often the owner has taken it. Only the owner comes here.
    depth: Data<u32>,
    data: Data<Cell<T>>,
}

// SAFETY: as for `Lock`; the cell is used by the owner alone.
unsafe impl<T: Shareable + Send> Sync for RLock<T> {}

/// The right to use the data of an [`RLock`], once more.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once guards nothing"]
pub struct RGuard<'a, T: Shareable> {
    lock: &'a RLock<T>,
    owner: u32,
    here: Here,
}

impl<T: Shareable> RLock<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self {
            word: Word::new(),
            owner: AtomicU32::new(0),
            depth: Data::new(0),
            data: Data::new(Cell::new(value)),
        }
    }

    /// Waits until nobody else holds the lock, and takes it, once more if need be.
    pub fn lock(&self) -> RGuard<'_, T> {
        // Asked for anew each time: after a fork the id is another one.
        let me = thread_id();
        // Relaxed is enough: only this thread ever writes its own id, and a thread sees what it
        // has written itself. Whatever else is read here, it is not me.
        if self.owner.load(Ordering::Relaxed) != me {
            self.word.acquire();
            self.owner.store(me, Ordering::Relaxed);
        }
        // SAFETY: this thread holds the lock.
        unsafe { *self.depth.get() += 1 };
        RGuard { lock: self, owner: me, here: PhantomData }
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
    fn drop(&mut self) {
        // As for `Guard`: what a child has is a copy.
        if self.owner != thread_id() {
            return;
        }
        let RLock { word, owner, depth, .. } = self.lock;
        // SAFETY: this thread holds the lock.
        let left = unsafe {
            *depth.get() -= 1;
            *depth.get()
        };
        if left == 0 {
            // Before the release: afterwards it would wipe out the next owner's id.
            owner.store(0, Ordering::Relaxed);
            word.release();
        }
    }
}

/// A lock that outlives its owner's death.
#[derive(Debug)]
pub struct Robust<T: Shareable> {
    mutex: RobustMutex,
    data: Data<T>,
}

// SAFETY: as for `Lock`.
unsafe impl<T: Shareable + Send> Sync for Robust<T> {}

/// The right to use the data of a [`Robust`].
#[derive(Debug)]
#[must_use = "a guard that is dropped at once guards nothing"]
pub struct RobustGuard<'a, T: Shareable> {
    lock: &'a Robust<T>,
    owner: u32,
    here: Here,
}

// SAFETY: as for `Guard`.
unsafe impl<T: Shareable + Sync> Sync for RobustGuard<'_, T> {}

/// Whoever held the lock has ended without releasing it. The guard is inside.
#[derive(Debug)]
#[must_use = "the guard is inside"]
pub struct OwnerDied<'a, T: Shareable>(pub RobustGuard<'a, T>);

impl<T: Shareable> Robust<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self { mutex: RobustMutex::new(), data: Data::new(value) }
    }

    /// Waits until nobody holds the lock, and takes it.
    ///
    /// # Errors
    /// [`OwnerDied`], once for each death.
    pub fn lock(&self) -> Result<RobustGuard<'_, T>, OwnerDied<'_, T>> {
        let taken = self.mutex.lock();
        let guard = || RobustGuard { lock: self, owner: thread_id(), here: PhantomData };
        match taken {
            Ok(()) => Ok(guard()),
            Err(Errno::EOWNERDEAD) => {
                // The caller is told. If it dies, too, the next one will be.
                self.mutex.mark_consistent();
                Err(OwnerDied(guard()))
            }
            // It does not come to ENOTRECOVERABLE, and nothing else is said.
            Err(error) => panic!("the mutex is unusable: {error}"),
        }
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
    fn drop(&mut self) {
        if self.owner == thread_id() {
            // SAFETY: this thread has locked it, and a guard is dropped once.
            unsafe { self.lock.mutex.unlock() };
        }
    }
}

/// Takes two locks, in the order of their ids.
pub fn both<'a, A: Shareable, B: Shareable>(
    a: &'a Lock<A>,
    b: &'a Lock<B>,
) -> (Guard<'a, A>, Guard<'a, B>) {
    // Whoever holds the greater one waits for nobody, so there can be no ring.
    if a.id < b.id {
        let first = a.lock();
        (first, b.lock())
    } else {
        let first = b.lock();
        (a.lock(), first)
    }
}
