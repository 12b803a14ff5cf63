//! Which line of the student's code an event stands for: the innermost frame that is theirs.

use forklings_model::{Frame, SiteId, SourceLine, Trace};
use std::fmt;

/// A line of the student's code, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, from its `src` folder on.
    pub file: String,
    /// Line number, from 1.
    pub line: u32,
    /// The line itself, harmless.
    pub text: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The place that a site stands for. The student's file wins over the driver, the driver over
/// anything else; frames of the standard library and of registry crates are nobody's fault.
#[must_use]
pub fn place(trace: &Trace, site: Option<SiteId>) -> Option<Place> {
    let frames = trace.frames(site?);
    let own = || frames.iter().filter_map(line_of).filter(|line| !is_foreign(line));
    let line = own().find(|line| line.file.ends_with("src/lib.rs")).or_else(|| own().next())?;
    let text = line.text.as_deref().map(|text| crate::escape::line(text.trim()));
    Some(Place { file: short(line), line: line.line, text })
}

fn line_of(frame: &Frame) -> Option<&SourceLine> {
    frame.line.as_ref()
}

fn is_foreign(line: &SourceLine) -> bool {
    let file = line.file.to_string_lossy();
    file.starts_with("/rustc/")
        || file.contains("/.cargo/registry/")
        || file.contains("/registry/src/")
        || file.contains("/rustlib/src/")
        || file.starts_with("library/")
}

/// The path from its last `src` folder on: the folders before it differ from machine to machine.
fn short(line: &SourceLine) -> String {
    let file = line.file.to_string_lossy();
    let from = if file.starts_with("src/") { Some(0) } else { file.rfind("/src/").map(|n| n + 1) };
    crate::escape::line(from.and_then(|n| file.get(n..)).unwrap_or(&file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::SourceLine;

    fn source(file: &str) -> SourceLine {
        SourceLine { file: file.into(), line: 1, function: None, text: None }
    }

    #[test]
    fn the_standard_library_also_has_files_called_lib() {
        assert!(is_foreign(&source("/rustc/abc/library/alloc/src/lib.rs")));
        assert!(is_foreign(&source("/home/u/.cargo/registry/src/x/nix-0.31.0/src/lib.rs")));
        assert!(!is_foreign(&source("/tmp/zombies/src/lib.rs")));
    }

    #[test]
    fn a_path_is_shown_from_src_on() {
        assert_eq!(short(&source("/tmp/zombies/src/lib.rs")), "src/lib.rs");
        assert_eq!(short(&source("src/main.rs")), "src/main.rs");
        assert_eq!(short(&source("guest.c")), "guest.c");
    }
}
