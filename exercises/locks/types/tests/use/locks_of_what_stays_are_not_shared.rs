//! No lock is `Sync` when its data is not `Send`. "Type annotations needed" means that one is.

use locks::shared::Shareable;
use locks::{Lock, RLock, Robust};
use std::marker::PhantomData;

/// Plain bytes, which must not leave their thread all the same.
#[derive(Clone, Copy)]
struct Stays(PhantomData<*const ()>);

// SAFETY: there is nothing in it.
unsafe impl Shareable for Stays {}

trait NotSync<A> {
    fn holds() {}
}

struct Shared;

impl<T> NotSync<()> for T {}
impl<T: Sync> NotSync<Shared> for T {}

fn main() {
    <Lock<Stays> as NotSync<_>>::holds();
    <RLock<Stays> as NotSync<_>>::holds();
    <Robust<Stays> as NotSync<_>>::holds();
}
