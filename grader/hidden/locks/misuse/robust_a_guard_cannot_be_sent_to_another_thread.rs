//! refuse: E0277
//! The mutex belongs to the thread that has locked it.

use locks::{Robust, RobustGuard};

fn is_sent<T: Send>(_: T) {}

fn main() {
    let lock = Robust::new(0_u32);
    let guard: RobustGuard<'_, u32> = match lock.lock() {
        Ok(guard) => guard,
        Err(died) => died.0,
    };
    is_sent(guard);
}
