//! Names the source line at which a stopped program stands.
//!
//! Two steps, because most stacks are never shown: [`Unwinder`] turns the registers and memory of
//! a stopped thread into frames (module and address, cheap, at every stop that matters), and
//! [`Symbols`] looks up the lines of the frames that a report needs.
//!
//! x86-64 Linux only. The files that are read here are a stranger's: whatever is wrong with
//! them, the answer is a frame or a line less, never a panic. This crate knows nothing of
//! ptrace: its caller reads registers and memory.

mod cfi;
mod elf_file;
mod entries;
mod expression;
mod functions;
mod lines;
mod maps;
mod module;
mod names;
mod places;
mod registers;
mod sources;
mod unwind;

pub use entries::{callable, entry_points};
pub use functions::Functions;
pub use lines::Symbols;
pub use maps::{Mapping, parse_maps};
pub use names::{demangle, is_made_by_std, without_types};
pub use registers::{Buffered, Memory, Registers};
pub use unwind::Unwinder;
