//! What can be wrong with a book.

use std::fmt;
use std::path::PathBuf;

/// Something that leads nowhere, and the page that holds it.
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
    /// A link or image, as written in the rendered page, whose file or anchor does not exist.
    DeadLink(String),
    /// An include of a file that does not exist.
    NoFile(String),
    /// An include of a part that the file does not mark.
    NoAnchor {
        /// The file.
        file: String,
        /// The part's name.
        anchor: String,
    },
    /// A page that the table of contents does not have.
    NotInSummary,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.page.display())?;
        match &self.kind {
            Kind::DeadLink(target) => write!(f, "`{target}` leads nowhere"),
            Kind::NoFile(file) => write!(f, "the included file `{file}` does not exist"),
            Kind::NoAnchor { file, anchor } => write!(f, "`{file}` has no anchor `{anchor}`"),
            Kind::NotInSummary => f.write_str("no line of SUMMARY.md leads here"),
        }
    }
}
