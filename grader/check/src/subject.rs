//! Which program is judged, and which exercise and test that belongs to.

use crate::scenario::Check;
use crate::settings;
use forklings_model::Scenario;
use std::path::{Path, PathBuf};

/// What the compiler knows of a test.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The package's own driver, where the test is part of an exercise.
    pub driver: Option<&'static str>,
    /// The package's folder.
    pub folder: &'static str,
    /// The package's name.
    pub package: &'static str,
    /// The name of the test program.
    pub target: &'static str,
    /// Path of the test function, with a `::here` at its end.
    pub function: &'static str,
}

/// The package of the hidden suites: there a target is an exercise.
const HIDDEN: &str = "forklings-hidden";

impl Origin {
    /// The exercise's id.
    pub(crate) fn exercise(&self) -> String {
        match self.package {
            HIDDEN => self.target.replace('_', "-"),
            package => package.to_owned(),
        }
    }

    /// The test's name, `task::sentence`.
    pub(crate) fn test(&self) -> String {
        let path = self.function.trim_end_matches("::here");
        path.split_once("::").map_or(path, |(_, test)| test).to_owned()
    }
}

/// The program that a test judges.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(crate) program: Option<PathBuf>,
    pub(crate) exercise: String,
    pub(crate) folder: PathBuf,
    pub(crate) test: String,
    /// The course's manifest, where the test's package is not a member of its workspace.
    pub(crate) manifest: Option<PathBuf>,
}

impl Subject {
    /// Works out the subject of a test; used by [`subject!`](crate::subject).
    #[must_use]
    pub fn of(origin: Origin) -> Self {
        let exercise = origin.exercise();
        let own = Path::new(origin.folder);
        // The manifest of an exercise lies with the exercise, also for solutions and hidden suites.
        let candidates = [own.to_path_buf(), own.join("../../exercises").join(&exercise)];
        let folder = candidates
            .iter()
            .find(|folder| folder.join("exercise.yaml").exists())
            .unwrap_or(&candidates[0])
            .clone();
        let program = settings::subject().or_else(|| origin.driver.map(PathBuf::from));
        let manifest = manifest_elsewhere(own, &folder);
        Self { program, exercise, folder, test: origin.test(), manifest }
    }

    /// Runs the driver with a scenario's name and arguments.
    pub fn scenario<A: ToString>(self, name: &str, args: impl IntoIterator<Item = A>) -> Check {
        let args = args.into_iter().map(|arg| arg.to_string()).collect();
        Check::new(self, Scenario { name: name.to_owned(), args, stdin: Vec::new() })
    }
}

/// The course's manifest, unless a package at `own` belongs to the course's workspace as the
/// exercises and the grader do. `exercise` is the exercise's folder, two levels below the course.
fn manifest_elsewhere(own: &Path, exercise: &Path) -> Option<PathBuf> {
    let (own, exercise) = (own.canonicalize().ok()?, exercise.canonicalize().ok()?);
    let root = exercise.parent()?.parent()?;
    let member = ["exercises", "grader"].iter().any(|part| own.starts_with(root.join(part)));
    (!member).then(|| root.join("Cargo.toml")).filter(|manifest| manifest.is_file())
}

/// The program that this test judges: the package's own driver, or the one that the environment
/// names.
#[macro_export]
macro_rules! subject {
    () => {
        $crate::Subject::of($crate::origin!())
    };
}

/// Where this stands: used by [`subject!`](crate::subject) and [`draw!`](crate::draw).
#[doc(hidden)]
#[macro_export]
macro_rules! origin {
    () => {{
        fn here() {}
        fn path<T>(_: T) -> &'static str {
            ::std::any::type_name::<T>()
        }
        $crate::Origin {
            driver: option_env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME"))),
            folder: env!("CARGO_MANIFEST_DIR"),
            package: env!("CARGO_PKG_NAME"),
            target: env!("CARGO_CRATE_NAME"),
            function: path(here),
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_s_messages_name_the_course_s_manifest() {
        let grader = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf);
        let root = grader.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        let root = root.unwrap_or_default();
        let exercise = root.join("solutions/zombies/../../exercises/zombies");
        let manifest = |own: &str| manifest_elsewhere(&root.join(own), &exercise);
        assert_eq!(manifest("solutions/zombies"), Some(root.join("Cargo.toml")));
        assert_eq!(manifest("exercises/zombies"), None);
        assert_eq!(manifest("grader/hidden"), None);
    }
}
