//! refuse: E0515,E0597,E0716
//! Somebody else is inside by then.

use locks::Lock;

fn data(lock: &Lock<u32>) -> &u32 {
    let guard = lock.lock();
    &*guard
}

fn main() {
    println!("{}", data(&Lock::new(1, 0)));
}
