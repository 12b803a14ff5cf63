//! refuse: E0614
//! Nobody has taken the lock.

use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    println!("{}", *lock);
}
