//! How well a subject was kept apart from the machine.

use serde::{Deserialize, Serialize};

/// What stood between a subject and the machine while it ran. What the host did not offer is
/// `false`, never silently assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isolation {
    /// Own user, pid, mount, ipc, network and uts namespaces over a minimal read-only view.
    pub namespaces: bool,
    /// A seccomp filter and `no_new_privs`.
    pub seccomp: bool,
    /// A control group limits processes.
    pub cgroup_pids: bool,
    /// A control group limits memory.
    pub cgroup_memory: bool,
    /// The subject ran under a user other than the grader's.
    pub other_user: bool,
}

impl Isolation {
    /// One word for a report: `full`, `namespaces` or `process`.
    #[must_use]
    pub fn level(&self) -> &'static str {
        match (self.namespaces, self.cgroup_pids && self.cgroup_memory) {
            (true, true) => "full",
            (true, false) => "namespaces",
            (false, _) => "process",
        }
    }
}
