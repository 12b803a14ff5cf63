//! Every sentence about a broken course: what is wrong, where, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A course that cannot be used as it stands.
#[derive(Debug, Error)]
pub enum CourseError {
    /// A file or folder could not be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A manifest says something wrong.
    #[error("{place}: {problem}")]
    Manifest {
        /// Where.
        place: Place,
        /// What, and the remedy.
        problem: Problem,
    },
}

/// A file, and a line in it where one can be named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a manifest. The sentence ends with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The file is larger than any manifest needs to be.
    #[error("is larger than {limit} bytes; a manifest needs a few hundred, so check what is in it")]
    TooLarge {
        /// The cap in bytes.
        limit: u64,
    },
    /// The file is not text.
    #[error("is not UTF-8 text; save it as UTF-8")]
    NotUtf8,
    /// It is not YAML, or not of the expected form.
    #[error("{0}; the format is described in the book under \"Writing an exercise\"")]
    Form(String),
    /// An exercise's id cannot be a package's name.
    #[error(
        "`{0}` cannot be the id of an exercise; use lower-case letters, digits and `-`, a letter first"
    )]
    ExerciseId(String),
    /// A task's id cannot be a module's name.
    #[error(
        "`{0}` cannot be the id of a task; use lower-case letters, digits and `_`, a letter first"
    )]
    TaskId(String),
    /// The id and the folder differ.
    #[error("the id is `{id}` but the folder is called `{folder}`; make them the same")]
    IdIsNotFolder {
        /// The id in the manifest.
        id: String,
        /// The folder's name.
        folder: String,
    },
    /// An id is used twice.
    #[error("`{0}` is there twice; rename or remove one of them")]
    Twice(String),
    /// There is nothing in a list that needs something.
    #[error("`{0}` is empty; name at least one")]
    Empty(&'static str),
    /// A text that must say something is blank.
    #[error("`{0}` is blank; write what it should say")]
    Blank(&'static str),
    /// Something in `man` that is no page of the manual.
    #[error("`{0}` is no page of the manual; write its name and section, as in `wait(2)`")]
    NotManual(String),
    /// A limit is 0.
    #[error("the limit `{0}` is 0, so nothing could run; give a positive number")]
    ZeroLimit(&'static str),
    /// An editable file lies outside the exercise.
    #[error("`{}` leaves the exercise's folder; name a file inside it, relative to it", .0.display())]
    EditLeaves(PathBuf),
    /// An editable file does not exist.
    #[error("`{}` does not exist or is not a regular file; create it or correct the path", .0.display())]
    EditMissing(PathBuf),
    /// The given driver or the public tests cannot be edited.
    #[error("`{}` is given and may not be edited by students; remove it from `edit`", .0.display())]
    EditGiven(PathBuf),
    /// The course names an exercise without a folder or manifest.
    #[error("`{0}` has no `{0}/exercise.yaml`; create the exercise or remove the name")]
    NoSuchExercise(String),
    /// A folder holds an exercise that the course does not name.
    #[error("the folder `{0}` is not named in any part; add it to one, or move the folder away")]
    NotNamed(String),
    /// A file that every exercise has is missing.
    #[error("the exercise has no `{}`; create it", .0.display())]
    FileMissing(PathBuf),
}

impl Problem {
    /// The problem at a line of a file.
    pub(crate) fn at(self, file: &Path, line: Option<usize>) -> CourseError {
        CourseError::Manifest { place: Place { file: file.to_owned(), line }, problem: self }
    }
}
