//! Proves that what people read leads somewhere: the parts of solutions that the book shows, and the links
//! of READMEs, manifests and the book. No page is rendered for it.

use super::Deviation;
use super::specimen::relative;
use anyhow::Result;
use forklings_course::pages::{Fault, Pages};
use forklings_model::Exercise;
use std::collections::BTreeSet;
use std::path::Path;

/// Pages at the top of the repository.
const AT_THE_TOP: [&str; 2] = ["README.md", "CHANGELOG.md"];

/// Everything about the pages of these exercises that is not as it must be; with `all`, everything about all
/// pages that there are.
pub(super) fn check(root: &Path, exercises: &[&Exercise], all: bool) -> Result<Vec<Deviation>> {
    let mut pages = Pages::read(&root.join("docs"))?;
    if all {
        for page in AT_THE_TOP {
            pages.add(&root.join(page))?;
        }
    }
    let mut faults = if all { pages.faults() } else { BTreeSet::new() };
    for exercise in exercises {
        faults.extend(pages.faults_of(exercise, &root.join("solutions").join(&exercise.id))?);
    }
    Ok(faults.iter().map(|fault| deviation(root, fault)).collect())
}

fn deviation(root: &Path, Fault { place, trouble }: &Fault) -> Deviation {
    let file = relative(root, &place.file);
    let file = place.line.map_or(file.clone(), |line| format!("{file}:{line}"));
    Deviation { file, what: trouble.to_string() }
}
