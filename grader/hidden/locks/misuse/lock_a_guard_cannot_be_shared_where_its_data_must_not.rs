//! refuse: E0277
//! A shared guard gives a shared reference to data that only one thread may refer to.

use locks::Guard;
use locks::shared::Shareable;
use std::cell::Cell;
use std::marker::PhantomData;

/// May go to another thread, which then has it alone.
#[derive(Clone, Copy)]
struct Alone(PhantomData<Cell<u8>>);

// SAFETY: there is nothing in it.
unsafe impl Shareable for Alone {}

fn is_shared<T: Sync>() {}

fn main() {
    is_shared::<Guard<'static, Alone>>();
}
