//! This must work.

use locks::{Lock, RLock, both};

fn main() {
    if false {
        let (a, b) = (Lock::new(1, 0_u32), Lock::new(2, 'b'));
        *a.lock() += 1;
        if let Some(mut guard) = b.try_lock() {
            *guard = 'c';
        }
        let (mut number, letter) = both(&a, &b);
        *number += u32::from(*letter);
        let again = RLock::new(0_u32);
        let (outer, inner) = (again.lock(), again.lock());
        inner.set(outer.get() + 1);
    }
}
