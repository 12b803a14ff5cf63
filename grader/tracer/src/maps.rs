//! The kernel's list of what a process has mapped. Source: `proc_pid_maps(5)`.

use std::fs::File;
use std::io::Read;

/// A mapping of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping<'a> {
    pub(crate) start: u64,
    /// The first address behind it.
    pub(crate) end: u64,
    pub(crate) writable: bool,
    /// Whether others see what is written there.
    pub(crate) shared: bool,
    /// Where in its file it begins.
    pub(crate) offset: u64,
    pub(crate) device: u32,
    pub(crate) inode: u64,
    /// The file's path, a name in brackets, or nothing.
    pub(crate) name: &'a str,
}

impl Mapping<'_> {
    /// Whether it is a segment of System V. Its number stands in place of the inode, and may be that of
    /// a file in memory as well. Source: `newseg` in the kernel.
    pub(crate) fn is_segment(&self) -> bool {
        self.shared && self.name.starts_with("/SYSV")
    }
}

/// The list of a process, as text; empty when it is gone.
pub(crate) fn of(tid: i32) -> String {
    /// The kernel writes it anew for each read, so few large reads cost the least.
    const USUAL: usize = 8192;
    let mut text = String::with_capacity(USUAL);
    let read =
        File::open(format!("/proc/{tid}/maps")).and_then(|mut f| f.read_to_string(&mut text));
    if read.is_ok() { text } else { String::new() }
}

/// The mappings in such a list, in ascending order.
pub(crate) fn read(maps: &str) -> impl Iterator<Item = Mapping<'_>> {
    maps.lines().filter_map(mapping)
}

fn mapping(line: &str) -> Option<Mapping<'_>> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let allowed = words.next()?;
    let offset = hexadecimal(words.next()?)?;
    let (major, minor) = words.next()?.split_once(':')?;
    Some(Mapping {
        start: hexadecimal(start)?,
        end: hexadecimal(end)?,
        writable: allowed.contains('w'),
        shared: allowed.ends_with('s'),
        offset,
        device: u32::try_from(hexadecimal(major)? << 20 | hexadecimal(minor)?).ok()?,
        inode: words.next()?.parse().ok()?,
        name: words.next().unwrap_or_default().trim(),
    })
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_told_by_its_line() {
        let stack = mapping("7ffc0000-7ffc3000 rw-p 00000000 00:00 0      [stack]").expect("one");
        assert_eq!((stack.start, stack.end, stack.name), (0x7ffc_0000, 0x7ffc_3000, "[stack]"));
        assert!(stack.writable && !stack.shared);
        let program = mapping("400000-401000 r-xs 00002000 08:01 12 /bin/a b").expect("one");
        assert!(!program.writable && program.shared);
        assert_eq!((program.offset, program.inode, program.name), (0x2000, 12, "/bin/a b"));
        assert!(
            mapping("7ffc0000-7ffc3000 rw-p 00000000 00:00 0").is_some_and(|m| m.name.is_empty())
        );
        assert!(mapping("no mapping").is_none());
    }
}
