//! refuse: E0277
//! A shared guard gives a shared reference to data that only one thread may refer to.

use locks::Guard;
use locks::shared::Shareable;
use std::marker::PhantomData;

#[derive(Clone, Copy)]
struct Alone(PhantomData<*const ()>);

// SAFETY: there is nothing in it.
unsafe impl Shareable for Alone {}

fn is_shared<T: Sync>() {}

fn main() {
    is_shared::<Guard<'static, Alone>>();
}
