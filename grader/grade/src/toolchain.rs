//! The compiler: the real one, called by its path, so that no file of a submission and no shim
//! decides which one runs.

use crate::error::GradeError;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Linkers' drivers, in order of preference.
const LINKERS: [&str; 3] = ["cc", "gcc", "clang"];

/// A compiler with what it needs.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// The real `rustc`.
    pub rustc: PathBuf,
    /// Its folder of libraries and tools.
    pub sysroot: PathBuf,
    /// What `rustc -vV` says.
    pub version: String,
    /// The C compiler that drives the linker.
    pub linker: PathBuf,
}

impl Toolchain {
    /// Finds the compiler that the repository's own build uses.
    ///
    /// # Errors
    /// No `rustc`, no linker, or one that does not answer.
    pub fn find(repository: &Path) -> Result<Self, GradeError> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let sysroot = PathBuf::from(ask(Path::new(&rustc), &["--print", "sysroot"], repository)?);
        let real = sysroot.join("bin/rustc");
        let version = ask(&real, &["-vV"], repository)?;
        let linker = find_linker().ok_or_else(|| GradeError::Toolchain {
            reason: format!("no linker (looked for {} in PATH)", LINKERS.join(", ")),
        })?;
        Ok(Self { rustc: real, sysroot, version, linker })
    }
}

fn ask(program: &Path, args: &[&str], cwd: &Path) -> Result<String, GradeError> {
    let failed = |why: String| GradeError::Toolchain {
        reason: format!("`{} {}` {why}", program.display(), args.join(" ")),
    };
    let output = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .output()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("failed: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn find_linker() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut candidates = LINKERS.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
    candidates.find(|candidate| candidate.is_file())
}
