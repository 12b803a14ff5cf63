//! Places in code.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Index into [`Trace::sites`](crate::Trace::sites).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SiteId(pub u32);

/// One frame of a call stack, innermost first in its list. The address is relative to the
/// module's load address, so it is the same in every run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// Path of the executable or library that holds the instruction, as mapped.
    pub module: PathBuf,
    /// Offset of the instruction in that file's address space, in bytes.
    pub offset: u64,
    /// The source line, once it was looked up.
    pub line: Option<SourceLine>,
}

/// A line of source code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceLine {
    /// Path as the compiler recorded it; made relative to the exercise where it lies inside.
    pub file: PathBuf,
    /// Line number, from 1.
    pub line: u32,
    /// Demangled name of the function, where known.
    pub function: Option<String>,
    /// The line itself without its indentation, where the file could be read.
    pub text: Option<String>,
}
