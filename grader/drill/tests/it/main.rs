//! A driver with drills, run as a reader runs it.
#![expect(clippy::unwrap_used, reason = "a failing test shall panic")]

mod reveal;
mod terminal;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The example `drills`, which cargo builds beside this test, in an environment without opinions.
pub(crate) fn drills(words: &[&str]) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder: PathBuf = test.parent().unwrap().parent().unwrap().join("examples");
    let mut command = Command::new(folder.join("drills"));
    command.args(words).env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

/// Runs it with a prediction on standard input: its status, output and complaints.
#[track_caller]
pub(crate) fn run(mut command: Command, prediction: &str) -> (i32, String, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(prediction.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}
