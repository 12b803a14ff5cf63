use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    let guard = lock.lock();
    let data: &u32 = &guard;
    drop(guard);
    println!("{data}");
}
