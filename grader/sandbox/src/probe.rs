//! What this machine offers, found out by trying.

use crate::{calls, cgroup};
use forklings_sys::spawn;
use forklings_sys::step::Step;
use std::sync::OnceLock;

/// How much isolation a caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// All that the machine offers.
    #[default]
    All,
    /// The same, and the subject keeps the user who started it: for programs of the user's own.
    SameUser,
    /// Neither namespaces nor control groups: the subject sees the machine as its user does.
    None,
}

/// What this machine offers to the current user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// New user, pid, mount, ipc, network and uts namespaces, with their own /proc.
    pub namespaces: bool,
    /// Seccomp filters.
    pub seccomp: bool,
    /// A process-number control group can be made.
    pub cgroup_pids: bool,
    /// A memory control group can be made.
    pub cgroup_memory: bool,
    /// The current user is root, so subjects can run as somebody else.
    pub root: bool,
}

/// The namespaces of a full sandbox.
pub(crate) const NAMESPACES: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWUTS;

/// Finds out what this machine offers. Tried once for each process.
#[must_use]
pub fn probe() -> Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    *HOST.get_or_init(|| Host {
        namespaces: can_make_namespaces(),
        seccomp: spawn::can_filter(calls::without_tracer()),
        cgroup_pids: cgroup::available("pids"),
        cgroup_memory: cgroup::available("memory"),
        root: forklings_sys::cpu::is_root(),
    })
}

/// Ubuntu and others let a process make a user namespace and then forbid everything inside, so
/// the probe does what a sandbox does: it mounts.
fn can_make_namespaces() -> bool {
    let mount = |source: &str, target: &str, kind: &str, flags| Step::Mount {
        source: std::ffi::CString::new(source).ok(),
        target: std::ffi::CString::new(target).unwrap_or_default(),
        kind: std::ffi::CString::new(kind).ok(),
        flags,
        data: None,
    };
    let steps = [
        mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE),
        mount("tmpfs", "/tmp", "tmpfs", libc::MS_NOSUID | libc::MS_NODEV),
        mount("proc", "/proc", "proc", libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC),
    ];
    spawn::succeeds(&steps, NAMESPACES)
}
