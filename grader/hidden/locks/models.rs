//! The models of `locks`: each is one small program of threads, of which loom tries every order that
//! the memory model allows.

use locks::{Lock, OwnerDied, RLock, Robust, both};
use loom::sync::Arc;
use loom::thread;

/// Every model, by its task and name.
pub const MODELS: &[(&str, fn())] = &[
    ("lock::what_one_writes_the_next_one_sees", || lock(2)),
    ("lock::three_take_turns", || lock(3)),
    ("try_lock::what_one_writes_the_next_one_sees", try_lock),
    ("rlock::what_one_writes_the_next_one_sees", rlock),
    ("robust::what_one_writes_the_next_one_sees", robust),
    ("both::two_that_name_them_in_different_orders_both_get_them", both_ways),
];

fn lock(threads: u32) {
    let lock = Arc::new(Lock::new(1, 0_u32));
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.lock() += 1)
        })
        .collect();
    *lock.lock() += 1;
    for other in others {
        other.join().expect("the other ends");
    }
    assert_eq!(*lock.lock(), threads);
}

fn try_lock() {
    let lock = Arc::new(Lock::new(1, 0_u32));
    let other = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || *lock.lock() += 1)
    };
    let mine = lock.try_lock().map_or(0, |mut guard| {
        *guard += 1;
        1
    });
    other.join().expect("the other ends");
    assert_eq!(*lock.lock(), 1 + mine);
}

fn rlock() {
    let lock = Arc::new(RLock::new(0_u32));
    let add = |lock: &RLock<u32>| {
        let outer = lock.lock();
        let inner = lock.lock();
        inner.set(outer.get() + 1);
    };
    let other = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || add(&lock))
    };
    add(&lock);
    other.join().expect("the other ends");
    assert_eq!(lock.lock().get(), 2);
}

fn robust() {
    let lock = Arc::new(Robust::new(0_u32));
    let add = |lock: &Robust<u32>| {
        let mut guard = lock.lock().unwrap_or_else(|OwnerDied(guard)| guard);
        *guard += 1;
    };
    let other = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || add(&lock))
    };
    add(&lock);
    other.join().expect("the other ends");
    assert_eq!(*lock.lock().unwrap_or_else(|OwnerDied(guard)| guard), 2);
}

fn both_ways() {
    let locks = Arc::new((Lock::new(2, 0_u32), Lock::new(1, 0_u32)));
    let other = {
        let locks = Arc::clone(&locks);
        thread::spawn(move || {
            let (mut b, mut a) = both(&locks.1, &locks.0);
            (*a, *b) = (*a + 1, *b + 1);
        })
    };
    let (mut a, mut b) = both(&locks.0, &locks.1);
    (*a, *b) = (*a + 1, *b + 1);
    drop((a, b));
    other.join().expect("the other ends");
    assert_eq!((*locks.0.lock(), *locks.1.lock()), (2, 2));
}
