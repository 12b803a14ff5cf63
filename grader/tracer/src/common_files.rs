//! Which files processes have in common: those that one of them may make, change or remove while
//! another looks.

use forklings_model::ObjectKind;

/// Where programs find what they are made of, and the kernel's own files. Nobody changes these.
const FIXED: [&str; 9] =
    ["/usr/", "/lib", "/bin/", "/sbin/", "/etc/", "/opt/", "/proc/", "/sys/", "/dev/"];
/// What is named below [`FIXED`], and is shared all the same.
const SHARED: [&str; 2] = ["/dev/shm/", "/dev/mqueue/"];

/// Whether others may change what a path, as it was given, leads to.
pub(crate) fn is_common(path: &str) -> bool {
    let below = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    below(&SHARED) || !below(&FIXED)
}

/// Whether an object is such a file.
pub(crate) fn is_common_file(kind: &ObjectKind) -> bool {
    matches!(kind, ObjectKind::File(path) if is_common(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_nobodys_to_change_and_a_temporary_file_is() {
        for fixed in ["/lib/x86_64-linux-gnu/libc.so.6", "/etc/ld.so.cache", "/dev/null"] {
            assert!(!is_common(fixed), "{fixed}");
        }
        for common in ["/tmp/count", "count", "./count", "/dev/shm/count", "/home/a/count"] {
            assert!(is_common(common), "{common}");
        }
    }
}
