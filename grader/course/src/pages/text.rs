//! The text of a page with everything put in that it includes, as mdBook does it. Each line knows the file
//! and line that it comes from.

use super::anchors;
use super::fault::{Fault, Trouble};
use super::read;
use crate::error::{CourseError, Place};
use std::path::{Path, PathBuf};

/// Files that include files that include files, at most; mdBook goes no deeper.
const DEEPEST: usize = 10;

/// A page's text.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    /// Where each line stands.
    origins: Vec<Place>,
    /// How many lines have their end.
    ended: usize,
    parts: Vec<Part>,
    faults: Vec<Fault>,
}

/// A part of a file that a page includes.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) file: PathBuf,
    pub(super) anchor: String,
}

impl Text {
    /// Reads a page and what it includes. What it does not get is among the faults.
    pub(super) fn read(path: &Path) -> Result<Self, CourseError> {
        let source = read(path)?;
        let mut text = Self::default();
        text.take(path, &numbered(&source), 0);
        Ok(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The parts of files that it has.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Includes that do not get what they ask for.
    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Where the byte with this index comes from.
    pub(super) fn place(&self, at: usize) -> Place {
        self.origins[self.text[..at].matches('\n').count()].clone()
    }

    /// Takes lines of a file, and what they include.
    fn take(&mut self, file: &Path, lines: &[(usize, &str)], depth: usize) {
        for &(n, line) in lines {
            let mut rest = line;
            while let Some((before, argument, after)) = include(rest) {
                self.put(before, file, n);
                if let Err(trouble) = self.include(file, argument, depth) {
                    self.faults.push(trouble.at(file, Some(n)));
                }
                rest = after;
            }
            self.put(rest, file, n);
            self.text.push('\n');
            self.ended += 1;
        }
    }

    /// Adds to the line at hand, which comes from where its beginning comes from.
    fn put(&mut self, words: &str, file: &Path, line: usize) {
        if self.origins.len() == self.ended {
            self.origins.push(Place { file: file.to_owned(), line: Some(line) });
        }
        self.text.push_str(words);
    }

    /// Takes what an include of `from` asks for.
    fn include(&mut self, from: &Path, argument: &str, depth: usize) -> Result<(), Trouble> {
        let (name, part) = argument.split_once(':').unwrap_or((argument, ""));
        if depth == DEEPEST {
            return Err(Trouble::Endless(name.to_owned()));
        }
        let no_file = |_| Trouble::NoFile(name.to_owned());
        let file = from.parent().unwrap_or(from).join(name).canonicalize().map_err(no_file)?;
        let source = read(&file).map_err(|_| Trouble::NoFile(name.to_owned()))?;
        let lines = numbered(&source);
        let chosen = if part.is_empty() {
            lines
        } else if part.starts_with(|c: char| c.is_ascii_digit() || c == ':') {
            let (first, last) = range(part, lines.len());
            let chosen = lines.get(first.saturating_sub(1)..last).filter(|some| !some.is_empty());
            let no_lines = || Trouble::NoLines { file: name.to_owned(), lines: lines.len() };
            chosen.ok_or_else(no_lines)?.to_vec()
        } else {
            self.faults.extend(anchors::unbalanced(&file, &source));
            let chosen = anchors::part(&source, part).ok_or_else(|| Trouble::NoAnchor {
                file: name.to_owned(),
                anchor: part.to_owned(),
                known: anchors::opened(&source).map(|(_, name)| name.to_owned()).collect(),
            })?;
            self.parts.push(Part { file: file.clone(), anchor: part.to_owned() });
            chosen
        };
        self.take(&file, &chosen, depth + 1);
        // What follows the include goes on in its last line.
        if !chosen.is_empty() {
            self.text.pop();
            self.ended -= 1;
        }
        Ok(())
    }
}

/// The first include in a line: what stands before it, its argument, and what follows. A `\` before the
/// braces takes their meaning away.
fn include(line: &str) -> Option<(&str, &str, &str)> {
    for (at, _) in line.match_indices("{{") {
        let inside =
            line[at + 2..].trim_start().strip_prefix('#').and_then(|rest| rest.split_once("}}"));
        let Some((directive, after)) = inside.filter(|_| !line[..at].ends_with('\\')) else {
            continue;
        };
        if let Some((kind, argument)) = directive.split_once(char::is_whitespace)
            && matches!(kind, "include" | "rustdoc_include")
        {
            return Some((&line[..at], argument.trim(), after));
        }
    }
    None
}

/// The first and the last line of `a`, `a:`, `:b` or `a:b`, from 1, in a file with so many.
fn range(part: &str, lines: usize) -> (usize, usize) {
    let (first, last) = part.split_once(':').map_or((part, None), |(a, b)| (a, Some(b)));
    let first = first.parse().unwrap_or(1);
    (first, last.map_or(first, |last| last.parse().unwrap_or(lines)))
}

fn numbered(text: &str) -> Vec<(usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_found_anywhere_in_a_line_unless_they_are_escaped() {
        assert_eq!(include("a {{#include b.rs:c}} d"), Some(("a ", "b.rs:c", " d")));
        assert_eq!(
            include(r"\{{#include b.rs}} {{#include c.rs}}"),
            Some((r"\{{#include b.rs}} ", "c.rs", ""))
        );
        assert_eq!(include("{{#timelines a b 3}} {{#exercises}} {{ no end"), None);
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(
            [range("3", 9), range("3:", 9), range(":3", 9), range("2:3", 9)],
            [(3, 3), (3, 9), (1, 3), (2, 3)]
        );
    }
}
