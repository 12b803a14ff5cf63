//! refuse: E0277
//! The data goes from thread to thread with the lock.

use locks::Lock;
use locks::shared::Shareable;
use std::marker::PhantomData;

#[derive(Clone, Copy)]
struct Stays(PhantomData<*const ()>);

// SAFETY: there is nothing in it.
unsafe impl Shareable for Stays {}

// SAFETY: the same. Threads may look at it, which is not enough for a lock: it must be `Send`.
unsafe impl Sync for Stays {}

fn is_shared<T: Sync>() {}

fn main() {
    is_shared::<Lock<Stays>>();
}
