//! From manifests to a [`Course`]: every check that serde cannot make, in the order in which an
//! author meets them.

use crate::error::{CourseError, Problem};
use crate::file::ManifestFile;
use crate::manifest::{CourseManifest, ExerciseManifest};
use forklings_model::{Course, Exercise, Hints, Limits, Part, Task};
use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path};

/// Name of the course's manifest, in the folder of the exercises.
const COURSE: &str = "course.yaml";
/// Name of an exercise's manifest, in its own folder.
const EXERCISE: &str = "exercise.yaml";
/// What every exercise has beside its manifest and its editable files.
const GIVEN: [&str; 4] = ["Cargo.toml", "README.md", "src/main.rs", "tests/public.rs"];

/// Reads a course: `course.yaml` and the manifest of every exercise that it names.
///
/// # Errors
/// A file that cannot be read, or the first thing in a manifest that is wrong; also when a folder
/// holds an exercise that the course does not name, or lacks a file that every exercise has.
pub fn load(exercises_dir: &Path) -> Result<Course, CourseError> {
    let file = ManifestFile::read(&exercises_dir.join(COURSE))?;
    let manifest: CourseManifest = file.parse()?;
    not_blank(&file, &manifest.title, "title")?;
    if manifest.parts.is_empty() {
        return Err(file.wrong(Problem::Empty("parts"), "parts", 0));
    }
    let mut named = HashSet::new();
    let mut parts = Vec::new();
    for part in manifest.parts {
        not_blank(&file, &part.title, "title")?;
        let mut exercises = Vec::new();
        for id in part.exercises {
            if !named.insert(id.clone()) {
                return Err(file.wrong(Problem::Twice(id.clone()), &id, 1));
            }
            // An id is checked before it becomes part of a path.
            if !is_id(&id, '-') {
                return Err(file.wrong(Problem::ExerciseId(id.clone()), &id, 0));
            }
            let folder = exercises_dir.join(&id);
            if !folder.join(EXERCISE).is_file() {
                return Err(file.wrong(Problem::NoSuchExercise(id.clone()), &id, 0));
            }
            exercises.push(load_exercise(&folder)?);
            if let Some(missing) = GIVEN.iter().find(|given| !folder.join(given).is_file()) {
                let problem = Problem::FileMissing(missing.into());
                return Err(problem.at(&folder.join(EXERCISE), None));
            }
        }
        parts.push(Part { title: part.title, exercises });
    }
    match unnamed(exercises_dir, &named)? {
        Some(folder) => Err(file.wrong(Problem::NotNamed(folder), "parts", 0)),
        None => Ok(Course { title: manifest.title, parts }),
    }
}

/// Reads one exercise's manifest and checks it against its folder.
///
/// # Errors
/// A manifest that cannot be read, or the first thing in it that is wrong.
pub fn load_exercise(folder: &Path) -> Result<Exercise, CourseError> {
    let file = ManifestFile::read(&folder.join(EXERCISE))?;
    let manifest: ExerciseManifest = file.parse()?;
    let id = &manifest.id;
    if !is_id(id, '-') {
        return Err(file.wrong(Problem::ExerciseId(id.clone()), id, 0));
    }
    if let Some(name) = folder_name(folder).filter(|name| name != id) {
        let problem = Problem::IdIsNotFolder { id: id.clone(), folder: name };
        return Err(file.wrong(problem, id, 0));
    }
    not_blank(&file, &manifest.title, "title")?;
    check_edit(&file, folder, &manifest)?;
    check_tasks(&file, &manifest)?;
    if let Some(page) = manifest.man.iter().find(|page| !is_manual(page)) {
        return Err(file.wrong(Problem::NotManual(page.clone()), page, 0));
    }
    check_limits(&file, manifest.limits)?;
    let tasks = manifest.tasks.into_iter();
    Ok(Exercise {
        id: manifest.id,
        title: manifest.title,
        folder: folder.to_owned(),
        edit: manifest.edit,
        concepts: manifest.concepts,
        man: manifest.man,
        tasks: tasks
            .map(|t| Task { id: t.id, points: t.points.get(), hints: Hints(t.hints) })
            .collect(),
        limits: manifest.limits,
    })
}

