//! Which names inside a submission are safe to use. A name is only ever compared, never opened,
//! but a hostile one must not look like a harmless one in a report either.

use std::path::{Path, PathBuf};

/// Longest name that is taken, in bytes. Source: `path_resolution(7)`, PATH_MAX.
const MAX_BYTES: usize = 4096;

/// Folders that hold no hand-in: each is named once and not looked into.
const SKIPPED: [&str; 8] =
    ["target", ".git", ".hg", ".svn", "node_modules", "__MACOSX", ".idea", ".vscode"];

/// The relative path that an archive's entry names, without `.` components.
pub(super) fn clean(raw: &[u8]) -> Result<PathBuf, &'static str> {
    if raw.len() > MAX_BYTES {
        return Err("its name is too long");
    }
    let Ok(name) = std::str::from_utf8(raw) else {
        return Err("its name is not UTF-8");
    };
    if name.chars().any(char::is_control) {
        return Err("its name holds a control character");
    }
    if name.contains('\\') {
        return Err("its name holds a backslash; pack it with `/` between folders");
    }
    if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        return Err("its name is an absolute path");
    }
    if name.split('/').any(|part| part == "..") {
        return Err("its name leads out of the submission");
    }
    let path: PathBuf = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if path.as_os_str().is_empty() { Err("it has no name") } else { Ok(path) }
}

/// A hostile name, made fit to be shown: at most 200 characters of text.
pub(super) fn shown(raw: &[u8]) -> PathBuf {
    let text = String::from_utf8_lossy(raw);
    let safe = text.chars().take(200).flat_map(|c| -> Vec<char> {
        if c.is_control() { c.escape_default().collect() } else { vec![c] }
    });
    PathBuf::from(safe.collect::<String>())
}

/// The folder in front of the path that is not looked into, if there is one.
pub(super) fn skipped(path: &Path) -> Option<PathBuf> {
    let mut folder = PathBuf::new();
    for part in path.components() {
        folder.push(part);
        if SKIPPED.iter().any(|name| part.as_os_str() == *name) {
            return Some(folder);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_names_are_taken() {
        assert_eq!(clean(b"./zombies//src/lib.rs"), Ok("zombies/src/lib.rs".into()));
        assert_eq!(clean("größe/lib.rs".as_bytes()), Ok("größe/lib.rs".into()));
    }

    #[test]
    fn hostile_names_are_refused() {
        for name in [
            &b"../x"[..],
            b"a/../../x",
            b"/etc/passwd",
            b"C:/x",
            b"a\\..\\x",
            b"a\nb",
            b"a\0b",
            b"\xff",
            b"",
            b"./",
            b"a/..",
            b"x\x1b[31m",
        ] {
            assert!(clean(name).is_err(), "{name:?}");
        }
        assert!(clean(&[b'a'; 5000]).is_err());
    }

    #[test]
    fn a_shown_name_holds_no_control_character() {
        assert_eq!(shown(b"a\nb\x1b[0m"), PathBuf::from("a\\nb\\u{1b}[0m"));
    }

    #[test]
    fn build_products_are_skipped_as_a_whole() {
        assert_eq!(skipped(Path::new("a/target/debug/x")), Some("a/target".into()));
        assert_eq!(skipped(Path::new("a/src/lib.rs")), None);
    }
}
