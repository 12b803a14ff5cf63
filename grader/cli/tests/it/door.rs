//! The one way from a test to the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, at home in this repository, in an environment without opinions.
pub(crate) fn forklings(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forklings"));
    command.args(args).current_dir(root());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG"]
    {
        command.env_remove(name);
    }
    command
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What a run printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end.
#[track_caller]
pub(crate) fn run(args: &[&str]) -> Said {
    let Output { status, stdout, stderr } = forklings(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

/// Puts the stub of an exercise into a class, once for each name.
pub(crate) fn hand_in_stubs(class: &Path, exercise: &str, names: &[&str]) {
    for name in names {
        let home = class.join(name).join(exercise).join("src");
        fs::create_dir_all(&home).unwrap();
        let stub = root().join("exercises").join(exercise).join("src/lib.rs");
        fs::copy(stub, home.join("lib.rs")).unwrap();
    }
}
