//! refuse: E0277
//! The owner is a thread: another one would release what it does not hold.

use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    let guard = lock.lock();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(guard));
    });
}
