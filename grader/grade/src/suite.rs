//! Runs a suite program against a subject and reads the records it writes. The suite is the
//! course's own code and isolates the subject itself; what libtest prints is never read.

use crate::child::{self, Bounds, Streams};
use crate::error::GradeError;
use crate::runner::Ending;
use forklings_model::{Judgement, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Most bytes that a suite may print; failure messages, which the records hold anyway.
const PRINTED: u64 = 64 << 20;
/// libtest's exit status when a test failed.
const TEST_FAILED: i32 = 101;
/// Name of the file that a suite appends to, beside the subject's home.
const RECORD: &str = "record.jsonl";

/// A suite program with the names of its tests.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The program.
    pub program: PathBuf,
    /// Its tests, `task::sentence`, in the order in which they run.
    pub tests: Vec<String>,
}

/// What one run of a suite found out about a subject.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Every judgement, in the order written.
    pub judgements: Vec<Judgement>,
    /// Hashes of the subject, as finished tests saw it.
    pub subjects: BTreeSet<String>,
    /// Tests that finished.
    pub finished: BTreeSet<String>,
    /// Why the suite itself broke down, if it did.
    pub broken: Option<String>,
    /// Whether the run was cancelled; then the rest is worth nothing.
    pub cancelled: bool,
}

/// What every suite run needs.
pub(crate) struct Bench<'a> {
    /// The subject's program. Suites start in its folder, so that `src/lib.rs` is found.
    pub(crate) subject: &'a Path,
    /// A folder for the record, the output, and what the suite leaves.
    pub(crate) folder: &'a Path,
    pub(crate) schedules: Option<u32>,
    pub(crate) seed: u64,
    /// Whether the run that shows a failure is made small.
    pub(crate) small_runs: bool,
    pub(crate) patience: Duration,
    pub(crate) cancel: &'a AtomicBool,
}

impl Suite {
    /// Asks a suite program for its tests.
    ///
    /// # Errors
    /// It cannot be started, or does not answer.
    pub fn list(program: PathBuf) -> Result<Self, GradeError> {
        let output = Command::new(&program)
            .args(["--list", "--format", "terse"])
            .output()
            .map_err(|source| GradeError::Start { program: program.clone(), source })?;
        if !output.status.success() {
            let reason = format!("`{} --list` failed", program.display());
            return Err(GradeError::Prebuild { reason });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let tests = text.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(Self { tests: tests.map(str::to_owned).collect(), program })
    }

    /// The same suite with the tests of one task only.
    pub(crate) fn of_task(&self, task: &str) -> Self {
        let belongs = |test: &&String| test.split("::").next() == Some(task);
        let tests = self.tests.iter().filter(belongs).cloned().collect();
        Self { tests, program: self.program.clone() }
    }

    /// Runs its tests; `begun` hears each test's number, from 0, and name as it begins.
    pub(crate) fn run(
        &self,
        bench: &Bench<'_>,
        mut begun: impl FnMut(usize, &str),
    ) -> Result<Found, GradeError> {
        let record = bench.folder.join(RECORD);
        let output = bench.folder.join("output");
        fs::write(&record, "").map_err(GradeError::write(&record))?;
        let home = bench.subject.parent().unwrap_or(bench.folder);
        let mut command = Command::new(&self.program);
        // One test at a time: the workers beside each other keep the processors busy.
        command.args(["--test-threads", "1", "--exact"]).args(&self.tests).current_dir(home);
        command.env("FORKLINGS_SUBJECT", bench.subject).env("FORKLINGS_RECORD", &record);
        command.env_remove("FORKLINGS_REPLAY");
        command.env("FORKLINGS_SEED", bench.seed.to_string());
        command.env("FORKLINGS_SCHEDULE_DIR", home);
        match bench.schedules {
            Some(schedules) => command.env("FORKLINGS_SCHEDULES", schedules.to_string()),
            None => command.env_remove("FORKLINGS_SCHEDULES"),
        };
        match bench.small_runs {
            true => command.env_remove("FORKLINGS_SMALL"),
            false => command.env("FORKLINGS_SMALL", "no"),
        };
        let bounds = Bounds { time: bench.patience, output: PRINTED, cancel: bench.cancel };
        let mut told = BTreeSet::new();
        let mut lines = Lines::default();
        let ending = child::run(&mut command, &Streams::to(&output), &bounds, || {
            let Some(new) = lines.unread(&record) else { return false };
            for test in started(&new) {
                let place = self.tests.iter().position(|name| *name == test);
                if let Some(place) = place.filter(|_| told.insert(test.clone())) {
                    begun(place, &test);
                }
            }
            true
        })
        .map_err(|source| GradeError::Start { program: self.program.clone(), source })?;
        let mut found = read_records(&record)?;
        match ending {
            Ending::Exited(0 | TEST_FAILED) => {}
            Ending::Cancelled => found.cancelled = true,
            Ending::TimedOut => {
                found.broken = Some(format!("recorded nothing for {} s", bench.patience.as_secs()));
            }
            Ending::Exited(_) | Ending::Killed(_) | Ending::TooMuchOutput | Ending::OutOfMemory => {
                found.broken = Some(format!("{}; it printed: {}", said(ending), tail(&output)));
            }
        }
        Ok(found)
    }
}

/// How far a record has been read while it is written.
#[derive(Default)]
struct Lines {
    /// Bytes of the lines that were given.
    given: u64,
    /// Bytes that were seen.
    length: u64,
}

impl Lines {
    /// The lines that are whole since the last look; `None` when nothing was written. A record of many
    /// megabytes is read once, and a look at one that did not grow costs one call.
    fn unread(&mut self, record: &Path) -> Option<Vec<u8>> {
        let length = fs::metadata(record).map_or(0, |meta| meta.len());
        if length == self.length {
            return None;
        }
        self.length = length;
        let mut bytes = Vec::new();
        // What cannot be read now is read at the end, when it counts.
        let mut read = || {
            let mut file = File::open(record)?;
            file.seek(SeekFrom::Start(self.given))?;
            file.read_to_end(&mut bytes)
        };
        drop(read());
        bytes.truncate(bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1));
        self.given += bytes.len() as u64;
        Some(bytes)
    }
}

