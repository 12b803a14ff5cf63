//! A submission that is a folder: walked without following links, and without opening anything
//! that is not a regular file.

use super::collect::Collector;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Folders below each other that are walked.
const MAX_DEPTH: usize = 8;

pub(super) fn read(root: &Path, collector: &mut Collector) -> Result<(), String> {
    walk(root, Path::new(""), 0, collector)
}

fn walk(root: &Path, inside: &Path, depth: usize, to: &mut Collector) -> Result<(), String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let entries = root.join(inside).read_dir().map_err(cannot)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = inside.join(entry.file_name());
        let name = path.as_os_str().as_bytes();
        // `file_type` does not follow links.
        let kind = entry.file_type().map_err(cannot)?;
        if kind.is_dir() {
            if to.skips(&path) {
                continue;
            }
            if depth == MAX_DEPTH {
                to.leave_out_entry(name, "lies too deep")?;
            } else {
                walk(root, &path, depth + 1, to)?;
            }
        } else if kind.is_file() {
            match open(&entry.path()) {
                Ok(mut file) => to.offer(name, &mut file)?,
                Err(error) => to.leave_out_entry(name, &format!("cannot be read: {error}"))?,
            }
        } else if kind.is_symlink() {
            to.leave_out_entry(name, "is a symbolic link")?;
        } else {
            to.leave_out_entry(name, "is not a regular file")?;
        }
    }
    Ok(())
}

/// Opens a file that was a regular one a moment ago: should it have become a link or a FIFO in
/// between, this fails or gives nothing, but never waits. Source: `open(2)`.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}
