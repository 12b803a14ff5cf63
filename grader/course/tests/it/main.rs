//! Courses on disk, right and wrong in one way each.
#![expect(clippy::unwrap_used, reason = "a test that cannot write its fixture should panic")]

mod manifests;
#[cfg(feature = "pages")]
mod pages;
