//! Checks the pages that people read: that every part of a file which a page includes is there, that every
//! anchor of a solution is closed and shown in the book, and that every link leads to a file and its
//! fragment to a heading. It reads Markdown and comments; what mdBook draws of them it does not know.

mod anchors;
mod fault;
mod markdown;
mod text;

pub use fault::{Fault, Trouble};

use crate::error::CourseError;
use forklings_model::Exercise;
use markdown::{Content, Link};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use text::Text;

/// The table of contents, in the folder of the book.
const SUMMARY: &str = "SUMMARY.md";

/// The pages of the book, and others that stand around it.
#[derive(Debug)]
pub struct Pages {
    /// The folder of the book.
    docs: PathBuf,
    /// The folder around it: no link leads out of it.
    root: PathBuf,
    /// By their absolute paths.
    pages: BTreeMap<PathBuf, Page>,
}

/// A page, with all that it includes put in.
#[derive(Debug)]
struct Page {
    text: Text,
    content: Content,
}

impl Page {
    fn new(text: Text) -> Self {
        Self { content: markdown::read(text.as_str()), text }
    }
}

impl Pages {
    /// Reads every Markdown file of the book in `docs`, and what they include.
    ///
    /// # Errors
    /// A file or folder that cannot be read.
    pub fn read(docs: &Path) -> Result<Self, CourseError> {
        let docs = absolute(docs)?;
        let root = docs.parent().unwrap_or(&docs).to_owned();
        let mut pages = BTreeMap::new();
        // `book` is where the rendered pages go.
        for path in files(&docs, "md", "book")? {
            pages.insert(path.clone(), Page::new(Text::read(&path)?));
        }
        Ok(Self { docs, root, pages })
    }

