//! Runs of the course's programs, by the program `forklings`. What a run was is kept beside the
//! build under a hash of everything it depends on, so that who only writes does not wait for it
//! again.

use crate::forklings;
use anyhow::{Context, Result, bail};
use forklings_model::{Finding, Judgement, Trace};
use serde::Deserialize;
use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Folders and files that a run depends on: the course and the grader.
const SOURCES: [&str; 4] = ["Cargo.lock", "exercises", "grader", "solutions"];
/// Folders in them that it does not depend on.
const OTHERS: [&str; 2] = ["grader/book", "solutions/target"];
/// Lines of an error that are repeated.
const LINES: usize = 12;

/// What `forklings course trace --json` writes.
#[derive(Deserialize)]
pub(crate) struct Run {
    /// What happened.
    pub(crate) trace: Trace,
    /// What a mutant's run breaks; nothing for a solution.
    pub(crate) finding: Option<Finding>,
    /// What the test that catches the mutant says.
    pub(crate) judgement: Option<Judgement>,
}

/// Makes runs, or takes those that are known.
pub(crate) struct Runs {
    root: PathBuf,
    sources: OnceCell<String>,
    program: OnceCell<PathBuf>,
}

impl Runs {
    /// The runs of the course in this folder.
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), sources: OnceCell::new(), program: OnceCell::new() }
    }

    /// The run that these arguments of `course trace` name.
    pub(crate) fn get(&self, words: &[String]) -> Result<Run> {
        let path = self.place(words)?;
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(_) => {
                let json = self.make(words)?;
                let kept = || format!("cannot keep {}", path.display());
                fs::create_dir_all(path.parent().unwrap_or(&path)).with_context(kept)?;
                fs::write(&path, &json).with_context(kept)?;
                json
            }
        };
        serde_json::from_slice(&json).context("`course trace` wrote no run")
    }

    /// What a mutant does wrong, from its first lines.
    pub(crate) fn mistake(&self, id: &str, program: &str) -> Result<String> {
        let path = self.root.join("grader/mutants").join(id).join(program).with_extension("rs");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = text.lines().skip(1).map_while(|line| line.strip_prefix("//!"));
        Ok(lines.map(str::trim).collect::<Vec<_>>().join(" "))
    }

    fn make(&self, words: &[String]) -> Result<Vec<u8>> {
        let program = match self.program.get() {
            Some(program) => program,
            None => {
                let program = forklings::build(&self.root)?;
                self.program.get_or_init(|| program)
            }
        };
        let mut command = Command::new(program);
        command.args(["course", "trace", "--json"]).args(words);
        command.current_dir(&self.root).stdin(Stdio::null());
        let output = command.output().context("cannot start `forklings`")?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().collect();
        bail!("{}", lines[lines.len().saturating_sub(LINES)..].join("\n"))
    }

    /// Where a run is kept.
    fn place(&self, words: &[String]) -> Result<PathBuf> {
        let sources = match self.sources.get() {
            Some(sources) => sources,
            None => {
                let sources = hash(&self.root)?;
                self.sources.get_or_init(|| sources)
            }
        };
        let key = blake3::hash(format!("{sources} {words:?}").as_bytes()).to_hex();
        Ok(self.root.join("target/forklings/book").join(format!("{key}.json")))
    }
}

/// A hash of everything that a run depends on.
fn hash(root: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for source in SOURCES {
        add(root, Path::new(source), &mut hasher)?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn add(root: &Path, path: &Path, hasher: &mut blake3::Hasher) -> Result<()> {
    let failed = || format!("cannot read {}", path.display());
    let here = root.join(path);
    if OTHERS.iter().any(|other| path == Path::new(other)) {
        return Ok(());
    }
    if here.is_dir() {
        let entries = fs::read_dir(&here).with_context(failed)?;
        let mut names = entries
            .map(|entry| Ok(entry?.file_name()))
            .collect::<std::io::Result<Vec<_>>>()
            .with_context(failed)?;
        names.sort();
        return names.iter().try_for_each(|name| add(root, &path.join(name), hasher));
    }
    let bytes = fs::read(&here).with_context(failed)?;
    hasher.update(path.as_os_str().as_encoded_bytes());
    hasher.update(&[0]);
    hasher.update(blake3::hash(&bytes).as_bytes());
    Ok(())
}
