//! Everything as text for a terminal. Each function gives text that ends with a newline.

mod explored;
mod judgement;
mod layout;
mod step;
#[cfg(feature = "class")]
mod summary;
mod survey;
mod trace;
mod tree;

pub use explored::explored;
pub use judgement::{judgement, passed, todo_again};
pub use step::{step, step_keys, step_left_out};
#[cfg(feature = "class")]
pub use summary::summary;
#[cfg(feature = "machine")]
pub(crate) use survey::remark;
pub use survey::{replayed, survey};
pub use trace::trace;
pub use tree::tree;
