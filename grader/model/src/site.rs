//! Places in code.

use crate::Trace;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Files that come with exercises.
const GIVEN: [&str; 2] = ["src/main.rs", "src/sync/real.rs"];

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

impl SourceLine {
    /// Whether it belongs to the standard library or to a crate of a registry: nobody's fault.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        let file = self.file.to_string_lossy();
        file.starts_with("/rustc/")
            || file.contains("/registry/src/")
            || file.contains("/rustlib/src/")
            || file.starts_with("library/")
    }

    /// Whether it belongs to the driver that comes with an exercise, or to the futex calls that come
    /// with *locks*: students do not edit them.
    #[must_use]
    pub fn is_given(&self) -> bool {
        GIVEN.iter().any(|given| self.file.ends_with(given))
    }
}

impl Trace {
    /// The line that a site stands for: the innermost of the student's own, else of the given
    /// driver's. `None` where no line is known, or only foreign ones.
    #[must_use]
    pub fn line(&self, site: SiteId) -> Option<&SourceLine> {
        let lines = || {
            let lines = self.frames(site).iter().filter_map(|frame| frame.line.as_ref());
            lines.filter(|line| !line.is_foreign())
        };
        lines().find(|line| !line.is_given()).or_else(|| lines().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(file: &str) -> SourceLine {
        SourceLine { file: file.into(), line: 1, function: None, text: None }
    }

    #[test]
    fn the_standard_library_also_has_files_called_lib() {
        assert!(source("/rustc/abc/library/alloc/src/lib.rs").is_foreign());
        assert!(source("/home/u/.cargo/registry/src/x/nix-0.31.0/src/lib.rs").is_foreign());
        assert!(!source("/tmp/zombies/src/lib.rs").is_foreign());
    }

    #[test]
    fn the_driver_is_given_and_a_student_s_second_file_is_not() {
        assert!(source("/tmp/zombies/src/main.rs").is_given());
        assert!(source("src/sync/real.rs").is_given());
        assert!(!source("/tmp/zombies/src/lib.rs").is_given());
        assert!(!source("src/domain.rs").is_given());
    }
}
