//! The tracer against guests: each is one kernel behaviour in a tiny program
//! (`examples/guest`).
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at the events it is about")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod behaviour;
mod death;
mod determinism;
mod door;
mod exploration;
mod faults;
mod handlers;
mod leaks;
mod limits;
mod minimise;
mod natural;
mod record;
mod repeated;
