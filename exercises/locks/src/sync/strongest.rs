//! The model checker's atomic number with every ordering taken for `SeqCst`. Given; not to be edited.
//!
//! The grader compares: a lock that fails with the orderings as they are written, and holds with
//! these, fails because of them.

use loom::sync::atomic::AtomicU32 as Inner;
use loom::sync::atomic::Ordering::{self, SeqCst};

/// As the real one, always `SeqCst`.
#[derive(Debug, Default)]
pub struct AtomicU32(Inner);

impl AtomicU32 {
    /// A number.
    #[track_caller]
    pub fn new(value: u32) -> Self {
        Self(Inner::new(value))
    }

    /// The number of who owns it.
    #[track_caller]
    pub fn into_inner(self) -> u32 {
        self.0.into_inner()
    }

    /// Reads it.
    #[track_caller]
    pub fn load(&self, _: Ordering) -> u32 {
        self.0.load(SeqCst)
    }

    /// Writes it.
    #[track_caller]
    pub fn store(&self, value: u32, _: Ordering) {
        self.0.store(value, SeqCst);
    }

    /// Writes it if it is `current`; gives what it was.
    ///
    /// # Errors
    /// What it was, when that is not `current`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        _: Ordering,
        _: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, SeqCst, SeqCst)
    }

    /// As `compare_exchange`.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        _: Ordering,
        _: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange_weak(current, new, SeqCst, SeqCst)
    }

    /// Writes what the function makes of it, if it makes something.
    ///
    /// # Errors
    /// What it was, when the function makes nothing.
    #[track_caller]
    pub fn fetch_update<F>(&self, _: Ordering, _: Ordering, change: F) -> Result<u32, u32>
    where
        F: FnMut(u32) -> Option<u32>,
    {
        self.0.fetch_update(SeqCst, SeqCst, change)
    }
}

impl From<u32> for AtomicU32 {
    #[track_caller]
    fn from(value: u32) -> Self {
        Self::new(value)
    }
}

macro_rules! read_and_write {
    ($($name:ident)*) => {
        impl AtomicU32 {
            $(
                /// Reads and writes in one step; gives what it was.
                #[track_caller]
                pub fn $name(&self, value: u32, _: Ordering) -> u32 {
                    self.0.$name(value, SeqCst)
                }
            )*
        }
    };
}

read_and_write!(swap fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
