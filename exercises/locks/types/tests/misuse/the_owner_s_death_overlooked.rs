use locks::Robust;

fn main() {
    let lock = Robust::new(0_u32);
    *lock.lock() += 1;
}
