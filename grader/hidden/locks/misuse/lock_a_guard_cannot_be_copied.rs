//! refuse: E0277
//! Two guards would release it twice.

use locks::Guard;

fn is_copied<T: Clone>() {}

fn main() {
    is_copied::<Guard<'static, u32>>();
}
