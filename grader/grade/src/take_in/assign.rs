//! Which exercise a file belongs to, by its path:
//!
//! - `<id>/<editable>`, such as `zombies/src/lib.rs` or `exercises/zombies/src/lib.rs`;
//! - `<any>/<editable>` where the same folder holds a `Cargo.toml` or an `exercise.yaml` that names
//!   the exercise.
//!
//! The folder in front may lie at most [`MAX_DEPTH`] deep. The copy nearest to the top counts; two
//! copies at the same depth are refused, because nobody can say which one is meant.

use super::collect::{COURSES_OWN, Collector, MANIFESTS};
use super::{TakenIn, Work};
use forklings_model::{Course, Exercise, Submission};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Most folders in front of an editable file's own path.
const MAX_DEPTH: usize = 4;

/// Sorts a submission's files into exercises and adds the outcome to `taken`.
pub(super) fn assign(
    submission: &Submission,
    mut collected: Collector,
    course: &Course,
    taken: &mut TakenIn,
) {
    collected.close();
    if collected.is_empty() {
        taken.refused.push((submission.clone(), "is empty".to_owned()));
        return;
    }
    let mut chosen: Vec<(&Exercise, PathBuf)> = Vec::new();
    let mut refused = Vec::new();
    for exercise in course.exercises() {
        match choose(exercise, &collected, course) {
            Ok(Some(root)) => chosen.push((exercise, root)),
            Ok(None) => {}
            Err(reason) => refused.push(format!("{}: {reason}", exercise.id)),
        }
    }
    if chosen.is_empty() && refused.is_empty() {
        refused.push(nothing_known(course));
    }
    let mut works: Vec<Work> = chosen
        .iter()
        .map(|(exercise, root)| Work {
            submission: submission.clone(),
            exercise: exercise.id.clone(),
            files: files_of(exercise, root, &collected),
            left_out: Vec::new(),
        })
        .collect();
    let mut left_out = std::mem::take(&mut collected.left_out);
    for path in collected.kept.keys() {
        let used = chosen.iter().any(|(exercise, root)| {
            path.strip_prefix(root).is_ok_and(|inside| exercise.edit.iter().any(|e| e == inside))
        });
        if !used {
            left_out.push((path.clone(), reason(path).to_owned()));
        }
    }
    left_out.sort();
    for (path, reason) in left_out {
        // A file outside all chosen folders is named with the first exercise.
        let owner = chosen.iter().position(|(_, root)| path.starts_with(root)).unwrap_or(0);
        if let Some(work) = works.get_mut(owner) {
            work.left_out.push((path, reason));
        }
    }
    taken.work.extend(works);
    taken.refused.extend(refused.into_iter().map(|reason| (submission.clone(), reason)));
}

/// The folder that holds the exercise, if the submission has it.
fn choose(
    exercise: &Exercise,
    collected: &Collector,
    course: &Course,
) -> Result<Option<PathBuf>, String> {
    let mut roots: Vec<PathBuf> = Vec::new();
    for path in collected.kept.keys().chain(&collected.ambiguous) {
        for edit in &exercise.edit {
            let Some(root) = root(path, edit) else { continue };
            if names(&root, collected, course) == Some(&exercise.id) && !roots.contains(&root) {
                roots.push(root);
            }
        }
    }
    roots.sort_by_key(|root| root.components().count());
    let Some(first) = roots.first() else { return Ok(None) };
    if let Some(second) = roots.get(1)
        && second.components().count() == first.components().count()
    {
        return Err(format!(
            "is there twice, in `{}` and `{}`; hand in one",
            first.display(),
            second.display()
        ));
    }
    for edit in &exercise.edit {
        if collected.ambiguous.contains(&first.join(edit)) {
            return Err(format!(
                "`{}` is there twice, or with a name that differs only in case",
                first.join(edit).display()
            ));
        }
    }
    Ok(Some(first.clone()))
}

/// What lies in front of `edit` in `path`, if that is not too deep.
fn root(path: &Path, edit: &Path) -> Option<PathBuf> {
    if !path.ends_with(edit) {
        return None;
    }
    let depth = path.components().count() - edit.components().count();
    let root: PathBuf = path.components().take(depth).collect();
    (depth <= MAX_DEPTH).then_some(root)
}

/// The exercise that a folder holds: its own name says it, or else a manifest in it.
fn names<'a>(root: &Path, collected: &Collector, course: &'a Course) -> Option<&'a String> {
    let known = |id: &str| course.exercise(id).map(|exercise| &exercise.id);
    if let Some(id) = root.file_name().and_then(|name| known(&name.to_string_lossy())) {
        return Some(id);
    }
    MANIFESTS.iter().find_map(|manifest| {
        let bytes = collected.kept.get(&root.join(manifest))?;
        let text = String::from_utf8_lossy(bytes);
        // A line is enough; a parser would only add ways to fail on a stranger's file.
        text.lines().find_map(|line| {
            let value = line.strip_prefix("name").or_else(|| line.strip_prefix("id"))?;
            known(value.trim_start_matches([' ', '=', ':']).trim().trim_matches(['"', '\'']))
        })
    })
}

fn files_of(exercise: &Exercise, root: &Path, from: &Collector) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = exercise.edit.iter();
    files
        .filter_map(|edit| Some((edit.clone(), from.kept.get(&root.join(edit))?.clone())))
        .collect()
}

/// Why a file that could have mattered was not used.
fn reason(path: &Path) -> &'static str {
    if MANIFESTS.iter().any(|manifest| path.ends_with(manifest)) {
        COURSES_OWN
    } else {
        "not in a folder that names an exercise, or another copy is nearer to the top"
    }
}

fn nothing_known(course: &Course) -> String {
    let looked_for: Vec<String> = course
        .exercises()
        .flat_map(|e| e.edit.iter().map(|edit| format!("{}/{}", e.id, edit.display())))
        .collect();
    format!("holds no exercise of the course; looked for {}", looked_for.join(", "))
}
