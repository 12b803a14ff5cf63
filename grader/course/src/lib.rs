//! Reads `course.yaml` and every `exercise.yaml`, and refuses what an author got wrong with the
//! file, the line and the remedy. With the feature `pages` it also reads what people read: the READMEs and
//! the book. Of code it reads only the comments that mark parts for the book, and it runs none.

mod check;
mod error;
mod file;
mod manifest;
#[cfg(feature = "pages")]
pub mod pages;

pub use check::{load, load_exercise};
pub use error::{CourseError, Place, Problem};
