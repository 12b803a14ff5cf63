use locks::{Guard, Lock};

fn main() {
    let guard: Guard<'_, u32>;
    {
        let lock = Lock::new(1, 0_u32);
        guard = lock.lock();
    }
    println!("{}", *guard);
}
