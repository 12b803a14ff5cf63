//! The whole machine as its user sees it, with every change kept apart: programs of the user's own
//! run here, where each schedule must find what the first one found. Everything is there and
//! read-only; in a few folders, what is written goes into a layer of its own in memory, which is
//! looked through after a run and then forgotten. Shared memory, message queues, processes, the
//! network and pids are the sandbox's own from the start. It knows nothing of runs.

use crate::error::{Result, SandboxError};
use crate::scratch::kind_of;
use crate::steps::{bind, c, freeze, link, mount, old, parents, scratch, text};
use crate::view::DEVICES;
use forklings_sys::step::Step;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where the layers lie inside. The name is long enough not to be anybody's.
const LAYERS: &str = "/.forklings-changes";
/// What stands at the top of a machine and is made anew, or is no business of a program.
const NOT_BOUND: [&str; 6] = ["proc", "dev", "old", "lost+found", ".forklings-changes", "boot"];
/// Folders for temporary files, whose changes are always kept apart.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];
/// Folders that are empty at the start of every run.
const EMPTY: [&str; 2] = ["/dev/shm", "/dev/mqueue"];
/// Entries that are looked at after a run; more are only counted as changes.
const MOST: usize = 1000;

/// Folders whose changes are kept apart, outer ones first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Where the program runs: what it makes there is its result, also where that lies below a
    /// folder for temporary files.
    folder: PathBuf,
    layered: Vec<PathBuf>,
}

/// What a run has left in the folders whose changes are kept apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whether anything is other than it was that cannot be made as it was.
    pub any: bool,
    /// What is there and was not, without what lies inside of new folders, in order.
    pub made: Vec<Made>,
}

/// Something that is there and was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its path as the program sees it.
    pub path: PathBuf,
    /// What it is.
    pub kind: MadeKind,
    /// Whether it lies in a folder for temporary files.
    pub temporary: bool,
}

/// What a new entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeKind {
    /// A file, a folder or a link.
    File,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
    /// Shared memory: an entry of `/dev/shm`.
    SharedMemory,
    /// A named semaphore, which glibc keeps in `/dev/shm`. Source: `sem_overview(7)`.
    Semaphore,
    /// A message queue: an entry of `/dev/mqueue`. Source: `mq_overview(7)`.
    Queue,
}

impl Machine {
    /// Keeps changes in `folder` apart, beside those in the folders for temporary files.
    pub(crate) fn new(folder: &Path) -> Self {
        let mut layered: Vec<PathBuf> = Vec::new();
        // The current folder gets a layer of its own also where it lies below a folder for temporary
        // files: the layer above could not take over a folder of a user that is unknown inside.
        for path in TEMPORARY.iter().map(Path::new).chain([folder]) {
            // A link is reached through what it leads to; the root cannot be mounted over.
            let real = path.canonicalize().is_ok_and(|real| real == path && path.is_dir());
            if real && path.parent().is_some() && !layered.iter().any(|known| known == path) {
                layered.push(path.to_path_buf());
            }
        }
        layered.sort_by_key(|path| path.components().count());
        Self { folder: folder.to_path_buf(), layered }
    }

