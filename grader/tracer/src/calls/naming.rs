//! Calls that give something a name by which others find it, and which outlives its maker.

use crate::run::Run;
use crate::task::Call;
use forklings_model::EventKind;
use forklings_sys::memory;

/// Longest path. Source: `limits.h(0p)`, PATH_MAX of Linux.
const PATH_MAX: usize = 4096;
/// Longest path of a socket; it need not end with a zero byte. Source: `unix(7)`.
const SOCKET_PATH_MAX: u64 = 108;
/// Bytes before the path in a `struct sockaddr_un`. Source: `unix(7)`.
const FAMILY: u64 = 2;

impl Run<'_> {
    /// A call has returned 0: says so where it made a name.
    pub(super) fn named(&mut self, t: usize, call: &Call) {
        let place = match call.number {
            libc::SYS_bind => return self.bound(t, call),
            libc::SYS_mkdir | libc::SYS_mknod => call.args[0],
            libc::SYS_link
            | libc::SYS_symlink
            | libc::SYS_rename
            | libc::SYS_mkdirat
            | libc::SYS_mknodat => call.args[1],
            libc::SYS_symlinkat => call.args[2],
            libc::SYS_linkat | libc::SYS_renameat | libc::SYS_renameat2 => call.args[3],
            _ => return,
        };
        if let Ok(path) = memory::string(self.tasks[t].tid, place, PATH_MAX) {
            self.emit(t, EventKind::Named { path });
        }
    }

    /// A socket has an address; only one that is a path is a name that stays.
    fn bound(&mut self, t: usize, call: &Call) {
        let tid = self.tasks[t].tid;
        let length = call.args[2].saturating_sub(FAMILY).min(SOCKET_PATH_MAX);
        let mut bytes = vec![0; usize::try_from(FAMILY + length).unwrap_or(0)];
        if memory::exact(tid, call.args[1], &mut bytes).is_err() {
            return;
        }
        let [low, high, path @ ..] = &bytes[..] else { return };
        let unix = i32::from(u16::from_le_bytes([*low, *high])) == libc::AF_UNIX;
        let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
        if unix && !path.is_empty() {
            let path = String::from_utf8_lossy(path).into_owned();
            self.emit(t, EventKind::Named { path });
        }
    }
}
