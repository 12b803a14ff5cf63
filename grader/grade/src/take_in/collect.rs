//! What every kind of submission is poured into: it keeps the few files that matter, within caps,
//! and names all others. It does not know where the bytes come from.

use super::names;
use forklings_model::Course;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most entries of one submission.
const MAX_ENTRIES: u32 = 20_000;
/// Largest file that is kept, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// Most bytes that are kept of one submission.
const MAX_KEPT: usize = 8 << 20;
/// Most left-out files that are named one by one.
const MAX_NAMED: usize = 100;

/// Manifests say which exercise a folder holds; they are read for that and never used.
pub(super) const MANIFESTS: [&str; 2] = ["Cargo.toml", "exercise.yaml"];

/// Why a manifest, a driver, its drills or a test is left out.
pub(super) const COURSES_OWN: &str = "the course's own file is used";

/// What was found in a submission.
pub(super) struct Collector {
    /// Paths of editable files, as every exercise names them.
    editable: BTreeSet<PathBuf>,
    /// Files that may matter, by their path in the submission.
    pub(super) kept: BTreeMap<PathBuf, Vec<u8>>,
    /// Everything else, with the reason.
    pub(super) left_out: Vec<(PathBuf, String)>,
    /// Paths that two entries claim, so that nobody can say which is meant.
    pub(super) ambiguous: BTreeSet<PathBuf>,
    /// Every path by its lower-case form.
    seen: HashMap<String, PathBuf>,
    skipped: BTreeSet<PathBuf>,
    entries: u32,
    bytes: usize,
    unnamed: usize,
}

impl Collector {
    pub(super) fn new(course: &Course) -> Self {
        Self {
            editable: course.exercises().flat_map(|exercise| exercise.edit.clone()).collect(),
            kept: BTreeMap::new(),
            left_out: Vec::new(),
            ambiguous: BTreeSet::new(),
            seen: HashMap::new(),
            skipped: BTreeSet::new(),
            entries: 0,
            bytes: 0,
            unnamed: 0,
        }
    }

    /// Whether nothing at all was offered.
    pub(super) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Names a file that is not taken.
    pub(super) fn leave_out(&mut self, path: PathBuf, reason: &str) {
        if self.left_out.len() < MAX_NAMED {
            self.left_out.push((path, reason.to_owned()));
        } else {
            self.unnamed += 1;
        }
    }

    /// Names an entry that is no regular file, without opening it.
    pub(super) fn leave_out_entry(&mut self, name: &[u8], reason: &str) -> Result<(), String> {
        self.count()?;
        self.leave_out(names::shown(name), reason);
        Ok(())
    }

    /// Says how many files were left out unnamed. Called once, at the end.
    pub(super) fn close(&mut self) {
        if self.unnamed > 0 {
            let reason = format!("{} more files are not among those to hand in", self.unnamed);
            self.left_out.push((PathBuf::from("…"), reason));
        }
    }

    /// Whether the folder is not looked into; it is named once.
    pub(super) fn skips(&mut self, path: &Path) -> bool {
        let Some(folder) = names::skipped(path) else { return false };
        if self.skipped.insert(folder.clone()) {
            self.leave_out(folder, "not part of a hand-in");
        }
        true
    }

    /// Offers a regular file. `name` is as the archive has it; `content` is read only if wanted.
    ///
    /// # Errors
    /// The reason why the whole submission is refused: too much of it, or it cannot be read.
    pub(super) fn offer(&mut self, name: &[u8], content: &mut dyn Read) -> Result<(), String> {
        self.count()?;
        let path = match names::clean(name) {
            Ok(path) => path,
            Err(reason) => {
                self.leave_out(names::shown(name), reason);
                return Ok(());
            }
        };
        if self.skips(&path) {
            return Ok(());
        }
        // Unicode forms need no such care: every path that can be wanted is ASCII.
        if let Some(other) = self.seen.insert(path.to_string_lossy().to_lowercase(), path.clone()) {
            self.leave_out(path.clone(), "its name is there twice, or differs only in case");
            self.ambiguous.extend([path, other]);
            return Ok(());
        }
        if !self.wants(&path) {
            let given = path.ends_with("src/main.rs")
                || path.iter().any(|part| part == "tests" || part == "drills");
            let reason = if given { COURSES_OWN } else { "not one of the files to hand in" };
            self.leave_out(path, reason);
            return Ok(());
        }
        let mut bytes = Vec::new();
        let read = content.take(MAX_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
        if bytes.len() as u64 > MAX_FILE {
            self.leave_out(path, "larger than 1 MiB");
            return Ok(());
        }
        self.bytes += bytes.len();
        if self.bytes > MAX_KEPT {
            return Err("holds more than 8 MiB of sources".to_owned());
        }
        self.kept.insert(path, bytes);
        Ok(())
    }

    fn wants(&self, path: &Path) -> bool {
        self.editable.iter().any(|edit| path.ends_with(edit))
            || MANIFESTS.iter().any(|manifest| path.ends_with(manifest))
    }

    fn count(&mut self) -> Result<(), String> {
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            return Err(format!("holds more than {MAX_ENTRIES} files; hand in the sources alone"));
        }
        Ok(())
    }
}
