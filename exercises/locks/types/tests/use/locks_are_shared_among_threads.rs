//! Every lock is `Sync` and `Send` when its data is `Send`.

use locks::{Lock, RLock, Robust};

fn can_be_shared<T: Send + Sync>() {}

fn main() {
    can_be_shared::<Lock<u32>>();
    can_be_shared::<RLock<[u64; 4]>>();
    can_be_shared::<Robust<bool>>();
}
