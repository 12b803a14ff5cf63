//! Runs a suite program and hears what it finds out, by the records that it writes. What libtest
//! prints is never read.

use crate::failure::Failure;
use anyhow::{Context, Result, bail};
use forklings_model::{Judgement, Record};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Time between two looks at the records.
const LOOK: Duration = Duration::from_millis(20);
/// Last bytes of what a suite printed that an error repeats.
const PRINTED: u64 = 2000;

/// One run of a suite program.
pub(crate) struct Run<'a> {
    /// The suite.
    pub(crate) suite: &'a Path,
    /// The program to judge.
    pub(crate) subject: &'a Path,
    /// One test, or all.
    pub(crate) test: Option<&'a str>,
    /// A schedule file to replay.
    pub(crate) replay: Option<&'a Path>,
    /// Schedules for each scenario, where it is not the suite's default.
    pub(crate) schedules: Option<u32>,
    /// What hidden tests draw their inputs from.
    pub(crate) seed: u64,
}

/// What a run of a suite found out.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Every judgement, in the order written.
    pub(crate) judgements: Vec<Judgement>,
    /// Tests that finished.
    pub(crate) finished: BTreeSet<String>,
    /// The end of what the suite printed, for when it broke down.
    pub(crate) printed: String,
}

/// The tests of a suite, in the order in which they run.
pub(crate) fn tests(suite: &Path) -> Result<Vec<String>> {
    Ok(forklings_grade::suite::Suite::list(suite.to_owned())?.tests)
}

impl Run<'_> {
    /// Runs it. `hear` gets each record as it comes.
    pub(crate) fn run(
        &self,
        interrupted: &AtomicBool,
        mut hear: impl FnMut(&Record),
    ) -> Result<Found> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut records = Records::new(folder.path().join("records"))?;
        let printed = folder.path().join("printed");
        let output = File::create(&printed).context("cannot write a temporary file")?;
        let mut command = Command::new(self.suite);
        command.arg("--test-threads=1");
        if let Some(test) = self.test {
            command.args([test, "--exact"]);
        }
        command.env("FORKLINGS_SUBJECT", self.subject).env("FORKLINGS_RECORD", &records.path);
        match self.replay {
            Some(file) => command.env("FORKLINGS_REPLAY", file),
            None => command.env_remove("FORKLINGS_REPLAY"),
        };
        if let Some(schedules) = self.schedules {
            command.env("FORKLINGS_SCHEDULES", schedules.to_string());
        }
        command.env("FORKLINGS_SEED", self.seed.to_string());
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", self.suite.display()))?;
        let mut found = Found::default();
        loop {
            let ended = child.try_wait().context("cannot wait for the suite")?.is_some();
            for record in records.read()? {
                hear(&record);
                match record {
                    Record::Started { .. } | Record::Exploring { .. } => {}
                    Record::Judged(judgement) => found.judgements.push(*judgement),
                    Record::Finished { test, .. } => drop(found.finished.insert(test)),
                }
            }
            if ended {
                break;
            }
            if interrupted.load(Ordering::Relaxed) {
                // Its subjects die with it: their tracer is gone.
                child.kill().and_then(|()| child.wait()).context("cannot stop the suite")?;
                bail!(Failure::Interrupted);
            }
            thread::sleep(LOOK);
        }
        found.printed = tail(&printed);
        Ok(found)
    }
}

/// The record file, read as it grows.
struct Records {
    path: PathBuf,
    file: File,
    rest: Vec<u8>,
}

impl Records {
    fn new(path: PathBuf) -> Result<Self> {
        let file = File::create_new(&path).and_then(|_| File::open(&path));
        Ok(Self { path, file: file.context("cannot make a temporary file")?, rest: Vec::new() })
    }

    /// The whole lines that were added since the last call.
    fn read(&mut self) -> Result<Vec<Record>> {
        self.file.read_to_end(&mut self.rest).context("cannot read the records")?;
        let whole = self.rest.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        let lines = lines.split(|&b| b == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).context("a record is damaged")).collect()
    }
}

fn tail(path: &Path) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let length = fs::metadata(path)?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(PRINTED)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        std::io::Result::Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}