fn check_edit(
    file: &ManifestFile,
    folder: &Path,
    manifest: &ExerciseManifest,
) -> Result<(), CourseError> {
    if manifest.edit.is_empty() {
        return Err(file.wrong(Problem::Empty("edit"), "edit", 0));
    }
    let mut seen = HashSet::new();
    for path in &manifest.edit {
        let word = path.to_string_lossy();
        let wrong = |problem, nth| Err(file.wrong(problem, &word, nth));
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || path.as_os_str().is_empty() {
            return wrong(Problem::EditLeaves(path.clone()), 0);
        }
        if !seen.insert(path) {
            return wrong(Problem::Twice(word.to_string()), 1);
        }
        if GIVEN.iter().any(|given| path == Path::new(given)) || path == Path::new(EXERCISE) {
            return wrong(Problem::EditGiven(path.clone()), 0);
        }
        // A symbolic link could lead out of the folder, so links are not followed.
        let is_file = folder.join(path).symlink_metadata().is_ok_and(|meta| meta.is_file());
        if !is_file {
            return wrong(Problem::EditMissing(path.clone()), 0);
        }
    }
    Ok(())
}

fn check_tasks(file: &ManifestFile, manifest: &ExerciseManifest) -> Result<(), CourseError> {
    if manifest.tasks.is_empty() {
        return Err(file.wrong(Problem::Empty("tasks"), "tasks", 0));
    }
    let mut seen = HashSet::new();
    for task in &manifest.tasks {
        if !is_id(&task.id, '_') {
            return Err(file.wrong(Problem::TaskId(task.id.clone()), &task.id, 0));
        }
        if !seen.insert(&task.id) {
            return Err(file.wrong(Problem::Twice(task.id.clone()), &task.id, 1));
        }
        if task.hints.iter().any(|hint| hint.trim().is_empty()) {
            return Err(file.wrong(Problem::Blank("hints"), &task.id, 0));
        }
    }
    Ok(())
}

fn check_limits(file: &ManifestFile, limits: Limits) -> Result<(), CourseError> {
    let Limits { seconds, processes, memory_mib, output_kib } = limits;
    let all = [
        ("seconds", seconds),
        ("processes", processes),
        ("memory_mib", memory_mib),
        ("output_kib", output_kib),
    ];
    match all.into_iter().find(|(_, value)| *value == 0) {
        Some((name, _)) => Err(file.wrong(Problem::ZeroLimit(name), name, 0)),
        None => Ok(()),
    }
}

fn not_blank(file: &ManifestFile, text: &str, key: &'static str) -> Result<(), CourseError> {
    if text.trim().is_empty() { Err(file.wrong(Problem::Blank(key), key, 0)) } else { Ok(()) }
}

/// Whether this names a page of the manual: `wait(2)`.
fn is_manual(page: &str) -> bool {
    let parts = page.strip_suffix(')').and_then(|page| page.split_once('('));
    parts.is_some_and(|(name, section)| {
        !name.is_empty()
            && !name.contains(char::is_whitespace)
            && matches!(section.as_bytes(), [b'1'..=b'8'])
    })
}

/// Whether `id` is a letter followed by lower-case letters, digits and `joint`.
fn is_id(id: &str, joint: char) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint)
}

/// The folder's own name, also when it was given as `.`.
fn folder_name(folder: &Path) -> Option<String> {
    let absolute = folder.canonicalize().ok()?;
    absolute.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The first folder, by name, that looks like an exercise and is not among `named`.
fn unnamed(dir: &Path, named: &HashSet<String>) -> Result<Option<String>, CourseError> {
    let failed = |source| CourseError::Read { file: dir.to_owned(), source };
    let mut folders = BTreeSet::new();
    for entry in dir.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_exercise = path.join(EXERCISE).exists() || path.join("Cargo.toml").exists();
        if let Some(name) = path.file_name().filter(|_| is_exercise) {
            folders.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(folders.into_iter().find(|name| !named.contains(name)))
}
