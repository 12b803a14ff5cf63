//! A small course in a repository of its own. Its suites are no real ones: they start the subject
//! and take its word for how the test ended, so that every ending can be had at will.

use forklings_grade::{Options, Silent, grade};
use forklings_model::{Graded, Report};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

const WORKSPACE: &str = r#"
[workspace]
resolver = "3"
members = ["exercises/echo", "hidden"]

[profile.dev.package.blake3]
opt-level = 3
"#;

const ECHO: &str = r#"
[package]
name = "echo"
version = "0.1.0"
edition = "2024"

[dependencies]
libc = "0.2"

[dev-dependencies]
blake3 = { version = "1", default-features = false, features = ["pure", "std"] }
forklings-model = { path = "MODEL" }
serde_json = "1"
"#;

const HIDDEN: &str = r#"
[package]
name = "forklings-hidden"
version = "0.1.0"
edition = "2024"

[dev-dependencies]
blake3 = { version = "1", default-features = false, features = ["pure", "std"] }
forklings-model = { path = "MODEL" }
serde_json = "1"

[[test]]
name = "echo"
path = "echo.rs"
test = false
"#;

const MANIFEST: &str = "id: echo
title: It says what it is told
edit: [src/lib.rs]
man: [write(2)]
tasks:
  - {id: one, points: 5, hints: [a, b, c]}
  - {id: two, points: 10, hints: [a, b, c]}
";

const DRIVER: &str =
    "fn main() { println!(\"{}\", echo::answer(&std::env::args().nth(1).unwrap())); }";

/// How a submission answers the three tests `one::a`, `two::a` and, hidden, `two::b`.
pub(crate) fn answers(text: &str) -> String {
    format!(
        "pub fn answer(test: &str) -> &'static str {{ match test {{ {text}, _ => \"pass\" }} }}"
    )
}

/// A class and an output folder, and the repository to grade it with.
pub(crate) struct Course {
    root: PathBuf,
    _removed_when_dropped: Option<TempDir>,
    repository: PathBuf,
}

impl Course {
    /// All tests share one repository, so that cargo builds it once.
    pub(crate) fn new() -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("repository");
        write_repository(&place);
        let root = TempDir::new().unwrap();
        let path = root.path().canonicalize().unwrap();
        Self { root: path, _removed_when_dropped: Some(root), repository: place }
    }

    /// A repository whose visible tests are this text.
    pub(crate) fn with_suite(suite: &str) -> Self {
        let course = Self::alone();
        fs::write(course.repository.join("exercises/echo/tests/public.rs"), suite).unwrap();
        course
    }

    /// With a repository of its own, which a test may change.
    pub(crate) fn alone() -> Self {
        let root = TempDir::new().unwrap();
        let path = root.path().canonicalize().unwrap();
        let repository = path.join("repository");
        write_repository(&repository);
        Self { root: path, _removed_when_dropped: Some(root), repository }
    }

    /// Adds a file to the exercise's hidden ones.
    pub(crate) fn hide(&self, path: &str, text: &str) {
        let path = self.repository.join("grader/hidden/echo").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What another process made by [`Course::new`].
    pub(crate) fn at(root: PathBuf) -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("repository");
        Self { root, _removed_when_dropped: None, repository: place }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Adds a submission to the class.
    pub(crate) fn submit(&self, name: &str, source: &str) -> &Self {
        self.write(&format!("class/{name}/echo/src/lib.rs"), source.as_bytes());
        self
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(&self.repository, self.path("class"), self.path("out"));
        options.jobs = 2;
        options
    }

    /// Grades the class to its end.
    pub(crate) fn grade(&self) -> Report {
        grade(&self.options(), &mut Silent, &AtomicBool::new(false)).unwrap()
    }

    /// What is left in the output folder, by name.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("out")).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn write_repository(place: &Path) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = here.join("../model").canonicalize().unwrap().display().to_string();
    let suite = include_str!("fake_suite.rs");
    // Beside the repository: files below the target folder are looked for there, whichever
    // repository they belong to.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("target");
    let config = format!("[build]\ntarget-dir = {target:?}\n");
    // The versions that the grader itself uses are at hand, also without a network.
    let lock = fs::read_to_string(here.join("../../Cargo.lock")).unwrap();
    let files = [
        ("Cargo.toml", WORKSPACE),
        (".cargo/config.toml", &config),
        ("exercises/course.yaml", "title: T\nparts: [{title: P, exercises: [echo]}]\n"),
        ("exercises/echo/Cargo.toml", &ECHO.replace("MODEL", &model)),
        ("exercises/echo/exercise.yaml", MANIFEST),
        ("exercises/echo/README.md", "# echo\n"),
        ("exercises/echo/src/lib.rs", &answers("\"x\" => \"y\"")),
        ("exercises/echo/src/main.rs", DRIVER),
        ("exercises/echo/tests/public.rs", &suite.replace("SUITE", "one: [a], two: [a]")),
        ("hidden/Cargo.toml", &HIDDEN.replace("MODEL", &model)),
        ("hidden/src/lib.rs", ""),
        ("hidden/echo.rs", &suite.replace("SUITE", "two: [b]")),
    ];
    for (path, text) in files {
        replace(&place.join(path), text);
    }
    // Cargo drops from the lock what is not used here; it is given anew only where it is missing.
    if !place.join("Cargo.lock").exists() {
        replace(&place.join("Cargo.lock"), &lock);
    }
}

/// Writes a file unless it is there already: tests run beside each other, and cargo looks at times.
fn replace(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    let folder = path.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    let mut file = tempfile::NamedTempFile::new_in(folder).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    file.persist(path).unwrap();
}

/// A graded pair in one line: name, verdict, rule, points, and what else is to be said.
pub(crate) fn line(graded: &Graded) -> String {
    let mut line = format!("{} {}", graded.submission.name, graded.verdict.name());
    if let Some(rule) = graded.rule {
        write!(line, " {rule}").unwrap();
    }
    write!(line, " {}/{}", graded.points(), graded.max_points()).unwrap();
    for test in &graded.unfinished {
        write!(line, " unfinished:{test}").unwrap();
    }
    line
}
