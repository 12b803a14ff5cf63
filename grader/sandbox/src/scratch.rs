//! What a run has left in the folders of a sandbox that are empty at first, and which whoever made
//! the sandbox empties again.

use crate::machine::{Changes, Made, MadeKind};
use std::fs::{self, FileType};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// The folder for temporary files, and the one for shared memory.
const TEMPORARY: &str = "/tmp";
const MEMORY: &str = "/dev/shm";

/// What is there, in order, seen from outside through `root`, the root folder of a process inside.
pub(crate) fn left(root: &Path) -> Changes {
    let mut changes = Changes::default();
    for folder in [TEMPORARY, MEMORY] {
        let Ok(entries) = fs::read_dir(root.join(folder.trim_start_matches('/'))) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let semaphore = name.to_string_lossy().starts_with("sem.");
            let kind = match entry.file_type() {
                _ if folder == MEMORY && semaphore => MadeKind::Semaphore,
                _ if folder == MEMORY => MadeKind::SharedMemory,
                Ok(kind) => kind_of(kind),
                Err(_) => MadeKind::File,
            };
            let path = Path::new(folder).join(name);
            // Programs run in the folder for temporary files here: a file may be a result.
            changes.made.push(Made { path, kind, temporary: kind != MadeKind::File });
        }
    }
    changes.made.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

/// What an entry of a folder for files is.
pub(crate) fn kind_of(kind: FileType) -> MadeKind {
    match () {
        () if kind.is_fifo() => MadeKind::Fifo,
        () if kind.is_socket() => MadeKind::Socket,
        () => MadeKind::File,
    }
}
