//! Right uses, a function for each task: this must compile. Where it does not, nothing follows from
//! what else is refused. It asks no more of the types than the driver, which was built: whether a lock
//! is `Sync` is asked in `use/`.

use locks::{Lock, OwnerDied, RLock, Robust, both};

fn main() {
    lock();
    try_lock();
    rlock();
    robust();
    two();
}

fn lock() {
    let lock = Lock::new(1, 0_u32);
    *lock.lock() += 1;
    let guard = lock.lock();
    println!("{}", *guard);
    drop(guard);
}

fn try_lock() {
    let lock = Lock::new(1, 0_u32);
    if let Some(guard) = lock.try_lock() {
        let data: &u32 = &guard;
        println!("{data}");
        drop(guard);
    }
}

fn rlock() {
    let lock = RLock::new(0_u32);
    lock.lock().set(1);
    let (outer, inner) = (lock.lock(), lock.lock());
    inner.set(outer.get() + 1);
}

fn robust() {
    let lock = Robust::new(0_u32);
    let mut guard = match lock.lock() {
        Ok(guard) => guard,
        Err(OwnerDied(guard)) => guard,
    };
    *guard += 1;
}

fn two() {
    let (a, b) = (Lock::new(1, 0_u32), Lock::new(2, 0_u32));
    let (mut first, second) = both(&a, &b);
    *first += *second;
    drop((first, second));
}
