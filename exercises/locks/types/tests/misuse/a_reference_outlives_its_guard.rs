use locks::Lock;

fn main() {
    let lock = Lock::new(1, 0_u32);
    let data: &mut u32;
    {
        let mut guard = lock.lock();
        data = &mut guard;
    }
    *data += 1;
}
