//! accept: E0277
//! All threads use the same lock: `Robust<T>` is `Sync` where `T` is `Send`.

use locks::Robust;

fn is_shared<T: Sync>() {}

fn main() {
    is_shared::<Robust<u32>>();
}
