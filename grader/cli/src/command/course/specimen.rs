//! Programs of the course whose verdict is known beforehand: the stub, the solution, other right
//! programs, and mutants.

use super::Deviation;
use anyhow::{Context, Result};
use forklings_model::{Exercise, Rule};
use std::fs;
use std::path::{Path, PathBuf};

/// Wrong programs that an exercise has at least.
const MUTANTS: usize = 6;
/// Right programs, dissimilar to the solution, that an exercise has at least.
const VARIANTS: usize = 3;

/// A program with a known verdict.
#[derive(Debug)]
pub(super) struct Specimen {
    /// Its name as a submission.
    pub(super) name: String,
    /// The exercise's id.
    pub(super) exercise: String,
    /// What it must get.
    pub(super) kind: Kind,
    /// Where it lies, relative to the repository: what a deviation names.
    pub(super) file: String,
    /// Its sources by their place in the exercise.
    sources: Vec<(PathBuf, PathBuf)>,
}

/// What a specimen must get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Stops at its TODO in every test.
    Stub,
    /// Passes.
    Solution,
    /// Passes.
    Variant,
    /// Is caught under this rule.
    Mutant(Rule),
}

/// Every specimen of an exercise. What is missing or cannot be read goes to `deviations`.
pub(super) fn collect(
    root: &Path,
    exercise: &Exercise,
    deviations: &mut Vec<Deviation>,
) -> Result<Vec<Specimen>> {
    let id = &exercise.id;
    let whole = |name: &str, kind, folder: PathBuf| Specimen {
        name: format!("{id}.{name}"),
        exercise: id.clone(),
        kind,
        file: relative(root, &folder),
        sources: exercise.edit.iter().map(|file| (file.clone(), folder.join(file))).collect(),
    };
    let mut all = vec![
        whole("stub", Kind::Stub, exercise.folder.clone()),
        whole("solution", Kind::Solution, root.join("solutions").join(id)),
    ];
    let mutants = root.join("grader/mutants").join(id);
    let mut add = |prefix: &str, path: PathBuf, kind| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        all.push(Specimen {
            name: format!("{id}.{prefix}{stem}"),
            exercise: id.clone(),
            kind,
            file: relative(root, &path),
            sources: vec![(exercise.edit[0].clone(), path)],
        });
    };
    let mut count = 0;
    for path in programs(&mutants.join("correct"))? {
        add("correct.", path, Kind::Variant);
        count += 1;
    }
    let mut few = |file: &Path, count: usize, least: usize, what: &str| {
        if count < least {
            let what = format!("{count} {what}; every exercise has at least {least}");
            deviations.push(Deviation { file: relative(root, file), what });
        }
    };
    few(&mutants.join("correct"), count, VARIANTS, "correct variants");
    let paths = programs(&mutants)?;
    few(&mutants, paths.len(), MUTANTS, "mutants");
    for path in paths {
        match expected(&path)? {
            Some(rule) => add("", path, Kind::Mutant(rule)),
            None => deviations.push(Deviation {
                file: relative(root, &path),
                what: "the first line must be `//! expect: <rule>`, with a rule's name".to_owned(),
            }),
        }
    }
    let hidden = root.join("grader/hidden").join(id).join("main.rs");
    if !hidden.is_file() {
        let what = "the exercise has no hidden suite".to_owned();
        deviations.push(Deviation { file: relative(root, &hidden), what });
    }
    Ok(all)
}

impl Specimen {
    /// Its name within its exercise.
    pub(super) fn program(&self) -> &str {
        self.name.strip_prefix(&self.exercise).map_or("", |name| name.trim_start_matches('.'))
    }

    /// The task that a mutant's name begins with: the one its mistake is in.
    pub(super) fn task<'a>(&self, exercise: &'a Exercise) -> Option<&'a str> {
        let Kind::Mutant(_) = self.kind else { return None };
        let stem = self.program();
        let tasks = exercise.tasks.iter().map(|task| task.id.as_str());
        tasks.filter(|task| stem.starts_with(*task)).max_by_key(|task| task.len())
    }

    /// Puts it into a folder of submissions.
    pub(super) fn hand_in(&self, class: &Path, exercise: &Exercise) -> Result<()> {
        let home = class.join(&self.name).join(&exercise.id);
        for (place, source) in &self.sources {
            let to = home.join(place);
            let failed = || format!("cannot copy {} to {}", source.display(), to.display());
            fs::create_dir_all(to.parent().unwrap_or(&home)).with_context(failed)?;
            fs::copy(source, &to).with_context(failed)?;
        }
        Ok(())
    }
}

/// The Rust files in a folder, by name; none where there is no folder.
fn programs(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = || format!("cannot read {}", folder.display());
    let mut paths = Vec::new();
    for entry in folder.read_dir().with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The rule in a mutant's first line.
fn expected(path: &Path) -> Result<Option<Rule>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let first = text.lines().next().unwrap_or_default();
    Ok(first.strip_prefix("//! expect: ").and_then(|rule| rule.trim().parse().ok()))
}

/// A path as a deviation names it.
pub(super) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
