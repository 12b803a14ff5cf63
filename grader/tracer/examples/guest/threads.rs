//! Threads and what they wait for.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("threads", threads),
    ("condvar", condvar),
    ("condvar-timeout", condvar_timeout),
    ("thread-exits-process", thread_exits_process),
];

fn threads() {
    let sum: i32 = (0..4).map(|n| thread::spawn(move || n)).map(|t| t.join().unwrap_or(0)).sum();
    say(&format!("{sum}"));
}

fn condvar() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&pair);
    let t = thread::spawn(move || {
        if let Ok(mut done) = other.0.lock() {
            *done = true;
        }
        other.1.notify_one();
    });
    if let Ok(guard) = pair.0.lock() {
        drop(pair.1.wait_while(guard, |done| !*done));
    }
    let _joined = t.join();
    say("notified");
}

fn condvar_timeout() {
    let pair = (Mutex::new(()), Condvar::new());
    if let Ok(guard) = pair.0.lock()
        && let Ok((_, timeout)) = pair.1.wait_timeout(guard, Duration::from_millis(300))
    {
        say(&format!("{}", timeout.timed_out()));
    }
}

fn thread_exits_process() {
    thread::spawn(|| leave(3));
    thread::sleep(Duration::from_secs(1000));
}