    /// Adds a Markdown file that is no page of the book.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn add(&mut self, path: &Path) -> Result<(), CourseError> {
        let path = absolute(path)?;
        let page = Page::new(Text::read(&path)?);
        self.pages.insert(path, page);
        Ok(())
    }

    /// The pages of the book but its table of contents, relative to it, in alphabetical order.
    pub fn of_the_book(&self) -> impl Iterator<Item = &Path> {
        let inside = self.pages.keys().filter_map(|path| path.strip_prefix(&self.docs).ok());
        inside.filter(|path| *path != Path::new(SUMMARY))
    }

    /// What is wrong with all of these pages.
    pub fn faults(&self) -> BTreeSet<Fault> {
        let wrong = self.pages.iter().flat_map(|(path, page)| self.wrong(path, page));
        self.unlisted().into_iter().chain(wrong).collect()
    }

    /// What is wrong with the pages of one exercise: its README, its chapter, its manifest, and the anchors
    /// in the folder of its solution.
    ///
    /// # Errors
    /// A file or folder that cannot be read.
    pub fn faults_of(
        &self,
        exercise: &Exercise,
        solution: &Path,
    ) -> Result<BTreeSet<Fault>, CourseError> {
        let mut faults = BTreeSet::new();
        let chapter = self.docs.join("exercises").join(format!("{}.md", exercise.id));
        match self.pages.get(&chapter) {
            Some(page) => faults.extend(self.wrong(&chapter, page)),
            None => faults.extend([Trouble::NoPage.at(&chapter, None)]),
        }
        let readme = absolute(&exercise.folder.join("README.md"))?;
        faults.extend(self.wrong(&readme, &Page::new(Text::read(&readme)?)));
        let manifest = absolute(&exercise.folder.join("exercise.yaml"))?;
        let text = read(&manifest)?;
        let links = text.lines().enumerate().flat_map(|(n, line)| {
            markdown::read(line.trim_start()).links.into_iter().map(move |link| (n + 1, link))
        });
        faults.extend(links.filter_map(|(line, link)| {
            Some(self.trouble(&manifest, &link.target)?.at(&manifest, Some(line)))
        }));
        for path in files(&absolute(solution)?, "rs", "target")? {
            let text = read(&path)?;
            faults.extend(anchors::unbalanced(&path, &text));
            let unseen = anchors::opened(&text).filter(|(_, name)| !self.shows(&path, name));
            faults.extend(
                unseen.map(|(line, name)| Trouble::NotShown(name.into()).at(&path, Some(line))),
            );
        }
        Ok(faults)
    }

    /// Whether a page of the book includes this part of a file.
    fn shows(&self, file: &Path, anchor: &str) -> bool {
        let mut parts = self.book().flat_map(|(_, page)| page.text.parts());
        parts.any(|part| part.file == file && part.anchor == anchor)
    }

    fn book(&self) -> impl Iterator<Item = (&PathBuf, &Page)> {
        self.pages.iter().filter(|(path, _)| path.starts_with(&self.docs))
    }

    /// Pages of the book that no reader comes to.
    fn unlisted(&self) -> Vec<Fault> {
        let summary = self.docs.join(SUMMARY);
        let Some(table) = self.pages.get(&summary) else {
            return vec![Trouble::NoPage.at(&summary, None)];
        };
        let links = table.content.links.iter();
        let listed: BTreeSet<PathBuf> =
            links.filter_map(|link| self.docs.join(&link.target).canonicalize().ok()).collect();
        let unlisted = self.book().filter(|(path, _)| **path != summary && !listed.contains(*path));
        unlisted.map(|(path, _)| Trouble::NotInSummary.at(path, None)).collect()
    }

    /// What is wrong with a page: its includes, its links, its references to the manual.
    fn wrong(&self, path: &Path, page: &Page) -> Vec<Fault> {
        let Page { text, content } = page;
        let mut faults = text.faults().to_vec();
        faults.extend(content.links.iter().filter_map(|link| self.dead(path, text, link)));
        faults.extend(content.no_manual.iter().map(|(said, at)| {
            let place = text.place(*at);
            Fault { place, trouble: Trouble::NoManual(said.clone()) }
        }));
        faults
    }

    /// The fault of a link. It must lead somewhere from the file in which it is written, for who reads that,
    /// and from the page that includes it.
    fn dead(&self, path: &Path, text: &Text, link: &Link) -> Option<Fault> {
        let place = text.place(link.at);
        let included = || {
            self.trouble(path, &link.target)?;
            let page = path.strip_prefix(&self.root).unwrap_or(path).to_owned();
            Some(Trouble::DeadWhereIncluded { target: link.target.clone(), page })
        };
        let trouble = self.trouble(&place.file, &link.target).or_else(included)?;
        Some(Fault { place, trouble })
    }

    /// Why a link in a file leads nowhere. Other sites are not asked.
    fn trouble(&self, from: &Path, target: &str) -> Option<Trouble> {
        if markdown::is_address(target) {
            return None;
        }
        let said = target.to_owned();
        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
        let to = match file {
            "" => from.to_owned(),
            _ => match from.parent().unwrap_or(from).join(file).canonicalize() {
                Ok(to) => to,
                Err(_) => return Some(Trouble::DeadLink(said)),
            },
        };
        let within = if from.starts_with(&self.docs) { &self.docs } else { &self.root };
        if !to.starts_with(within) {
            return Some(Trouble::Leaves(said));
        }
        let leads = fragment.is_empty()
            || match self.pages.get(&to) {
                Some(page) => page.content.ids.contains(fragment),
                None => Text::read(&to)
                    .is_ok_and(|text| markdown::read(text.as_str()).ids.contains(fragment)),
            };
        (!leads).then_some(Trouble::NoHeading(said))
    }
}

/// Every file below `folder` with this ending, in alphabetical order, but for those in a folder called
/// `without`.
fn files(folder: &Path, ending: &str, without: &str) -> Result<Vec<PathBuf>, CourseError> {
    let failed = |source| CourseError::Read { file: folder.to_owned(), source };
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            if entry.file_name() != without {
                all.extend(files(&path, ending, without)?);
            }
        } else if path.extension().is_some_and(|extension| extension == ending) {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

fn read(path: &Path) -> Result<String, CourseError> {
    fs::read_to_string(path).map_err(|source| CourseError::Read { file: path.to_owned(), source })
}

fn absolute(path: &Path) -> Result<PathBuf, CourseError> {
    path.canonicalize().map_err(|source| CourseError::Read { file: path.to_owned(), source })
}
