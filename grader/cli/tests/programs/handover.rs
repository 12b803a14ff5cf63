//! Two threads: one gives numbers to the other, hand to hand. With `flag` the one that takes looks for
//! them again and again instead.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|word| word == "flag") {
        by_flag();
        return Ok(());
    }
    let (sender, receiver) = sync_channel(0);
    thread::scope(|scope| {
        scope.spawn(move || receiver.into_iter().for_each(|number: u32| println!("{number}")));
        let sent = (1..=2).try_for_each(|number| sender.send(number));
        drop(sender);
        sent
    })?;
    Ok(())
}

fn by_flag() {
    let number = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while number.load(Ordering::Acquire) == 0 {
                thread::yield_now();
            }
            println!("{}", number.load(Ordering::Relaxed));
        });
        println!("soon");
        number.store(1, Ordering::Release);
    });
}
