//! Whom a wait is for, and whether it would block. Source: `waitpid(2)`.

use crate::process::{Life, Process};
use crate::run::Run;
use crate::task::Call;
use forklings_model::{ProcId, WaitsFor};

/// `waitid`'s kinds of targets. Source: linux/wait.h.
const P_PID: u64 = 1;
const P_PGID: u64 = 2;
const P_PIDFD: u64 = 3;

impl Run<'_> {
    /// Children of a task's process that a wait with this pid is for.
    pub(crate) fn candidates(&self, t: usize, pid: i32) -> Vec<&Process> {
        let me = self.process(t);
        let group = match pid {
            0 => Some(me.group),
            other if other < -1 => Some(-other),
            _ => None,
        };
        self.processes
            .iter()
            .filter(|p| p.parent == Some(me.id) && !matches!(p.life, Life::Gone))
            .filter(|p| pid <= 0 || p.pid.0 == pid)
            .filter(|p| group.is_none_or(|group| p.group == group))
            .collect()
    }

    /// What `wait4` waits for: an end always ends it, the rest by its options.
    pub(crate) fn waits_for_child(&self, t: usize, pid: i32, options: i32) -> Option<WaitsFor> {
        self.waits_for_news(t, pid, options | libc::WEXITED)
    }

    pub(crate) fn waits_with_waitid(&self, t: usize, call: &Call) -> Option<WaitsFor> {
        if call.args[0] == P_PIDFD && self.is_nonblocking(t, call.int(1)) {
            return None;
        }
        self.waits_for_news(t, self.waitid_pid(t, call), call.int(3))
    }

    fn waits_for_news(&self, t: usize, pid: i32, options: i32) -> Option<WaitsFor> {
        let candidates = self.candidates(t, pid);
        let asked = |option: i32| options & option != 0;
        let now = asked(libc::WNOHANG)
            || candidates.is_empty()
            || candidates.iter().any(|p| {
                (asked(libc::WEXITED) && matches!(p.life, Life::Zombie))
                    || (asked(libc::WUNTRACED) && p.unreported_stop)
                    || (asked(libc::WCONTINUED) && p.unreported_continue)
            });
        let candidates: Vec<ProcId> = candidates.iter().map(|p| p.id).collect();
        (!now).then_some(WaitsFor::Child { candidates })
    }

    /// The `waitpid` number that means the same as a `waitid` call's first two arguments.
    pub(crate) fn waitid_pid(&self, t: usize, call: &Call) -> i32 {
        let id = call.int(1);
        match call.args[0] {
            P_PID => id,
            P_PGID if id == 0 => 0, // the caller's own
            P_PGID => -id,
            P_PIDFD => self.pid_behind(t, id),
            _ => -1,
        }
    }
}
