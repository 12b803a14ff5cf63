//! What is built once before any submission: the suites, public and hidden, and the dependencies
//! that submissions link to. One cargo call, and one more where there are models, outside the
//! sandbox: all of it is the course's own code.

mod artifacts;
mod misuse;
pub(crate) mod models;
mod packages;

use crate::error::GradeError;
use artifacts::Artifacts;
use forklings_model::{Course, Exercise};
pub use misuse::{Misuse, Misuses};
pub use models::Models;
use packages::Packages;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Package of the hidden suites.
const HIDDEN: &str = "forklings-hidden";
/// Package of the program that calls cargo here.
const PROGRAM: &str = "forklings";
/// Target of an exercise's visible tests.
const PUBLIC: &str = "public";
/// Most bytes of cargo's messages that an error repeats.
const MESSAGES: usize = 4000;

/// The built suites and dependencies.
#[derive(Debug)]
pub struct Prebuilt {
    /// For each exercise that can be graded, by its id.
    pub exercises: BTreeMap<String, Prepared>,
    /// The folder with the libraries that submissions link to, and nothing else.
    pub libraries: PathBuf,
}

/// What grading one exercise needs.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Suite programs in the order in which they run: public, then hidden.
    pub suites: Vec<PathBuf>,
    /// Dependencies as rustc names them: crate name and file in [`Prebuilt::libraries`].
    pub externs: Vec<(String, PathBuf)>,
    /// The edition of the exercise's package.
    pub edition: String,
    /// What must not compile with a submission.
    pub misuses: Option<Misuses>,
    /// What the model checker tries.
    pub models: Option<Models>,
    /// Hash of everything but the submission that its result depends on.
    pub recipe: String,
}

/// What is to be done after a crate was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Go on.
    GoOn,
    /// Stop: the run was cancelled.
    Stop,
}

/// Builds the suites of `wanted` exercises and gathers what submissions link to in `libraries`.
/// `heard` is told each crate that is built. `salt` goes into every recipe.
///
/// # Errors
/// The course does not build, cargo cannot be run, or the files cannot be gathered; `Interrupted`
/// when `heard` says so.
pub fn prebuild(
    repository: &Path,
    course: &Course,
    wanted: &[&str],
    libraries: PathBuf,
    salt: &str,
    heard: &mut dyn FnMut(&str) -> Heard,
) -> Result<Prebuilt, GradeError> {
    let packages = Packages::read(repository)?;
    let artifacts = build(repository, &packages, wanted, heard)?;
    fs::create_dir_all(&libraries).map_err(GradeError::write(&libraries))?;
    for library in artifacts.libraries() {
        gather(library, &libraries)?;
    }
    let mut exercises = BTreeMap::new();
    let hidden = |id: &str| repository.join("grader/hidden").join(id);
    let mut models = BTreeMap::new();
    for id in wanted {
        models.extend(Models::find(&hidden(id))?.map(|found| (*id, found)));
    }
    let modelled: Vec<&str> = models.keys().copied().collect();
    if !modelled.is_empty() {
        let artifacts = models::build(repository, &packages.target, &modelled, heard)?;
        for library in artifacts.libraries() {
            gather(library, &libraries)?;
        }
        for (id, models) in &mut models {
            let names = models::dependencies(packages.get(id)?);
            models.externs = externs(names, &artifacts, &libraries)?;
        }
    }
    for exercise in course.exercises().filter(|e| wanted.contains(&e.id.as_str())) {
        let package = packages.get(&exercise.id)?;
        let mut suites = vec![artifacts.suite(&exercise.id, PUBLIC)?];
        if packages.has_test(HIDDEN, &exercise.id) {
            suites.push(artifacts.suite(HIDDEN, &exercise.id)?);
        }
        let mut prepared = Prepared {
            suites,
            externs: externs(package.dependencies.iter(), &artifacts, &libraries)?,
            edition: package.edition.clone(),
            misuses: Misuses::read(&hidden(&exercise.id), exercise)?,
            models: models.remove(exercise.id.as_str()),
            recipe: String::new(),
        };
        prepared.recipe = recipe(exercise, &prepared, salt)?;
        exercises.insert(exercise.id.clone(), prepared);
    }
    Ok(Prebuilt { exercises, libraries })
}

/// Dependencies as rustc names them, where a driver finds them: of our own libraries only those that it
/// names are there.
fn externs<'a>(
    names: impl Iterator<Item = &'a String>,
    artifacts: &Artifacts,
    libraries: &Path,
) -> Result<Vec<(String, PathBuf)>, GradeError> {
    let file = |name: &String| {
        let file = artifacts.library(name)?;
        gather(file, libraries)?;
        Ok((name.clone(), libraries.join(file.file_name().unwrap_or_default())))
    };
    names.map(file).collect()
}

