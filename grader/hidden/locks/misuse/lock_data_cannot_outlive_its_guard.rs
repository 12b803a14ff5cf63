//! refuse: E0505
//! Somebody else is inside by then.

use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    let mut guard = lock.lock();
    let data: &mut u32 = &mut guard;
    drop(guard);
    *data += 1;
}
