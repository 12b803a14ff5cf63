use locks::RLock;

fn main() {
    let lock = RLock::new(0_u32);
    let (mut outer, mut inner) = (lock.lock(), lock.lock());
    std::mem::swap(outer.get_mut(), inner.get_mut());
}
