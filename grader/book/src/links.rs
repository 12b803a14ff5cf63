//! Checks the rendered pages: every link to a page, anchor or image inside the book leads there.
//! Links to other sites are not followed, so that the check needs no network.

use crate::fault::{Fault, Kind};
use anyhow::{Context, Result};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Pages that mdBook makes of the others; what is wrong in them is wrong elsewhere.
const DERIVED: [&str; 3] = ["print.html", "toc.html", "404.html"];

/// Names every dead link of the pages in `book`.
pub(crate) fn check(book: &Path) -> Result<Vec<Fault>> {
    let mut pages = BTreeMap::new();
    read_pages(book, Path::new(""), &mut pages)?;
    let mut faults = Vec::new();
    for (path, page) in &pages {
        for link in &page.links {
            if !leads_somewhere(book, &pages, path, link) {
                faults.push(Fault { page: path.clone(), kind: Kind::DeadLink(link.clone()) });
            }
        }
    }
    Ok(faults)
}

/// What a page offers and what it asks for.
#[derive(Default)]
struct Page {
    ids: BTreeSet<String>,
    links: BTreeSet<String>,
}

fn read_pages(book: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<()> {
    let here = book.join(folder);
    let entries =
        std::fs::read_dir(&here).with_context(|| format!("cannot list {}", here.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            // Pages of an earlier build beside the sources: a build to another folder copies them.
            if path != Path::new("book") {
                read_pages(book, &path, pages)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "html")
            && !DERIVED.iter().any(|derived| path == Path::new(derived))
        {
            let html = std::fs::read_to_string(book.join(&path))
                .with_context(|| format!("cannot read {}", path.display()))?;
            pages.insert(path, read_page(&html));
        }
    }
    Ok(())
}

fn leads_somewhere(book: &Path, pages: &BTreeMap<PathBuf, Page>, from: &Path, link: &str) -> bool {
    if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
        return true;
    }
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = if target.is_empty() {
        from.to_owned()
    } else {
        let folder = from.parent().unwrap_or(Path::new(""));
        match inside(&folder.join(target)) {
            Some(path) => path,
            None => return false,
        }
    };
    let path = if book.join(&path).is_dir() { path.join("index.html") } else { path };
    match pages.get(&path) {
        Some(page) => anchor.is_empty() || page.ids.contains(anchor),
        None => anchor.is_empty() && book.join(&path).is_file(),
    }
}

/// The path without `.` and `..`, or nothing if it leads out of the book.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !inside.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(inside)
}

/// Collects a page's ids and links.
fn read_page(html: &str) -> Page {
    let tokenizer = Tokenizer::new(Collector::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // The collector never asks for a script to be run, so one call takes all.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

/// Takes ids and links from the tags as they come.
#[derive(Default)]
struct Collector(RefCell<Page>);

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(Tag { kind: TagKind::StartTag, name, attrs, .. }) = token else {
            return TokenSinkResult::Continue;
        };
        let mut page = self.0.borrow_mut();
        for attribute in attrs {
            let value = attribute.value.to_string();
            match &*attribute.name.local {
                "id" | "name" => page.ids.insert(value),
                "href" | "src" if !value.is_empty() => page.links.insert(value),
                _ => false,
            };
        }
        match &*name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            _ => TokenSinkResult::Continue,
        }
    }
}
