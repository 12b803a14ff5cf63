use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    let guard = lock.lock();
    drop(guard);
    drop(guard);
}
