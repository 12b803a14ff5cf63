//! Temporary folders. They lie in the output folder and not in `/tmp`, so that whoever holds the
//! output folder's lock may clear what a killed grader left there.

use crate::error::GradeError;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The place of all temporary folders of one run. Removed with everything in it when dropped,
/// also by a panic; after a SIGKILL, by the next run.
#[derive(Debug)]
pub(crate) struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// Clears what is left of an earlier run. The caller holds the lock of `out`.
    pub(crate) fn new(out: &Path) -> Result<Self, GradeError> {
        let root = out.join("scratch");
        if root.symlink_metadata().is_ok() {
            fs::remove_dir_all(&root).map_err(GradeError::write(&root))?;
        }
        fs::create_dir(&root).map_err(GradeError::write(&root))?;
        Ok(Self { root })
    }

    /// A new folder, removed when dropped.
    pub(crate) fn folder(&self) -> Result<TempDir, GradeError> {
        tempfile::Builder::new()
            .prefix("job-")
            .tempdir_in(&self.root)
            .map_err(GradeError::write(&self.root))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell, and the next run tries again.
        drop(fs::remove_dir_all(&self.root));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics when its fixture cannot be made")]
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_cleared() {
        let out = TempDir::new().unwrap();
        fs::create_dir_all(out.path().join("scratch/job-old/src")).unwrap();
        let scratch = Scratch::new(out.path()).unwrap();
        assert_eq!(fs::read_dir(out.path().join("scratch")).unwrap().count(), 0);
        let folder = scratch.folder().unwrap();
        fs::write(folder.path().join("x"), "x").unwrap();
        drop(scratch);
        assert!(!out.path().join("scratch").exists());
    }
}
