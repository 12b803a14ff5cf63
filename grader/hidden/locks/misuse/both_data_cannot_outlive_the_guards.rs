//! refuse: E0505
//! Somebody else is inside by then.

use locks::{Lock, both};

fn main() {
    let (a, b) = (Lock::new(1, 0_u32), Lock::new(2, 0_u32));
    let (first, second) = both(&a, &b);
    let data: &u32 = &second;
    drop((first, second));
    println!("{data}");
}
