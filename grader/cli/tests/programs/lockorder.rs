//! Two threads take two mutexes, each in its own order; with an argument both in the same.

use std::env;
use std::sync::Mutex;
use std::thread;

static FIRST: Mutex<()> = Mutex::new(());
static SECOND: Mutex<()> = Mutex::new(());

fn take(one: &Mutex<()>, other: &Mutex<()>) {
    let _one = one.lock();
    let _other = other.lock();
}

fn main() {
    let same = env::args().count() > 1;
    let thread =
        thread::spawn(move || if same { take(&FIRST, &SECOND) } else { take(&SECOND, &FIRST) });
    take(&FIRST, &SECOND);
    assert!(thread.join().is_ok());
}
