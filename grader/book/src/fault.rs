//! What can be wrong with a book.

use forklings_course::pages::Trouble;
use std::fmt;
use std::path::PathBuf;

/// Something that leads nowhere or is not as the book says, and the page that holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The page, relative to its folder.
    pub(crate) page: PathBuf,
    /// What is wrong with it.
    pub(crate) kind: Kind,
}

/// The kinds of faults.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An include, link or page that is wrong in the sources.
    Source {
        /// Its line in the page, where it has one.
        line: Option<usize>,
        trouble: Trouble,
    },
    /// A link or image, as written in the rendered page, whose file or anchor does not exist.
    DeadLink(String),
    /// A command of a transcript that prints something else.
    OtherOutput {
        /// Its line in the page.
        line: usize,
        /// The command.
        command: String,
        /// What it prints, and its exit status where that is another one.
        came: String,
    },
    /// A program that the compiler refuses, or one marked `compile_fail` that it does not.
    DoesNotCompile {
        /// Its line in the page.
        line: usize,
    },
    /// A rule's page without one of these sections, or without a program.
    NotARule(String),
    /// A program that does not provoke the rule whose page it stands in.
    ProvokesNothing,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = self.page.display();
        match &self.kind {
            Kind::Source { line: Some(line), trouble } => write!(f, "{page}:{line}: {trouble}"),
            Kind::Source { line: None, trouble } => write!(f, "{page}: {trouble}"),
            Kind::DeadLink(target) => write!(f, "{page}: `{target}` leads nowhere"),
            Kind::OtherOutput { line, command, came } => {
                write!(f, "{page}:{line}: `{command}` prints\n{came}")
            }
            Kind::DoesNotCompile { line } => {
                write!(f, "{page}:{line}: the program does not compile, or does and must not")
            }
            Kind::NotARule(sections) => {
                write!(f, "{page}: it must have a program and the sections {sections}")
            }
            Kind::ProvokesNothing => {
                write!(f, "{page}: `forklings explore` does not find this rule in its program")
            }
        }
    }
}
