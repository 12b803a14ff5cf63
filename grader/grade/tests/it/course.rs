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

/// A repository, a class and an output folder.
pub(crate) struct Course {
    root: TempDir,
}

impl Course {
    pub(crate) fn new() -> Self {
        let course = Self { root: TempDir::new().unwrap() };
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let model = here.join("../model").canonicalize().unwrap().display().to_string();
        let suite = include_str!("fake_suite.rs");
        let config = format!("[build]\ntarget-dir = {:?}\n", env!("CARGO_TARGET_TMPDIR"));
        let repository = [
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
        for (path, text) in repository {
            course.write(&format!("repository/{path}"), text.as_bytes());
        }
        // The versions that the grader itself uses are at hand, also without a network.
        fs::copy(here.join("../../Cargo.lock"), course.path("repository/Cargo.lock")).unwrap();
        course
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
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
        let mut options =
            Options::new(self.path("repository"), self.path("class"), self.path("out"));
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
