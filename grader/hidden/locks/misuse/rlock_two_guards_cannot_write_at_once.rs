//! refuse: E0596
//! Two guards at once would give two exclusive references to one value.

use locks::RLock;

fn main() {
    let lock = RLock::new(0_u32);
    let (mut outer, mut inner) = (lock.lock(), lock.lock());
    std::mem::swap(outer.get_mut(), inner.get_mut());
}
