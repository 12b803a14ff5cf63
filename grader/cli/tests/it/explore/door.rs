//! The one way from a test to `forklings explore`.

use crate::door::forklings;
use serde_json::Value;
use std::process::Output;
use tempfile::TempDir;

/// What an exploration found, and the folder in which it ran.
#[derive(Debug)]
pub(super) struct Explored {
    pub(super) code: i32,
    pub(super) json: Value,
    pub(super) folder: TempDir,
}

impl Explored {
    /// Names of the rules that were broken.
    pub(super) fn rules(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
    }

    /// The file that shows a rule broken again.
    pub(super) fn replay(&self, rule: &str) -> String {
        let findings = self.json["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["rule"] == rule).unwrap();
        finding["replay"].as_str().unwrap().to_owned()
    }
}

/// Explores a program, in a folder of its own.
#[track_caller]
pub(super) fn explore(options: &[&str], command: &[&str]) -> Explored {
    let folder = TempDir::new().unwrap();
    let args = [&["explore", "--json"], options, &["--"], command].concat();
    let Output { status, stdout, stderr } =
        forklings(&args).current_dir(folder.path()).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(stderr, "", "{command:?}");
    let json = serde_json::from_slice(&stdout).unwrap();
    Explored { code: status.code().unwrap_or(-1), json, folder }
}

/// A program that shows exactly these rules broken.
#[track_caller]
pub(super) fn finds(options: &[&str], command: &[&str], rules: &[&str]) -> Explored {
    let explored = explore(options, command);
    assert_eq!(explored.rules(), rules, "{}", explored.json);
    assert_eq!(explored.code, 1, "{}", explored.json);
    assert!(explored.json["schedules"].as_u64() <= Some(200), "{}", explored.json);
    explored
}

/// A program of which nothing is to be said.
#[track_caller]
pub(super) fn silent(options: &[&str], command: &[&str]) -> Explored {
    let explored = explore(options, command);
    assert_eq!(explored.rules(), [""; 0], "{}", explored.json);
    assert_eq!(explored.json["outputs"].as_array().map(Vec::len), Some(1), "{}", explored.json);
    assert_eq!(explored.code, 0, "{}", explored.json);
    explored
}

/// What is said about something that cannot be explored: one message, and nothing else.
#[track_caller]
pub(super) fn refused(command: &[&str], message: &str) {
    let args = [&["explore", "--"], command].concat();
    let Output { status, stdout, stderr } = forklings(&args).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!((status.code(), stdout.as_str()), (Some(3), ""), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
}
