//! Checks the Markdown sources: includes, links and the table of contents as `forklings course check` does,
//! and that the page of a rule says all that it must.

use crate::fault::{Fault, Kind};
use crate::rules;
use anyhow::{Context, Result};
use forklings_course::pages::Pages;
use std::fs;
use std::path::{Path, PathBuf};

/// Names every fault of the Markdown files in `docs`.
pub(crate) fn check(docs: &Path) -> Result<Vec<Fault>> {
    let pages = Pages::read(docs)?;
    let relative = |path: &Path| path.strip_prefix(docs).unwrap_or(path).to_owned();
    let faults = pages.faults().into_iter().map(|fault| Fault {
        page: relative(&fault.place.file),
        kind: Kind::Source { line: fault.place.line, trouble: fault.trouble },
    });
    let mut faults: Vec<Fault> = faults.collect();
    for page in pages.of_the_book() {
        faults.extend(rules::check(page, &read(&docs.join(page))?));
    }
    Ok(faults)
}

/// The Markdown files in `docs`, but the table of contents, in alphabetical order and relative to it.
pub(crate) fn pages(docs: &Path) -> Result<Vec<PathBuf>> {
    Ok(Pages::read(docs)?.of_the_book().map(Path::to_owned).collect())
}

/// Reads a page.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
