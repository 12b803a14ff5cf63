//! Waits for a condition without a look whether it holds already; with an argument it looks.

use std::env;
use std::sync::{Condvar, Mutex};
use std::thread;

static READY: Mutex<bool> = Mutex::new(false);
static CONDITION: Condvar = Condvar::new();

fn main() {
    let looks = env::args().count() > 1;
    let thread = thread::spawn(|| {
        *READY.lock().unwrap() = true;
        CONDITION.notify_one();
    });
    let mut ready = READY.lock().unwrap();
    while !looks || !*ready {
        ready = CONDITION.wait(ready).unwrap();
        if !looks {
            break;
        }
    }
    drop(ready);
    assert!(thread.join().is_ok());
}
