//! The grader from outside: hostile hand-ins, and whole runs over a small course of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot make its fixture should panic")]

mod course;
mod inspections;
mod journal;
mod runs;
mod take_in;
