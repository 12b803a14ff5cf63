//! refuse: E0505
//! Somebody else is inside by then.

use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    if let Some(guard) = lock.try_lock() {
        let data: &u32 = &guard;
        drop(guard);
        println!("{data}");
    }
}
