//! accept: E0277
//! All threads use the same lock: `RLock<T>` is `Sync` where `T` is `Send`.

use locks::RLock;

fn is_shared<T: Sync>() {}

fn main() {
    is_shared::<RLock<u32>>();
}
