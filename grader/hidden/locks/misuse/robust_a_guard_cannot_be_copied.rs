//! refuse: E0277
//! Two guards would release it twice.

use locks::RobustGuard;

fn is_copied<T: Clone>() {}

fn main() {
    is_copied::<RobustGuard<'static, u32>>();
}
