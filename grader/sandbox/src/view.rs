//! What the file system looks like from inside: a new root with the machine's programs and
//! libraries read-only, a few devices, its own /proc, small /tmp and /dev/shm, and whatever the
//! caller binds. Nothing else exists there: no home, no hidden tests, no other submission.

use crate::machine::Machine;
use std::path::{Path, PathBuf};

/// What is visible inside beside the machine's programs and libraries.
#[derive(Clone, Debug, Default)]
pub struct View {
    binds: Vec<Bind>,
    machine: Option<Machine>,
    /// Size of /tmp and of /dev/shm each, in MiB. 0 stands for 16.
    pub scratch_mib: u32,
}

/// A file or folder of the host that is visible inside.
#[derive(Clone, Debug)]
pub(crate) struct Bind {
    pub(crate) host: PathBuf,
    pub(crate) inside: PathBuf,
    pub(crate) writable: bool,
}

/// Folders of the machine that hold programs and libraries; those that exist are bound, and a
/// link among them is made again as a link.
pub(crate) const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
];

/// Devices without state.
pub(crate) const DEVICES: &[&str] =
    &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

impl View {
    /// Nothing but the system.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The whole machine at its own paths, as its user sees it, for programs of the user's own.
    /// Nothing is really changed: what is written in `folder` and in the folders for temporary
    /// files is kept apart and forgotten, and everything else is read-only.
    #[must_use]
    pub fn of_machine(folder: &Path) -> Self {
        // Room for what ordinary programs write; it is memory that is only used when written to.
        Self { machine: Some(Machine::new(folder)), scratch_mib: 512, ..Self::default() }
    }

    /// Whether this is the whole machine.
    #[must_use]
    pub fn is_machine(&self) -> bool {
        self.machine.is_some()
    }

    pub(crate) fn machine(&self) -> Option<&Machine> {
        self.machine.as_ref()
    }

    /// Shows a file or folder read-only at another path. Paths are absolute.
    #[must_use]
    pub fn read_only(mut self, host: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        self.binds.push(Bind { host: host.into(), inside: inside.into(), writable: false });
        self
    }

    /// Shows a folder at another path, writable as far as its permissions allow.
    #[must_use]
    pub fn writable(mut self, host: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        self.binds.push(Bind { host: host.into(), inside: inside.into(), writable: true });
        self
    }

    pub(crate) fn binds(&self) -> &[Bind] {
        &self.binds
    }

    pub(crate) fn scratch(&self) -> u32 {
        if self.scratch_mib == 0 { 16 } else { self.scratch_mib }
    }

    /// The host's path of a file that is seen inside under `path`.
    #[must_use]
    pub fn on_host(&self, path: &Path) -> PathBuf {
        self.binds
            .iter()
            .find_map(|bind| {
                let rest = path.strip_prefix(&bind.inside).ok()?;
                Some(if rest.as_os_str().is_empty() {
                    bind.host.clone()
                } else {
                    bind.host.join(rest)
                })
            })
            .unwrap_or_else(|| path.to_path_buf())
    }
}
