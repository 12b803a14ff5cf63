//! The program from outside, as a person meets it.
#![expect(clippy::unwrap_used, reason = "a test that cannot make its fixture should panic")]

mod arrows;
mod class;
mod course;
mod door;
mod explore;
mod inspections;
mod misuse;
mod pages;
mod replay;
mod terminal;
