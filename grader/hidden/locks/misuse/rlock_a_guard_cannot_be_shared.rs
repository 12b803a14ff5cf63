//! refuse: E0277
//! Two threads would use one cell.

use locks::RGuard;

fn is_shared<T: Sync>() {}

fn main() {
    is_shared::<RGuard<'static, u32>>();
}
