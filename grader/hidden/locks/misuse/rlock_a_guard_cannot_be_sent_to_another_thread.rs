//! refuse: E0277
//! The owner is a thread: another one would count down what it does not hold.

use locks::RLock;

fn main() {
    let lock = RLock::new(0_u32);
    let guard = lock.lock();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(guard));
    });
}
