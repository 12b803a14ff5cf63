//! The real ones: the processor's atomics, the kernel's futex, glibc's mutex.

use nix::errno::Errno;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr;

pub use std::sync::atomic::{AtomicU32, Ordering};

/// Sleeps until somebody [`wake`]s at this word, in whatever process, provided that the word is
/// still `expected`; else it returns at once. To look and to fall asleep is one step.
///
/// It may return for no reason, too (a signal has come): look again.
///
/// Source: `futex(2)`, FUTEX_WAIT.
pub fn wait(word: &AtomicU32, expected: u32) {
    let no_time_out = ptr::null::<libc::timespec>();
    // SAFETY: the word is there as long as it is borrowed. Not FUTEX_WAIT_PRIVATE: that would
    // look for sleepers in this process alone.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, no_time_out)
    };
}

/// Wakes up to `most` of those that sleep at this word, and gives their number. Who is not asleep
/// yet is not woken, and does not learn of it.
///
/// Source: `futex(2)`, FUTEX_WAKE.
pub fn wake(word: &AtomicU32, most: u32) -> u32 {
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    // SAFETY: the kernel takes the address for a name; it does not read there.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, most) };
    u32::try_from(woken).unwrap_or(0)
}

/// The id of the calling thread; never 0. No two threads have the same at once, in whatever
/// process. After a fork the child's is another than its parent's.
///
/// Source: `gettid(2)`.
#[must_use]
pub fn thread_id() -> u32 {
    // SAFETY: it cannot fail.
    let id = unsafe { libc::gettid() };
    id.unsigned_abs()
}

/// A place for data that a lock guards.
#[derive(Debug)]
#[repr(transparent)]
pub struct Data<T>(UnsafeCell<T>);

impl<T> Data<T> {
    /// Puts a value there.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Where it is. Ask for it anew each time the data is used, while you hold the lock: the model
    /// checker takes each asking for a use.
    pub fn get(&self) -> *mut T {
        self.0.get()
    }
}

/// A mutex for several processes, of which the kernel knows the owner: when that ends, the next one
/// gets the mutex, and is told.
///
/// Source: `pthread_mutexattr_setrobust(3)`, `pthread_mutexattr_setpshared(3)`.
#[derive(Debug)]
#[repr(transparent)]
pub struct RobustMutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a mutex is made to be used by many at once.
unsafe impl Sync for RobustMutex {}
// SAFETY: nobody holds it while it is owned, and then it has no thread.
unsafe impl Send for RobustMutex {}

impl RobustMutex {
    /// A mutex that nobody holds. While that is so it may be moved: glibc and musl keep no address
    /// of it.
    #[must_use]
    pub fn new() -> Self {
        let mut kind = MaybeUninit::uninit();
        let mut mutex = MaybeUninit::uninit();
        // SAFETY: none of these fail for these values; each object is made before it is used.
        unsafe {
            libc::pthread_mutexattr_init(kind.as_mut_ptr());
            libc::pthread_mutexattr_setpshared(kind.as_mut_ptr(), libc::PTHREAD_PROCESS_SHARED);
            libc::pthread_mutexattr_setrobust(kind.as_mut_ptr(), libc::PTHREAD_MUTEX_ROBUST);
            libc::pthread_mutex_init(mutex.as_mut_ptr(), kind.as_ptr());
            libc::pthread_mutexattr_destroy(kind.as_mut_ptr());
            Self(UnsafeCell::new(mutex.assume_init()))
        }
    }

    /// Waits until nobody holds it, and takes it.
    ///
    /// # Errors
    /// - EOWNERDEAD: its owner has ended without unlocking it. **You hold it all the same**; see
    ///   [`mark_consistent`](Self::mark_consistent).
    /// - ENOTRECOVERABLE: nobody will ever get it again. You do not hold it.
    pub fn lock(&self) -> Result<(), Errno> {
        // SAFETY: made by `new`, and not moved since it is in use.
        answer(unsafe { libc::pthread_mutex_lock(self.0.get()) })
    }

    /// Takes it if nobody holds it.
    ///
    /// # Errors
    /// EBUSY: somebody holds it. And those of [`lock`](Self::lock).
    pub fn try_lock(&self) -> Result<(), Errno> {
        // SAFETY: as above.
        answer(unsafe { libc::pthread_mutex_trylock(self.0.get()) })
    }

    /// Says, after EOWNERDEAD and before `unlock`, that the data is in order again. Without that
    /// nobody gets the mutex any more: ENOTRECOVERABLE.
    pub fn mark_consistent(&self) {
        // SAFETY: as above; where there is nothing to say it answers EINVAL.
        unsafe { libc::pthread_mutex_consistent(self.0.get()) };
    }

    /// Lets the next one have it.
    ///
    /// # Safety
    /// The calling thread holds it.
    pub unsafe fn unlock(&self) {
        // SAFETY: as above, and by the caller's word.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }
}

impl Default for RobustMutex {
    fn default() -> Self {
        Self::new()
    }
}

fn answer(code: libc::c_int) -> Result<(), Errno> {
    if code == 0 { Ok(()) } else { Err(Errno::from_raw(code)) }
}
