//! Models for the model checker: `grader/hidden/<id>/models.rs`, and the libraries that a submission
//! and its models are linked with when they are compiled with `--cfg loom`. Those are built by a cargo
//! call of their own, since cargo looks at a package's dependencies for one configuration at a time.

use super::artifacts::Artifacts;
use super::packages::Package;
use super::{Heard, cargo, run};
use crate::error::GradeError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The configuration in which `sync` modules are models.
pub(crate) const MODELLED: &str = "loom";
/// The program around an exercise's models, in the folder of the hidden tests.
const CHECKER: &str = "model_checker.rs";

/// The models of an exercise.
#[derive(Clone, Debug)]
pub struct Models {
    /// The file with the models.
    pub file: PathBuf,
    /// The file with the program around them.
    pub checker: PathBuf,
    /// Their names as tests, `task::sentence`, in order.
    pub tests: Vec<String>,
    /// Dependencies, as those of [`Prepared`](super::Prepared).
    pub externs: Vec<(String, PathBuf)>,
}

impl Models {
    /// The names of the models in `grader/hidden/<id>/models.rs`; `None` where there are none.
    pub(super) fn find(hidden: &Path) -> Result<Option<Self>, GradeError> {
        let file = hidden.join("models.rs");
        if !file.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file).map_err(GradeError::read(&file))?;
        let tests = names(&text);
        if tests.is_empty() {
            let reason = format!("{} names no model", file.display());
            return Err(GradeError::Prebuild { reason });
        }
        let checker = hidden.parent().unwrap_or(hidden).join(CHECKER);
        Ok(Some(Self { file, checker, tests, externs: Vec::new() }))
    }
}

/// Builds what the libraries of these exercises are linked with under `--cfg loom`, beside what
/// cargo builds by default: the same files of two configurations would push each other out.
pub(super) fn build(
    repository: &Path,
    target: &Path,
    wanted: &[&str],
    heard: &mut dyn FnMut(&str) -> Heard,
) -> Result<Artifacts, GradeError> {
    let mut command = Command::new(cargo());
    command.current_dir(repository).args(["build", "--lib", "--message-format=json"]);
    command.arg("--target-dir").arg(target.join("forklings/loom"));
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    command
        .env("RUSTFLAGS", format!("{flags} --cfg {MODELLED}"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    for id in wanted {
        command.args(["-p", id]);
    }
    run(command, heard)
}

/// Names of the dependencies under `--cfg loom`.
pub(super) fn dependencies(package: &Package) -> impl Iterator<Item = &String> {
    package.dependencies.iter().chain(&package.modelled)
}

/// The first word of each entry of `MODELS`, which stands at the beginning of a line.
fn names(text: &str) -> Vec<String> {
    let entries = text.lines().filter_map(|line| line.trim_start().strip_prefix("(\""));
    entries.filter_map(|entry| Some(entry.split_once("\",")?.0.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_the_list_are_the_names() {
        let text = "use x;\nconst MODELS: &[(&str, fn())] = &[\n    (\"lock::two\", || lock(2)),\n    \
                    (\"rlock::one\", rlock),\n];\nfn x() { f(\"a\", 1) }\n";
        assert_eq!(names(text), ["lock::two", "rlock::one"]);
    }
}
