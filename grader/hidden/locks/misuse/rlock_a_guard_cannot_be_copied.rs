//! refuse: E0277
//! Two guards would release what was taken once.

use locks::RGuard;

fn is_copied<T: Clone>() {}

fn main() {
    is_copied::<RGuard<'static, u32>>();
}
