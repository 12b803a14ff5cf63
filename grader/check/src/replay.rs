//! Schedule files: a failing schedule, saved so that `forklings replay` shows it again.

use crate::record::hash_of;
use crate::scenario::Check;
use crate::settings;
use forklings_model::{Fault, ReplayFile, Schedule};
use forklings_tracer::Misfit;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The schedule that the environment asks for.
pub(crate) fn requested() -> Result<Option<Requested>, String> {
    let Some(path) = settings::replay() else { return Ok(None) };
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let file = read(&text).map_err(|why| format!("cannot replay {}: {why}", path.display()))?;
    Ok(Some(Requested { file, path }))
}

/// What stands in a schedule file.
fn read(text: &str) -> Result<ReplayFile, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "it is no schedule file".to_owned())?;
    // The version comes first: a file of another one need not have the same fields.
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if ReplayFile::reads(version) => {}
        Some(version) => {
            return Err(format!(
                "it has version {version}, and this grader reads up to version {}; run the test again",
                ReplayFile::VERSION
            ));
        }
        None => return Err("it is no schedule file".to_owned()),
    }
    serde_json::from_value(value).map_err(|error| format!("it is damaged: {error}"))
}

/// A schedule file that was asked for.
pub(crate) struct Requested {
    pub(crate) file: ReplayFile,
    pub(crate) path: PathBuf,
}

/// What a test asked for, whichever places an exploration chose.
fn asked(faults: &[Fault]) -> Vec<Fault> {
    faults.iter().map(|fault| fault.asked()).collect()
}

impl Requested {
    /// Why it could not be followed to its end although the program is the same.
    pub(crate) fn misfit(&self, misfit: Misfit) -> String {
        format!(
            "{} does not fit any more: {misfit}. The grader has changed since, or the program does \
             not do the same every time. Run the test again instead.",
            self.path.display()
        )
    }

    /// Whether it belongs to this scenario of this test.
    pub(crate) fn is_for(&self, check: &Check) -> bool {
        // One test may run the same scenario several times, with other faults each time.
        self.file.test == check.subject.test
            && self.file.scenario == check.scenario
            && asked(&self.file.schedule.faults) == asked(&check.faults)
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
        seed: settings::seed().ok()?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::{Scenario, Strategy, Strike};

    /// A schedule file with this version, strategy and decisions.
    fn text(version: u32, strategy: &str, decisions: &str) -> String {
        format!(
            r#"{{"version": {version}, "suite": "/s", "test": "t::x", "exercise": "e",
                "scenario": {{"name": "n", "args": [], "stdin": ""}}, "subject": "/p",
                "subject_hash": "0",
                "schedule": {{"seed": 7, "strategy": {strategy}, "decisions": {decisions}}}}}"#
        )
    }

    #[test]
    fn a_file_of_the_first_version_is_read_as_it_was_meant() {
        let file = read(&text(1, r#"{"pct": {"depth": 3}}"#, "[1, 0, 2]")).expect("version 1");
        assert_eq!(file.schedule.strategy, Strategy::Pct { depth: 3, length: 64 });
        assert_eq!(file.schedule.decisions.to_string(), "1 0 2");
    }

    #[test]
    fn a_file_is_read_back_and_stays_small() {
        let operations = (1..=8).map(|n| (format!("root.{n}"), n)).collect();
        let mut schedule = Schedule::new(Strategy::Walk { operations }, 7);
        schedule.decisions = "1/3 0/2 ".repeat(150).parse().expect("decisions");
        let file = ReplayFile {
            version: ReplayFile::VERSION,
            suite: "/s".into(),
            test: "t::x".to_owned(),
            exercise: "e".to_owned(),
            scenario: Scenario { name: "n".to_owned(), args: Vec::new(), stdin: Vec::new() },
            subject: "/p".into(),
            subject_hash: "0".to_owned(),
            seed: 7,
            schedule,
        };
        let written = serde_json::to_string_pretty(&file).expect("JSON");
        assert_eq!(read(&written), Ok(file));
        assert!(written.len() < 3000, "{}", written.len());
    }

    #[test]
    fn what_cannot_be_followed_is_told_before_it_runs() {
        let why = |text: &str| read(text).expect_err("not readable");
        assert!(why("x").contains("no schedule file"));
        assert!(why("{}").contains("no schedule file"));
        assert!(why(&text(9, r#""random""#, "[]")).contains("version 9"));
        assert!(why(&text(2, r#""random""#, r#""3/3""#)).contains("damaged: `3/3`"));
        assert!(why(&text(2, r#""telepathy""#, r#""""#)).contains("damaged"));
    }

    #[test]
    fn the_place_that_an_exploration_struck_is_read_back_and_is_still_what_the_test_asked_for() {
        let asked_for = [crate::expect::short_reads(), crate::expect::emfile()];
        let mut file = read(&text(2, r#""random""#, r#""""#)).expect("version 2");
        file.schedule.faults =
            vec![Fault::ShortRead, Fault::Strike { what: Strike::Emfile, nth: Some(3) }];
        let written = serde_json::to_string(&file).expect("it can be written");
        let again = read(&written).expect("it can be read");
        assert_eq!(again.schedule.faults, file.schedule.faults);
        assert_eq!(asked(&again.schedule.faults), asked(&asked_for));
        assert_ne!(asked(&again.schedule.faults), asked(&[crate::expect::kill()]));
    }
}