/// Tests that began, by these lines of a record.
fn started(lines: &[u8]) -> Vec<String> {
    let lines =
        lines.split(|&b| b == b'\n').filter(|line| line.starts_with(b"{\"record\":\"started\""));
    let records = lines.filter_map(|line| serde_json::from_slice(line).ok());
    records
        .filter_map(|record| match record {
            Record::Started { test } => Some(test),
            Record::Exploring { .. } | Record::Judged(_) | Record::Finished { .. } => None,
        })
        .collect()
}

/// Everything that was recorded. A line that was cut by the suite's death is left out: its test
/// has no end record then.
fn read_records(record: &Path) -> Result<Found, GradeError> {
    let bytes = fs::read(record).map_err(GradeError::read(record))?;
    let mut found = Found::default();
    for line in bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(Record::Started { .. } | Record::Exploring { .. }) => {}
            Ok(Record::Judged(judgement)) => found.judgements.push(*judgement),
            Ok(Record::Finished { test, subject }) => {
                found.finished.insert(test);
                found.subjects.insert(subject);
            }
            Err(error) => found.broken = Some(format!("wrote a record that is none: {error}")),
        }
    }
    Ok(found)
}

fn said(ending: Ending) -> String {
    match ending {
        Ending::Exited(status) => format!("ended with status {status}"),
        Ending::Killed(signal) => format!("was killed by signal {signal}"),
        Ending::TooMuchOutput => "printed too much".to_owned(),
        Ending::TimedOut | Ending::OutOfMemory | Ending::Cancelled => "was stopped".to_owned(),
    }
}

/// The last lines that a suite printed.
fn tail(output: &Path) -> String {
    let text = child::head(output, PRINTED).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}

/// Judgements by test, for looking up.
pub(crate) fn by_test(judgements: &[Judgement]) -> BTreeMap<&str, Vec<&Judgement>> {
    let mut map: BTreeMap<&str, Vec<&Judgement>> = BTreeMap::new();
    for judgement in judgements {
        map.entry(&judgement.test).or_default().push(judgement);
    }
    map
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics when its fixture cannot be made")]
    use super::*;
    use std::io::Write;

    #[test]
    fn a_record_that_grows_is_read_line_by_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_owned();
        let mut lines = Lines::default();
        assert_eq!(lines.unread(&path), None);
        file.write_all(b"one\ntw").unwrap();
        assert_eq!(lines.unread(&path).unwrap(), b"one\n");
        assert_eq!(lines.unread(&path), None);
        file.write_all(b"o\nthree\n").unwrap();
        assert_eq!(lines.unread(&path).unwrap(), b"two\nthree\n");
        assert_eq!(lines.unread(&path), None);
    }
}
