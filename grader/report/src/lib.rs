//! The only place with sentences: whatever Forklings says to a person is said here.
//!
//! This crate turns data of `forklings-model` into text, HTML and tables. It runs nothing, reads no
//! file and no environment variable: what to draw on is a [`Style`] that the caller made.
//!
//! - [`sentence`]: what a finding, an event or a demand means, in words
//! - [`timeline`]: which events of a run matter, a column per process
//! - [`message`]: the six parts of a failure, before they are drawn
//! - [`moment`]: how everybody stands between two events of a run
//! - [`terminal`]: all of it as text
//! - `html`, `svg` (feature `html`): one page for a class
//! - `machine` (feature `machine`): JSON and CSV
//! - [`escape`]: makes text of strangers harmless

pub mod escape;
#[cfg(feature = "html")]
pub mod html;
#[cfg(feature = "machine")]
pub mod machine;
pub mod message;
pub mod moment;
pub mod place;
pub mod sentence;
pub mod style;
#[cfg(feature = "html")]
pub mod svg;
pub mod terminal;
pub mod timeline;

pub use style::Style;