/// The cargo call for suites and dependencies. It shares the target folder and the profile of the program that calls it: most
/// of what suites need was built with that program.
fn build(
    repository: &Path,
    packages: &Packages,
    wanted: &[&str],
    heard: &mut dyn FnMut(&str) -> Heard,
) -> Result<Artifacts, GradeError> {
    let mut command = Command::new(cargo());
    command.current_dir(repository).args(["test", "--no-run", "--message-format=json"]);
    command.arg("--target-dir").arg(&packages.target);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.args(["--test", PUBLIC]);
    // Cargo unites the features of the packages it is given: without that program's the tracer and all it
    // stands on would be built once more.
    if packages.has(PROGRAM) {
        command.args(["-p", PROGRAM]);
    }
    for id in wanted {
        command.args(["-p", id]);
    }
    let hidden: Vec<_> = wanted.iter().filter(|id| packages.has_test(HIDDEN, id)).collect();
    if !hidden.is_empty() {
        command.args(["-p", HIDDEN]);
        for id in hidden {
            command.args(["--test", id]);
        }
    }
    run(command, heard)
}

/// Runs cargo, and reads what it built.
fn run(
    mut command: Command,
    heard: &mut dyn FnMut(&str) -> Heard,
) -> Result<Artifacts, GradeError> {
    let started = |source| GradeError::Start { program: cargo().into(), source };
    // Standard error goes to a file: a full pipe that nobody reads would stop cargo.
    let mut stderr = tempfile::tempfile().map_err(started)?;
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(stderr.try_clone().map_err(started)?);
    let mut child = command.spawn().map_err(started)?;
    let mut messages = Vec::new();
    let mut stopped = false;
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(|out| out.split(b'\n'))
    {
        let mut line = line.map_err(started)?;
        if let Some(name) = artifacts::built(&line)
            && heard(&name) == Heard::Stop
        {
            stopped = true;
            drop(child.kill());
        }
        messages.append(&mut line);
        messages.push(b'\n');
    }
    let status = child.wait().map_err(started)?;
    if stopped {
        return Err(GradeError::Interrupted);
    }
    if !status.success() {
        let mut said = String::new();
        stderr.rewind().and_then(|()| stderr.read_to_string(&mut said)).map_err(started)?;
        return Err(GradeError::Prebuild { reason: shorten(&messages, &said) });
    }
    Artifacts::read(&messages)
}

/// The cargo that runs us, or the one in PATH.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What cargo and the compiler had to say, from the first error on.
fn shorten(messages: &[u8], stderr: &str) -> String {
    let mut text = artifacts::rendered_errors(messages);
    text.push_str(stderr.find("error").map_or(stderr, |at| &stderr[at..]).trim_end());
    match text.char_indices().nth(MESSAGES) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// A library is linked into the folder, or copied where the file system does not allow links.
fn gather(library: &Path, folder: &Path) -> Result<(), GradeError> {
    let to = folder.join(library.file_name().unwrap_or_default());
    if to.exists() {
        return Ok(());
    }
    fs::hard_link(library, &to)
        .or_else(|_| fs::copy(library, &to).map(drop))
        .map_err(GradeError::write(&to))
}

/// Hash of all that may change a result: suites, libraries, given sources, manifest, misuses, models,
/// and `salt`.
fn recipe(exercise: &Exercise, prepared: &Prepared, salt: &str) -> Result<String, GradeError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(salt.as_bytes());
    let mut given = vec![exercise.folder.join("exercise.yaml")];
    sources(&exercise.folder.join("src"), &mut given)?;
    given.retain(|file| !exercise.edit.iter().any(|edit| exercise.folder.join(edit) == *file));
    let misuses = prepared.misuses.iter().flat_map(|misuses| {
        misuses.programs.iter().map(|misuse| &misuse.file).chain([&misuses.control])
    });
    let models = prepared.models.iter().flat_map(|models| {
        let externs = models.externs.iter().map(|(_, file)| file);
        externs.chain([&models.file, &models.checker])
    });
    let externs = prepared.externs.iter().map(|(_, file)| file);
    for file in prepared.suites.iter().chain(externs).chain(&given).chain(misuses).chain(models) {
        // A misuse's name is its test's.
        hasher.update(file.file_name().unwrap_or_default().as_encoded_bytes());
        let bytes = fs::read(file).map_err(GradeError::read(file))?;
        hasher.update(blake3::hash(&bytes).as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Adds every file of a folder and its folders, by name.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), GradeError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.map_err(GradeError::read(folder))?;
    entries.sort_by_key(fs::DirEntry::path);
    for path in entries.iter().map(fs::DirEntry::path) {
        if path.is_dir() {
            sources(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
