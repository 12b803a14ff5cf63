//! Models for the model checker: loom's atomics, a futex made of a mutex and a condition variable,
//! threads in the place of processes. Nobody dies here.

use loom::cell::UnsafeCell;
use loom::sync::{Condvar, Mutex};
use nix::errno::Errno;
use std::sync::atomic::AtomicU32 as Plain;
use std::sync::atomic::Ordering::Relaxed;

pub use super::number::AtomicU32;
pub use loom::sync::atomic::Ordering;

/// Somebody who sleeps at a word.
struct Sleeper {
    word: usize,
    thread: u32,
}

loom::lazy_static! {
    /// Who sleeps, in the order in which they fell asleep.
    static ref SLEEPERS: Mutex<Vec<Sleeper>> = Mutex::new(Vec::new());
    static ref WOKEN: Condvar = Condvar::new();
    static ref THREADS: Plain = Plain::new(0);
}

loom::thread_local! {
    static ME: u32 = THREADS.fetch_add(1, Relaxed) + 1;
}

/// As the real one, but never returns for no reason.
pub fn wait(word: &AtomicU32, expected: u32) {
    let mut sleepers = lock(&SLEEPERS);
    // The kernel looks while nobody can wake, and so do we.
    if word.load(Ordering::Relaxed) != expected {
        return;
    }
    let me = thread_id();
    sleepers.push(Sleeper { word: address(word), thread: me });
    while sleepers.iter().any(|sleeper| sleeper.thread == me) {
        sleepers = match WOKEN.wait(sleepers) {
            Ok(sleepers) => sleepers,
            Err(poisoned) => poisoned.into_inner(),
        };
    }
}

/// As the real one.
pub fn wake(word: &AtomicU32, most: u32) -> u32 {
    let mut woken = 0;
    lock(&SLEEPERS).retain(|sleeper| {
        let wakes = sleeper.word == address(word) && woken < most;
        woken += u32::from(wakes);
        !wakes
    });
    WOKEN.notify_all();
    woken
}

/// The id of the calling thread; never 0.
#[must_use]
pub fn thread_id() -> u32 {
    ME.with(|me| *me)
}

fn address(word: &AtomicU32) -> usize {
    std::ptr::from_ref(word).addr()
}

fn lock<T>(mutex: &Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

/// A place for data that a lock guards. Each asking for it is a use: one that is not ordered after
/// all earlier uses ends the test.
#[derive(Debug)]
pub struct Data<T>(UnsafeCell<T>);

impl<T> Data<T> {
    /// Puts a value there.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Where it is.
    #[track_caller]
    pub fn get(&self) -> *mut T {
        self.0.with_mut(|place| place)
    }
}

/// As the real one, without anybody's death.
#[derive(Debug)]
pub struct RobustMutex {
    held: Mutex<bool>,
    released: Condvar,
}

impl RobustMutex {
    /// A mutex that nobody holds.
    #[must_use]
    pub fn new() -> Self {
        Self { held: Mutex::new(false), released: Condvar::new() }
    }

    /// Waits until nobody holds it, and takes it.
    ///
    /// # Errors
    /// None.
    pub fn lock(&self) -> Result<(), Errno> {
        let mut held = lock(&self.held);
        while *held {
            held = match self.released.wait(held) {
                Ok(held) => held,
                Err(poisoned) => poisoned.into_inner(),
            };
        }
        *held = true;
        Ok(())
    }

    /// Takes it if nobody holds it.
    ///
    /// # Errors
    /// EBUSY: somebody holds it.
    pub fn try_lock(&self) -> Result<(), Errno> {
        let mut held = lock(&self.held);
        if std::mem::replace(&mut *held, true) { Err(Errno::EBUSY) } else { Ok(()) }
    }

    /// Nobody dies here.
    pub fn mark_consistent(&self) {}

    /// Lets the next one have it.
    ///
    /// # Safety
    /// The calling thread holds it.
    pub unsafe fn unlock(&self) {
        *lock(&self.held) = false;
        self.released.notify_one();
    }
}

impl Default for RobustMutex {
    fn default() -> Self {
        Self::new()
    }
}
