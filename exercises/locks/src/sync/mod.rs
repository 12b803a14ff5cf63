//! What locks are made of: atomics, a place to sleep, the caller's id, a cell for the data, and the
//! mutex of `pthread_mutexattr_setrobust(3)`. Given; not to be edited.
//!
//! In a normal build these are the real ones. With `--cfg loom` they are models, by which loom tries
//! every order that the memory model allows, also those that your processor never shows. With
//! `--cfg strongest` besides, every access is as strongly ordered as it can be, whatever you ask for:
//! what holds then, and not without, has orderings that are too weak.

#[cfg(loom)]
mod modelled;
#[cfg(loom)]
mod number;
#[cfg(not(loom))]
mod real;

#[cfg(loom)]
pub use modelled::{AtomicU32, Data, Ordering, RobustMutex, thread_id, wait, wake};
#[cfg(not(loom))]
pub use real::{AtomicU32, Data, Ordering, RobustMutex, thread_id, wait, wake};
