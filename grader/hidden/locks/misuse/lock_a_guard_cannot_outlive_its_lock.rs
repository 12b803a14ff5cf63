//! refuse: E0597,E0505,E0515
//! It would release memory that is something else by then.

use locks::Lock;

fn main() {
    let guard = {
        let lock = Lock::new(1, 0_u32);
        let guard = lock.lock();
        guard
    };
    println!("{}", *guard);
}
