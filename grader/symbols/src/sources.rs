//! The student's source files: how the compiler named them, and the text of their lines. Reads
//! nothing outside the folders it was given: the paths come from the judged program itself.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Larger files are not shown, longer lines are cut.
const MAX_FILE: u64 = 1 << 20;
const MAX_LINE: usize = 200;
const MAX_FILES: usize = 64;

/// A folder of sources.
struct Root {
    /// The path by which the compiler knew it.
    recorded: PathBuf,
    /// Where it is now, free of symbolic links.
    folder: PathBuf,
}

/// Folders that source files are looked for in.
#[derive(Default)]
pub(crate) struct Sources {
    roots: Vec<Root>,
    /// Lines by path; `None` for a file that cannot be shown.
    files: HashMap<PathBuf, Option<Vec<String>>>,
}

impl Sources {
    pub(crate) fn add(&mut self, recorded: PathBuf, folder: &Path) {
        // A folder that does not exist still makes recorded paths short.
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        self.roots.push(Root { recorded, folder });
    }

    /// The path to print for a recorded one, and the text of the line.
    pub(crate) fn find(&mut self, recorded: &Path, line: u32) -> (PathBuf, Option<String>) {
        let recorded = normal(recorded);
        let found = self.roots.iter().find_map(|root| {
            let relative = recorded
                .strip_prefix(&root.recorded)
                .or_else(|_| recorded.strip_prefix(&root.folder))
                .ok()
                .or_else(|| {
                    let relative = recorded.is_relative() && root.folder.join(&recorded).is_file();
                    relative.then_some(recorded.as_path())
                })?;
            Some((relative.to_owned(), root.folder.clone()))
        });
        let Some((relative, folder)) = found else { return (recorded, None) };
        let text = self.line(&folder, &relative, line);
        (relative, text)
    }

    fn line(&mut self, folder: &Path, relative: &Path, line: u32) -> Option<String> {
        if self.files.len() >= MAX_FILES {
            self.files.clear();
        }
        let path = folder.join(relative);
        let lines = self.files.entry(path).or_insert_with_key(|path| read(folder, path));
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        lines.as_ref()?.get(index).cloned()
    }
}

fn read(folder: &Path, path: &Path) -> Option<Vec<String>> {
    let path = fs::canonicalize(path).ok().filter(|path| path.starts_with(folder))?;
    let metadata = fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    let text = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    Some(text.lines().map(|line| line.trim().chars().take(MAX_LINE).collect()).collect())
}

/// Without `.` and `..`, which compilers leave in the paths they record.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                normal.push(component);
            }
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn exercise() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "one\n    two();\n").unwrap();
        folder
    }

    #[test]
    fn a_file_below_a_root_is_relative_and_has_text() {
        let folder = exercise();
        let mut sources = Sources::default();
        sources.add(PathBuf::from("/build/zombies"), folder.path());
        for recorded in [
            folder.path().join("src/lib.rs"),
            folder.path().join("./tests/../src/lib.rs"),
            PathBuf::from("/build/zombies/src/lib.rs"),
            PathBuf::from("src/lib.rs"),
        ] {
            let (file, text) = sources.find(&recorded, 2);
            assert_eq!((file, text.as_deref()), (PathBuf::from("src/lib.rs"), Some("two();")));
        }
        assert_eq!(sources.find(Path::new("src/lib.rs"), 3).1, None);
        assert_eq!(sources.find(Path::new("src/lib.rs"), 0).1, None);
    }

    #[test]
    fn nothing_outside_the_roots_is_read() {
        let folder = exercise();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("src/link.rs")).unwrap();
        let mut sources = Sources::default();
        sources.add(folder.path().to_owned(), folder.path());
        assert_eq!(sources.find(Path::new("/etc/passwd"), 1).1, None);
        assert_eq!(sources.find(Path::new("src/link.rs"), 1).1, None);
        assert_eq!(sources.find(Path::new("../../../../etc/passwd"), 1).1, None);
    }
}
