//! The record of a suite: one JSON line for each thing that is known, appended the moment it is.

use crate::settings;
use crate::subject::Subject;
use forklings_model::{Judgement, Record};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Time between two signs of life, much less than a grader waits for one.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// A test begins a scenario.
pub(crate) fn started(test: &str) {
    write(&Record::Started { test: test.to_owned() });
}

/// A sign of life: so many schedules of a scenario were tried. For each run, of which the record keeps
/// few: by time and not by number, since a run of a program that computes takes seconds, and more
/// where the machine is busy.
pub(crate) fn exploring(test: &str, schedules: u32) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|last| last.elapsed() >= SIGN_OF_LIFE) {
        *last = Some(Instant::now());
        write(&Record::Exploring { test: test.to_owned(), schedules });
    }
}

/// A scenario was judged.
pub(crate) fn judged(judgement: &Judgement) {
    write(&Record::Judged(Box::new(judgement.clone())));
}

/// A scenario is over, whatever came of it.
pub(crate) fn finished(subject: &Subject) {
    if settings::record().is_none() {
        return;
    }
    let hash = subject.program.as_deref().and_then(hash_of).unwrap_or_default();
    write(&Record::Finished { test: subject.test.clone(), subject: hash });
}

/// BLAKE3 of a program, in hexadecimal. One program is hashed once.
pub(crate) fn hash_of(program: &Path) -> Option<String> {
    static KNOWN: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hash) = known.get(program) {
        return Some(hash.clone());
    }
    let hash = blake3::hash(&fs::read(program).ok()?).to_hex().to_string();
    known.insert(program.to_path_buf(), hash.clone());
    Some(hash)
}

fn write(record: &Record) {
    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let path = settings::record()?;
        // Whoever wants records is a grader: without it nobody would end this suite.
        drop(forklings_sandbox::die_with_parent());
        let file = OpenOptions::new().append(true).create(true).open(path).ok()?;
        Some(Mutex::new(file))
    });
    let (Some(file), Ok(mut line)) = (file, serde_json::to_string(record)) else { return };
    line.push('\n');
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    // A record that cannot be written is missing, and a missing record counts as a failure.
    drop(file.write_all(line.as_bytes()));
}
