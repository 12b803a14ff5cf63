//! Checks the Markdown sources: every included file and part exists, every page is in the table of
//! contents, and the page of a rule says all that it must. mdBook itself is silent about a part that
//! does not exist.

use crate::fault::{Fault, Kind};
use crate::rules;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Names every fault of the Markdown files in `docs`.
pub(crate) fn check(docs: &Path) -> Result<Vec<Fault>> {
    let summary = read(&docs.join("SUMMARY.md"))?;
    let mut faults = Vec::new();
    for page in pages(docs)? {
        if !summary.contains(&format!("({})", page.display())) {
            faults.push(Fault { page: page.clone(), kind: Kind::NotInSummary });
        }
        let text = read(&docs.join(&page))?;
        faults.extend(rules::check(&page, &text));
        let folder = docs.join(&page).parent().map(Path::to_path_buf).unwrap_or_default();
        for kind in includes(&text).filter_map(|include| missing(&folder, include)) {
            faults.push(Fault { page: page.clone(), kind });
        }
    }
    Ok(faults)
}

/// The Markdown files in `docs`, but the table of contents, in alphabetical order and relative to it.
pub(crate) fn pages(docs: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    list_pages(docs, Path::new(""), &mut pages)?;
    pages.retain(|page| page != Path::new("SUMMARY.md"));
    pages.sort();
    Ok(pages)
}

fn list_pages(docs: &Path, folder: &Path, pages: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(docs.join(folder)).context("cannot list the pages")? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            // `book` is where the rendered pages go.
            if path != Path::new("book") {
                list_pages(docs, &path, pages)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

/// The arguments of all `{{#include …}}` and `{{#rustdoc_include …}}` in a page.
fn includes(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{#").skip(1).filter_map(|rest| {
        let (directive, _) = rest.split_once("}}")?;
        let (name, argument) = directive.split_once(char::is_whitespace)?;
        matches!(name, "include" | "rustdoc_include").then_some(argument.trim())
    })
}

/// What an include asks for and does not get. Line numbers are mdBook's to check.
fn missing(folder: &Path, include: &str) -> Option<Kind> {
    let (file, part) = include.split_once(':').unwrap_or((include, ""));
    let Ok(text) = fs::read_to_string(folder.join(file)) else {
        return Some(Kind::NoFile(file.to_owned()));
    };
    if part.is_empty() || part.starts_with(|c: char| c.is_ascii_digit() || c == ':') {
        return None;
    }
    let marked = |mark: &str| {
        text.lines().any(|line| line.split_once(mark).is_some_and(|(_, name)| name.trim() == part))
    };
    if marked("ANCHOR: ") && marked("ANCHOR_END: ") {
        return None;
    }
    Some(Kind::NoAnchor { file: file.to_owned(), anchor: part.to_owned() })
}

/// Reads a page.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
