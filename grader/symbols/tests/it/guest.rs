//! Builds the guests, each variant once, and finds the lines that they mark.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A built guest.
pub(crate) struct Guest {
    pub(crate) program: PathBuf,
    pub(crate) source: PathBuf,
}

impl Guest {
    /// Number of the line that ends in `here: <marker>`.
    #[track_caller]
    pub(crate) fn line(&self, marker: &str) -> u32 {
        let text = std::fs::read_to_string(&self.source).unwrap();
        let marker = format!("here: {marker}");
        let mut lines = text.lines().zip(1..);
        let marked = lines.find(|(line, _)| line.trim_end_matches(" */").ends_with(&marker));
        marked.expect("a marked line").1
    }
}

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// The folder in which the guests' sources lie.
pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/guests")
}

fn build(name: &str, source: &str, compiler: &str, options: &[&str]) -> Guest {
    let program = FOLDER.path().join(name);
    let mut command = Command::new(compiler);
    // By a relative path, as cargo does it.
    command.current_dir(sources()).args(options).arg("-o").arg(&program).arg(source);
    assert!(command.status().unwrap().success(), "{command:?}");
    Guest { program, source: sources().join(source) }
}

fn rust(name: &str, options: &[&str]) -> Guest {
    let common = ["--edition=2024", "-Cdebuginfo=line-tables-only"];
    build(name, "calls.rs", "rustc", &[&common, options].concat())
}

/// As cargo builds an exercise.
pub(crate) static DYNAMIC: LazyLock<Guest> = LazyLock::new(|| rust("dynamic", &[]));
pub(crate) static STATIC: LazyLock<Guest> =
    LazyLock::new(|| rust("static", &["-Ctarget-feature=+crt-static"]));
pub(crate) static STATIC_FIXED: LazyLock<Guest> =
    LazyLock::new(|| rust("fixed", &["-Ctarget-feature=+crt-static", "-Crelocation-model=static"]));
pub(crate) static OPTIMISED: LazyLock<Guest> = LazyLock::new(|| rust("optimised", &["-O"]));
/// As in a sandbox that has the sources elsewhere.
pub(crate) static REMAPPED: LazyLock<Guest> = LazyLock::new(|| {
    let prefix = format!("--remap-path-prefix={}={RECORDED}", sources().display());
    rust("remapped", &[&prefix])
});
pub(crate) const RECORDED: &str = "/exercise";
/// Without line tables, and without symbols.
pub(crate) static BARE: LazyLock<Guest> =
    LazyLock::new(|| rust("bare", &["-Cdebuginfo=0", "-Cstrip=symbols"]));
pub(crate) static C: LazyLock<Guest> = LazyLock::new(|| build("c", "calls.c", "cc", &["-g", "-w"]));
/// Has no search table for its call frame information.
pub(crate) static C_STATIC: LazyLock<Guest> =
    LazyLock::new(|| build("c-static", "calls.c", "cc", &["-g", "-w", "-static"]));
