//! refuse: E0277
//! In another process the pointer points to something else.

use locks::Lock;

fn main() {
    let _ = Lock::new(1, vec![0_u8]);
}
