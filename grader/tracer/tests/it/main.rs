//! The tracer against guests: each is one kernel behaviour in a tiny program
//! (`examples/guest.rs`).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod behaviour;
mod determinism;
mod door;
mod limits;
