//! What is mapped where in a process: `/proc/<pid>/maps`. Knows only the text.

use std::path::PathBuf;

/// One line of `/proc/<pid>/maps`. Source: `proc_pid_maps(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// Offset in the file of the byte at `start`.
    pub file_offset: u64,
    /// The file as the traced process was given it, or a name in brackets such as `[vdso]`; empty
    /// for anonymous memory. Where the reader sees the file under another path, put that here.
    pub path: PathBuf,
    /// Whether instructions may be fetched from it.
    pub executable: bool,
}

impl Mapping {
    /// Whether a file stands behind it.
    pub(crate) fn is_file(&self) -> bool {
        self.path.is_absolute()
    }
}

/// Reads `/proc/<pid>/maps`. Lines of another form are left out.
#[must_use]
pub fn parse_maps(text: &str) -> Vec<Mapping> {
    text.lines().filter_map(parse_line).collect()
}

/// `start-end perms offset device inode   path`; the path may hold spaces.
fn parse_line(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut field = || {
        let (field, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = tail.trim_start_matches(' ');
        field
    };
    let (start, end) = field().split_once('-')?;
    let permissions = field();
    let file_offset = field();
    let (_device, _inode) = (field(), field());
    let hexadecimal = |digits| u64::from_str_radix(digits, 16).ok();
    Some(Mapping {
        start: hexadecimal(start)?,
        end: hexadecimal(end)?,
        file_offset: hexadecimal(file_offset)?,
        path: PathBuf::from(rest),
        executable: permissions.contains('x'),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_line_is_read_field_by_field() {
        let line = "7f0000001000-7f0000003000 r-xp 00002000 fe:01 1234     /a b/lib c.so\n";
        let mapping = parse_maps(line).pop().unwrap();
        assert_eq!((mapping.start, mapping.end), (0x7f00_0000_1000, 0x7f00_0000_3000));
        assert_eq!((mapping.file_offset, mapping.executable), (0x2000, true));
        assert_eq!(mapping.path, PathBuf::from("/a b/lib c.so"));
    }

    #[test]
    fn anonymous_memory_has_no_path_and_nonsense_is_left_out() {
        let text =
            "nonsense\n\n00-1 r\n1000-2000 rw-p 00000000 00:00 0 \n7ff0-7ff1 r-xp 0 0:0 0 [vdso]";
        let maps = parse_maps(text);
        assert_eq!(maps.len(), 2);
        assert_eq!((maps[0].path.as_os_str().len(), maps[0].executable), (0, false));
        assert!(!maps[1].is_file());
    }
}
