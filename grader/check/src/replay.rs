//! Schedule files: a failing schedule, saved so that `forklings replay` shows it again.

use crate::record::hash_of;
use crate::scenario::Check;
use crate::settings;
use forklings_model::{ReplayFile, Schedule};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The schedule that the environment asks for.
pub(crate) fn requested() -> Result<Option<Requested>, String> {
    let Some(path) = settings::replay() else { return Ok(None) };
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let file: ReplayFile = serde_json::from_str(&text)
        .map_err(|error| format!("{} is not a schedule file: {error}", path.display()))?;
    if file.version != ReplayFile::VERSION {
        return Err(format!(
            "{} has version {}, and this grader reads version {}",
            path.display(),
            file.version,
            ReplayFile::VERSION
        ));
    }
    Ok(Some(Requested { file, path }))
}

/// A schedule file that was asked for.
pub(crate) struct Requested {
    pub(crate) file: ReplayFile,
    pub(crate) path: PathBuf,
}

impl Requested {
    /// Whether it belongs to this scenario of this test.
    pub(crate) fn is_for(&self, check: &Check) -> bool {
        // One test may run the same scenario several times, with other faults each time.
        self.file.test == check.subject.test
            && self.file.scenario == check.scenario
            && self.file.schedule.faults == check.faults
    }

    /// Why it cannot be judged: the program is another one than the one it was made with.
    pub(crate) fn stranger(&self, check: &Check) -> Option<String> {
        let program = check.subject.program.as_deref()?;
        let now = hash_of(program)?;
        (now != self.file.subject_hash).then(|| {
            format!(
                "{} was made with another build of {}: the program has changed since, so the \
                 schedule need not mean the same. Run the test again instead.",
                self.path.display(),
                self.file.exercise
            )
        })
    }
}

/// Saves a failing schedule. Gives no path where it cannot be written: the failure itself matters
/// more.
pub(crate) fn save(
    check: &Check,
    program: &Path,
    number: u32,
    schedule: &Schedule,
) -> Option<PathBuf> {
    let suite = env::current_exe().ok()?;
    let folder = settings::schedule_folder().or_else(|| folder_beside(&suite))?;
    fs::create_dir_all(&folder).ok()?;
    let task = check.subject.test.split("::").next().unwrap_or_default();
    // Several tests of a task fail beside each other.
    let mark = blake3::hash(format!("{}{:?}", check.subject.test, check.scenario).as_bytes());
    let mark = &mark.to_hex()[..4];
    let name = format!("{}-{task}-{mark}-{number}.schedule", check.subject.exercise);
    let file = ReplayFile {
        version: ReplayFile::VERSION,
        suite,
        test: check.subject.test.clone(),
        exercise: check.subject.exercise.clone(),
        scenario: check.scenario.clone(),
        subject: program.to_path_buf(),
        subject_hash: hash_of(program)?,
        schedule: schedule.clone(),
    };
    let path = folder.join(name);
    fs::write(&path, serde_json::to_string_pretty(&file).ok()? + "\n").ok()?;
    Some(path)
}

/// `<target>/forklings`, for a suite at `<target>/<profile>/deps/<suite>`.
fn folder_beside(suite: &Path) -> Option<PathBuf> {
    let deps = suite.parent()?;
    let target = if deps.ends_with("deps") { deps.parent()?.parent()? } else { deps };
    Some(target.join("forklings"))
}
