//! The lists of steps that make a sandbox, in the order in which they must happen.

use crate::error::{Result, SandboxError};
use crate::machine::devices;
use crate::view::{SYSTEM, View};
use forklings_sys::step::Step;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// User and group of the subject inside its namespace.
pub(crate) const INSIDE_USER: u32 = 1000;
/// The unprivileged user of the host that a subject is mapped to when the grader is root.
pub(crate) const NOBODY: u32 = 65534;

/// Where the old root stands while the new one is furnished.
const OLD: &str = "/old";
/// No set-user-id programs, no device files.
const QUIET: u64 = libc::MS_NOSUID | libc::MS_NODEV;

/// Makes a root of our own and enters it. Works on /tmp because every machine has one; the files
/// below the host's /tmp are reached as `/old/tmp`, since the mount moves with the root.
pub(crate) fn enter_view(view: &View) -> Result<Vec<Step>> {
    let mut steps = vec![
        mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, "")?,
        mount("tmpfs", "/tmp", "tmpfs", QUIET, "size=1m,mode=755")?,
        Step::MakeDirectory(text("/tmp/old")?, 0o755),
        Step::PivotRoot(text("/tmp")?, text("/tmp/old")?),
        Step::ChangeDirectory(text("/")?),
    ];
    steps.extend(match view.machine() {
        Some(machine) => machine.furnish(view.scratch())?,
        None => furnish(view)?,
    });
    Ok(steps)
}

/// Nothing but the system, scratch folders, and what the view binds.
fn furnish(view: &View) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for path in SYSTEM.iter().map(Path::new) {
        let Ok(metadata) = fs::symlink_metadata(path) else { continue };
        if metadata.is_symlink() {
            steps.extend(parents(path)?);
            steps.push(link(path)?);
        } else {
            steps.extend(bind(path, path, false)?);
        }
    }
    steps.extend(devices()?);
    for path in ["/tmp", "/dev/shm"] {
        steps.extend(scratch(path, view.scratch())?);
    }
    steps.push(Step::MakeDirectory(text("/proc")?, 0o555));
    steps.push(mount("proc", "/proc", "proc", QUIET | libc::MS_NOEXEC, "")?);
    for binding in view.binds() {
        steps.extend(bind(&binding.host, &binding.inside, binding.writable)?);
    }
    steps.push(Step::Unmount(text(OLD)?));
    steps.push(freeze()?);
    Ok(steps)
}

/// The root's own file system takes no more changes.
pub(crate) fn freeze() -> Result<Step> {
    mount("none", "/", "", libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | QUIET, "")
}

/// A folder in memory, of so many MiB.
pub(crate) fn scratch(path: &str, mib: u32) -> Result<[Step; 2]> {
    let options = format!("size={mib}m,mode=1777,nr_inodes=8192");
    Ok([Step::MakeDirectory(text(path)?, 0o1777), mount("tmpfs", path, "tmpfs", QUIET, &options)?])
}

/// The same link as the machine has at this place.
pub(crate) fn link(path: &Path) -> Result<Step> {
    let target =
        fs::read_link(path).map_err(|error| SandboxError::File { path: path.into(), error })?;
    Ok(Step::Link(c(&target)?, c(path)?))
}

pub(crate) fn bind(host: &Path, inside: &Path, writable: bool) -> Result<Vec<Step>> {
    let mut steps = parents(inside)?;
    steps.push(if host.is_dir() {
        Step::MakeDirectory(c(inside)?, 0o755)
    } else {
        Step::MakeFile(c(inside)?)
    });
    steps.push(Step::Mount {
        source: Some(c(&old(host))?),
        target: c(inside)?,
        kind: None,
        flags: libc::MS_BIND | libc::MS_REC,
        data: None,
    });
    if !writable {
        steps.push(Step::MakeReadOnly(c(inside)?));
    }
    Ok(steps)
}

pub(crate) fn parents(path: &Path) -> Result<Vec<Step>> {
    let mut above: Vec<&Path> = path.ancestors().skip(1).filter(|p| p.parent().is_some()).collect();
    above.reverse();
    above.into_iter().map(|p| Ok(Step::MakeDirectory(c(p)?, 0o755))).collect()
}

pub(crate) fn old(path: &Path) -> PathBuf {
    Path::new(OLD).join(path.strip_prefix("/").unwrap_or(path))
}

pub(crate) fn mount(
    source: &str,
    target: &str,
    kind: &str,
    flags: u64,
    data: &str,
) -> Result<Step> {
    Ok(Step::Mount {
        source: Some(text(source)?),
        target: text(target)?,
        kind: (!kind.is_empty()).then(|| text(kind)).transpose()?,
        flags,
        data: (!data.is_empty()).then(|| text(data)).transpose()?,
    })
}

/// A string for the kernel.
pub(crate) fn text(string: &str) -> Result<CString> {
    CString::new(string).map_err(|_| SandboxError::ZeroByte(string.to_owned()))
}

/// A path for the kernel.
pub(crate) fn c(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| SandboxError::ZeroByte(path.display().to_string()))
}

/// What a failed step was about, for an error message.
pub(crate) fn describe(step: Option<&Step>) -> String {
    match step {
        None => "clone".to_owned(),
        Some(Step::Mount { target, kind, .. }) => format!(
            "mount {} on {}",
            kind.as_ref().map_or_else(|| "an existing tree".into(), |k| k.to_string_lossy()),
            target.to_string_lossy()
        ),
        Some(other) => {
            let name = format!("{other:?}");
            name.chars().take(120).collect()
        }
    }
}
