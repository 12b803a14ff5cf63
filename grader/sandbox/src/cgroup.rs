//! Control groups: the limits on processes and memory that a subject cannot get round. Version 1
//! is written directly; version 2 where the own group may have children with these controllers.
//! Source: `cgroups(7)`.

use crate::error::{Result, SandboxError};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Groups made for one sandbox. Dropping removes them; they must be empty by then.
#[derive(Debug)]
pub(crate) struct Cgroup {
    folders: Vec<PathBuf>,
    /// Counts kills; kept open, as it is read twice for every run.
    kills: Option<File>,
}

/// Prefix of our folders' names, followed by the maker's pid, so that leftovers of a killed
/// grader can be told and removed.
const PREFIX: &str = "forklings-";

/// Whether a group with this controller can be made here.
pub(crate) fn available(controller: &str) -> bool {
    parent_of(controller).is_some_and(|parent| {
        sweep(&parent.folder);
        make_below(&parent.folder).is_ok_and(|folder| {
            let usable = fs::metadata(folder.join(limit_file(controller, parent.version))).is_ok();
            usable && fs::remove_dir(&folder).is_ok()
        })
    })
}

impl Cgroup {
    /// Makes groups that limit processes (threads included) and memory, as far as the machine
    /// allows.
    pub(crate) fn new(processes: u32, memory_mib: u32) -> Self {
        let mut made = Self { folders: Vec::new(), kills: None };
        let bytes = u64::from(memory_mib) * 1024 * 1024;
        for (controller, limit) in [("pids", u64::from(processes)), ("memory", bytes)] {
            let Some(parent) = parent_of(controller) else { continue };
            let Ok(folder) = make_below(&parent.folder) else { continue };
            let file = folder.join(limit_file(controller, parent.version));
            if fs::write(&file, limit.to_string()).is_err() {
                // Best effort: an empty group does no harm, and the next sweep takes it.
                drop(fs::remove_dir(&folder));
                continue;
            }
            if controller == "memory" {
                made.kills = File::open(folder.join(kills_file(parent.version))).ok();
            }
            made.folders.push(folder);
        }
        made
    }

    /// Puts a process, and what it will fork, into the groups.
    pub(crate) fn admit(&self, pid: i32) -> Result<()> {
        for folder in &self.folders {
            let path = folder.join("cgroup.procs");
            fs::write(&path, pid.to_string())
                .map_err(|error| SandboxError::File { path, error })?;
        }
        Ok(())
    }

    /// How many processes the kernel killed because the group's memory was used up.
    pub(crate) fn out_of_memory_kills(&self) -> u64 {
        /// Longer than any of these files.
        const LENGTH: usize = 512;
        let mut bytes = [0; LENGTH];
        let read = self.kills.as_ref().and_then(|file| file.read_at(&mut bytes, 0).ok());
        let text = String::from_utf8_lossy(&bytes[..read.unwrap_or(0)]);
        text.lines()
            .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
            .unwrap_or(0)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            // A group that is busy for a moment longer is swept by the next grader.
            drop(fs::remove_dir(folder));
        }
    }
}

struct Parent {
    folder: PathBuf,
    version: u8,
}

/// Where a group with this controller would be made: below the group this process is in.
fn parent_of(controller: &str) -> Option<Parent> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = |wanted: &str| {
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            controllers.split(',').any(|c| c == wanted).then(|| path.trim_start_matches('/'))
        })
    };
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (_, point, kind, options) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        if kind == "cgroup" && options.split(',').any(|option| option == controller) {
            return Some(Parent { folder: Path::new(point).join(own(controller)?), version: 1 });
        }
        if kind == "cgroup2" && own("").is_some() {
            let folder = Path::new(point).join(own("")?);
            let enabled = fs::read_to_string(folder.join("cgroup.subtree_control")).ok()?;
            if enabled.split_whitespace().any(|c| c == controller) {
                return Some(Parent { folder, version: 2 });
            }
        }
    }
    None
}

fn limit_file(controller: &str, version: u8) -> &'static str {
    match (controller, version) {
        ("pids", _) => "pids.max",
        (_, 1) => "memory.limit_in_bytes",
        _ => "memory.max",
    }
}

/// Where the kernel counts the processes it killed for want of memory.
fn kills_file(version: u8) -> &'static str {
    if version == 1 { "memory.oom_control" } else { "memory.events" }
}

fn make_below(parent: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
    fs::create_dir(&folder)?;
    Ok(folder)
}

/// Removes groups whose maker no longer exists.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        if let Some(maker) = maker
            && !Path::new("/proc").join(maker).exists()
        {
            drop(fs::remove_dir(entry.path()));
        }
    }
}
