//! Reads one manifest as text, within a cap, and finds the line of a word in it. The cap is
//! there because the YAML parser needs seconds for 100 kB of brackets.

use crate::error::{CourseError, Problem};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest manifest that is read, in bytes.
const MAX_BYTES: u64 = 100_000;

/// The text of a manifest, with its path for messages.
pub(crate) struct ManifestFile {
    pub(crate) path: PathBuf,
    text: String,
}

impl ManifestFile {
    pub(crate) fn read(path: &Path) -> Result<Self, CourseError> {
        let failed = |source| CourseError::Read { file: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Problem::TooLarge { limit: MAX_BYTES }.at(path, None));
        }
        let text = String::from_utf8(bytes).map_err(|_| Problem::NotUtf8.at(path, None))?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// The manifest's content.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, CourseError> {
        serde_yaml::from_str(&self.text).map_err(|error| {
            let line = error.location().map(|place| place.line());
            // The parser appends its own "at line … column …"; the place is named in front.
            let text = error.to_string();
            let text = text.split(" at line ").next().unwrap_or(&text);
            Problem::Form(text.to_owned()).at(&self.path, line)
        })
    }

    /// The problem at the line of the `nth` (from 0) mention of `word`.
    pub(crate) fn wrong(&self, problem: Problem, word: &str, nth: usize) -> CourseError {
        problem.at(&self.path, self.line_of(word, nth))
    }

    /// The line, from 1, of the `nth` (from 0) mention of `word` as a whole word outside comments.
    fn line_of(&self, word: &str, nth: usize) -> Option<usize> {
        let within = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
        let mentions = |line: &str| {
            let line = line.split(" #").next().unwrap_or(line);
            let whole = |&(at, _): &(usize, &str)| {
                let before = line[..at].chars().next_back();
                let after = line[at + word.len()..].chars().next();
                !before.is_some_and(within) && !after.is_some_and(within)
            };
            line.match_indices(word).filter(whole).count()
        };
        let lines = self.text.lines().enumerate();
        lines.flat_map(|(n, line)| std::iter::repeat_n(n + 1, mentions(line))).nth(nth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ManifestFile {
        ManifestFile { path: "x.yaml".into(), text: text.into() }
    }

    #[test]
    fn a_word_is_found_whole_and_outside_comments() {
        let file = text("a: zombies-2 # zombies\nb: [zombies, zombies]\nc: zombies\n");
        assert_eq!(file.line_of("zombies", 0), Some(2));
        assert_eq!(file.line_of("zombies", 1), Some(2));
        assert_eq!(file.line_of("zombies", 2), Some(3));
        assert_eq!(file.line_of("zombies", 3), None);
    }
}