    /// The steps that make this view out of an empty root, with the machine's own under `/old`.
    pub(crate) fn furnish(&self, scratch_mib: u32) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let root = Path::new("/");
        let entries =
            fs::read_dir(root).map_err(|error| SandboxError::File { path: root.into(), error })?;
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names.iter().filter(|name| !NOT_BOUND.iter().any(|not| name == not)) {
            let path = root.join(name);
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if metadata.is_symlink() {
                steps.push(link(&path)?);
            } else if metadata.is_dir() {
                steps.extend(bind(&path, &path, false)?);
            }
        }
        steps.extend(devices()?);
        steps.push(Step::MakeDirectory(text("/dev/mqueue")?, 0o1777));
        steps.push(mount("mqueue", "/dev/mqueue", "mqueue", 0, "")?);
        steps.extend(scratch("/dev/shm", scratch_mib)?);
        steps.push(Step::MakeDirectory(text("/proc")?, 0o555));
        steps.push(mount("proc", "/proc", "proc", libc::MS_NOSUID | libc::MS_NODEV, "")?);
        steps.extend(scratch(LAYERS, scratch_mib)?);
        for (number, path) in self.layered.iter().enumerate() {
            steps.extend(layer(number, path)?);
        }
        steps.push(Step::Unmount(text("/old")?));
        steps.push(freeze()?);
        Ok(steps)
    }

    /// What differs now from what was there at first, seen from outside through `root`, the root
    /// folder of a process in the view.
    pub(crate) fn changes(&self, root: &Path) -> Changes {
        let mut changes = Changes::default();
        for folder in EMPTY {
            for path in entries(&inside(root, Path::new(folder))) {
                let name = path.file_name().unwrap_or_default();
                let semaphore = name.to_string_lossy().starts_with("sem.");
                let kind = match (folder, semaphore) {
                    ("/dev/mqueue", _) => MadeKind::Queue,
                    (_, true) => MadeKind::Semaphore,
                    (_, false) => MadeKind::SharedMemory,
                };
                let path = Path::new(folder).join(name);
                changes.made.push(Made { path, kind, temporary: true });
            }
        }
        for (number, folder) in self.layered.iter().enumerate() {
            let layer = inside(root, &Path::new(LAYERS).join(number.to_string()).join("upper"));
            self.look(&layer, folder, &mut changes);
        }
        changes.any |= !changes.made.is_empty();
        changes
    }

    /// Walks through a layer: what it has and the folder below has not is new. Source: the kernel's
    /// Documentation/filesystems/overlayfs.rst, "Upper and Lower", "whiteouts".
    fn look(&self, layer: &Path, folder: &Path, changes: &mut Changes) {
        for path in entries(layer) {
            changes.any = true;
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let kind = metadata.file_type();
            let seen = folder.join(path.file_name().unwrap_or_default());
            if kind.is_char_device() {
                continue; // a whiteout: something was removed
            }
            if fs::symlink_metadata(&seen).is_ok() {
                // It was there before: changed, or a folder with a change inside.
                if kind.is_dir() {
                    self.look(&path, &seen, changes);
                }
                continue;
            }
            let kind = kind_of(kind);
            if changes.made.len() < MOST {
                let temporary = self.is_temporary(&seen);
                changes.made.push(Made { path: seen, kind, temporary });
            }
        }
    }

    /// Whether a file at this path is one of those that nobody wants to keep.
    fn is_temporary(&self, path: &Path) -> bool {
        let temporary = |path: &Path| TEMPORARY.iter().any(|folder| path.starts_with(folder));
        let result = path.starts_with(&self.folder)
            && !TEMPORARY.iter().any(|top| self.folder == Path::new(top));
        temporary(path) && !result
    }
}

/// A second file system over a folder, in which changes go to a layer of their own.
fn layer(number: usize, folder: &Path) -> Result<Vec<Step>> {
    let home = format!("{LAYERS}/{number}");
    let (upper, work) = (format!("{home}/upper"), format!("{home}/work"));
    // The upper layer's folder gives the mode that the program sees.
    let mode = fs::metadata(folder).map_or(0o755, |meta| meta.permissions().mode() & 0o7777);
    let lower = old(folder);
    let lower = lower.to_str().filter(|path| !path.contains([',', ':', '\\']));
    let lower = lower.ok_or_else(|| SandboxError::Step {
        step: format!("mount overlay on {}", folder.display()),
        errno: libc::EINVAL,
    })?;
    Ok(vec![
        Step::MakeDirectory(text(&home)?, 0o755),
        Step::MakeDirectory(text(&upper)?, 0o755),
        Step::ChangeMode(text(&upper)?, mode),
        Step::MakeDirectory(text(&work)?, 0o755),
        Step::Mount {
            source: Some(text("forklings")?),
            target: c(folder)?,
            kind: Some(text("overlay")?),
            flags: libc::MS_NOSUID | libc::MS_NODEV,
            data: Some(text(&format!(
                "lowerdir={lower},upperdir={upper},workdir={work},userxattr"
            ))?),
        },
    ])
}

/// Devices without state, and the usual names for the standard streams.
pub(crate) fn devices() -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for device in DEVICES.iter().map(Path::new).filter(|device| device.exists()) {
        steps.extend(parents(device)?);
        steps.push(Step::MakeFile(c(device)?));
        steps.push(Step::Mount {
            source: Some(c(&old(device))?),
            target: c(device)?,
            kind: None,
            flags: libc::MS_BIND,
            data: None,
        });
    }
    for (path, target) in [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stdin", "/proc/self/fd/0"),
    ] {
        steps.push(Step::Link(text(target)?, text(path)?));
    }
    Ok(steps)
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    all.sort();
    all
}
