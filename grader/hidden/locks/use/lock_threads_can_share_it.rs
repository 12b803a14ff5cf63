//! accept: E0277
//! All threads use the same lock: `Lock<T>` is `Sync` where `T` is `Send`.

use locks::Lock;

fn is_shared<T: Sync>() {}

fn main() {
    is_shared::<Lock<u32>>();
}
