//! Reads `course.yaml` and every `exercise.yaml`, and refuses what an author got wrong with the
//! file, the line and the remedy. It looks at manifests and at which files exist; it never reads
//! or runs an exercise's code.

mod check;
mod error;
mod file;
mod manifest;

pub use check::{load, load_exercise};
pub use error::{CourseError, Problem};
