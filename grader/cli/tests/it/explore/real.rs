//! Programs that nobody wrote for this: shells, make, git, the usual tools, Python. In every order
//! they do what they do without a tracer, and nothing is found.

use super::door::silent;
use super::programs::{python, script};
use std::process::Command;
use tempfile::TempDir;

/// Explores a command, and compares with what it prints by itself. Where it is not installed,
/// nothing can be said.
#[track_caller]
fn behaves(command: &[&str]) {
    let folder = TempDir::new().unwrap();
    let Ok(natural) =
        Command::new(command[0]).args(&command[1..]).current_dir(folder.path()).output()
    else {
        return;
    };
    assert!(natural.status.success(), "{natural:?}");
    let explored = silent(&["--schedules", "15"], command);
    let printed = &explored.json["outputs"][0]["stdout"];
    assert_eq!(printed, &*String::from_utf8_lossy(&natural.stdout), "{}", explored.json);
}

#[test]
fn shells() {
    for shell in ["bash", "dash"] {
        behaves(&[shell, &script("jobs.sh")]);
    }
}

#[test]
fn a_fifo_and_a_lock_of_the_shell() {
    behaves(&["sh", &script("counters.sh")]);
}

#[test]
fn tools_that_fork_and_have_threads() {
    behaves(&["sh", &script("tools.sh")]);
}

#[test]
fn make_with_four_jobs() {
    behaves(&["make", "-s", "-j4", "-f", &script("four.mk")]);
}

#[test]
fn git() {
    if Command::new("git").arg("--version").output().is_ok() {
        behaves(&["sh", &script("commits.sh")]);
    }
}

#[test]
fn python_with_all_its_ways_to_have_children() {
    if let Some(python) = python() {
        behaves(&[&python, &script("children.py")]);
    }
}
