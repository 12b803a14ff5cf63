//! refuse: E0614,E0368
//! The data may have been left half done.

use locks::Robust;

fn main() {
    let lock = Robust::new(0_u32);
    *lock.lock() += 1;
}
