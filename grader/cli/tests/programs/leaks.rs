//! Allocates much, and forgets what the first argument names.

use std::thread;

fn numbers() -> Vec<u64> {
    (0..100_000).collect()
}

fn words() -> Vec<String> {
    (0..6_000).map(|n| format!("{n:>40}")).collect()
}

fn main() {
    let forgotten = std::env::args().nth(1).unwrap_or_default();
    let count = numbers().len() + words().len();
    println!("{count}");
    let joined: usize = (0..3).map(|_| thread::spawn(|| words().len()).join().unwrap()).sum();
    println!("{joined}");
    match forgotten.as_str() {
        "vec" => std::mem::forget(numbers()),
        "box" => drop(Box::leak(Box::new([1_u8; 700_000]))),
        "words" => {
            words().leak();
        }
        "thread" => {
            thread::spawn(|| words().leak().len()).join().unwrap();
        }
        _ => {}
    }
}
