//! Every sentence about a page that leads nowhere: what is wrong, and what to do about it.

use crate::error::Place;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Something that is wrong with a page, or with a file that it shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{place}: {trouble}")]
pub struct Fault {
    /// Where, by an absolute path.
    pub place: Place,
    /// What, and the remedy.
    pub trouble: Trouble,
}

/// What can be wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Trouble {
    /// A page that must be there is not.
    #[error("there is no such page; write it")]
    NoPage,
    /// The table of contents lacks a page.
    #[error("no line of SUMMARY.md leads here; add one, or remove the page")]
    NotInSummary,
    /// An include of a file that cannot be read.
    #[error("the included file `{0}` does not exist; correct the path")]
    NoFile(String),
    /// An include of a part that the file does not mark.
    #[error(
        "`{file}` has no anchor `{anchor}`; name one that it has ({}), or begin the part with \
         `ANCHOR: {anchor}`",
        list(known)
    )]
    NoAnchor {
        /// The file, as it is written.
        file: String,
        /// The part's name.
        anchor: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// An include of lines that the file does not have.
    #[error("`{file}` has {lines} lines, so not those that are included; correct the numbers")]
    NoLines {
        /// The file, as it is written.
        file: String,
        /// How many it has.
        lines: usize,
    },
    /// Files that include each other.
    #[error("`{0}` includes itself; remove one of the includes")]
    Endless(String),
    /// An anchor without an end.
    #[error("the anchor `{0}` is not closed; write `ANCHOR_END: {0}` behind the part")]
    NotClosed(String),
    /// An end without an anchor.
    #[error("the anchor `{0}` is closed and was not open; write `ANCHOR: {0}` before the part")]
    NotOpened(String),
    /// Two anchors of one name.
    #[error("the anchor `{0}` is there twice, and a page gets the first; rename one of them")]
    OpenedTwice(String),
    /// A part of a solution that no page includes.
    #[error("no page of the book includes the part `{0}`; include it, or remove its anchors")]
    NotShown(String),
    /// A link to a file that does not exist.
    #[error("the link `{0}` leads to no file; correct the path, which is relative to this file")]
    DeadLink(String),
    /// A link from the book to what is not in it, or out of the repository.
    #[error(
        "the link `{0}` leads out of the book or the repository, which a reader may have alone; \
         link to a page inside, or to an address"
    )]
    Leaves(String),
    /// A link whose fragment is the id of no heading.
    #[error("the link `{0}` names no heading there; correct what follows `#`")]
    NoHeading(String),
    /// A link that leads somewhere where it is written, but not where it is read.
    #[error(
        "the link `{target}` leads nowhere from {}, which includes it; link to an address, or name \
         the page without a link", page.display()
    )]
    DeadWhereIncluded {
        /// The link, as it is written.
        target: String,
        /// The page.
        page: PathBuf,
    },
    /// Code that looks like a command for a page of the manual.
    #[error("`{0}` opens no page of the manual; write `man SECTION NAME`, as in `man 2 wait`")]
    NoManual(String),
}

impl Trouble {
    /// The trouble at a line of a file.
    pub(super) fn at(self, file: &Path, line: Option<usize>) -> Fault {
        Fault { place: Place { file: file.to_owned(), line }, trouble: self }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
