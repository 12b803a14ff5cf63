//! refuse: E0382
//! It would release the lock of the one who got it next.

use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    let guard = lock.lock();
    drop(guard);
    drop(guard);
}
