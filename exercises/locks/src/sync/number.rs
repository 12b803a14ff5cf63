//! The model checker's atomic number. Given; not to be edited.
//!
//! Its `store` is a `swap` of which nobody asks what was there. A `swap` that sees what stood there
//! before a `store` comes before it; loom takes the one that it has tried last for the later one all
//! the same, and would find orders that there are not.
//!
//! With `--cfg strongest` every ordering is taken for `SeqCst`. The grader compares: a lock that fails
//! with the orderings as they are written, and holds with these, fails because of them.

use loom::sync::atomic::AtomicU32 as Inner;
use loom::sync::atomic::Ordering;

/// The ordering that is taken for the one that is `written`.
fn taken(written: Ordering) -> Ordering {
    if cfg!(strongest) { Ordering::SeqCst } else { written }
}

/// As the real one.
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
    pub fn load(&self, order: Ordering) -> u32 {
        self.0.load(taken(order))
    }

    /// Writes it.
    #[track_caller]
    pub fn store(&self, value: u32, order: Ordering) {
        self.0.swap(value, taken(order));
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
        order: Ordering,
        failed: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, taken(order), taken(failed))
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
        order: Ordering,
        failed: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange_weak(current, new, taken(order), taken(failed))
    }

    /// Writes what the function makes of it, if it makes something.
    ///
    /// # Errors
    /// What it was, when the function makes nothing.
    #[track_caller]
    pub fn fetch_update<F>(&self, order: Ordering, failed: Ordering, change: F) -> Result<u32, u32>
    where
        F: FnMut(u32) -> Option<u32>,
    {
        self.0.fetch_update(taken(order), taken(failed), change)
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
                pub fn $name(&self, value: u32, order: Ordering) -> u32 {
                    self.0.$name(value, taken(order))
                }
            )*
        }
    };
}

read_and_write!(swap fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
