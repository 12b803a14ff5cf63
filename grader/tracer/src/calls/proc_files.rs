//! What a program reads below `/proc` about the processes of its run. Two things there would tell
//! of the tracer instead of the run: a death that the kernel shows before the parent can reap, and
//! the state of whoever stands still at the tracer's wish, `t`. Both are put right; whatever else
//! these files say is the kernel's word. Source: `proc(5)`.

use crate::error::Result;
use crate::process::Life;
use crate::ready::Ready;
use crate::run::Run;
use crate::task::{Call, State};
use forklings_model::{Fd, ObjectKind, TaskId};
use forklings_sys::memory;
use std::fs::{self, File};
use std::io::Read;

/// Bytes that are looked at of a file.
const MOST: u64 = 16 * 1024;
/// A state that only a tracee has, as `status` has it; `stat` has its letter alone.
const TRACED: &str = "t (tracing stop)";
/// What stands before the state, and before the pid, in a `status`.
const STATE: &[u8] = b"\nState:\t";
const PID: &[u8] = b"\nPid:\t";

impl Run<'_> {
    /// Whether a descriptor is a file below `/proc` about a process that is named by its number.
    pub(crate) fn is_proc_file(&self, t: usize, fd: Fd) -> bool {
        self.proc_path(t, fd).is_some()
    }

    fn proc_path(&self, t: usize, fd: Fd) -> Option<&str> {
        let entry = self.process(t).files.get(fd)?;
        let Some(ObjectKind::File(path)) = self.objects.kind(entry.object) else { return None };
        let rest = path.strip_prefix("/proc/")?;
        rest.starts_with(|c: char| c.is_ascii_digit()).then_some(path)
    }

    /// Whoever is dead for the kernel is shown as a zombie: from then on its parent can reap it.
    pub(super) fn before_proc_read(&mut self, t: usize, fd: Fd) -> Result<()> {
        if !self.is_proc_file(t, fd) {
            return Ok(());
        }
        for p in 0..self.processes.len() {
            if matches!(self.processes[p].life, Life::Unseen(_)) {
                self.reveal(p)?;
            }
        }
        Ok(())
    }

    /// Puts the state of a stopped process right in what was read. A program may read in pieces, so
    /// the whole file is read here too, as the program sees it, to know where the state stands.
    pub(super) fn after_proc_read(&mut self, t: usize, call: &Call, length: u64) -> Result<()> {
        let fd = call.int(0);
        if call.number != libc::SYS_read || length == 0 {
            return Ok(());
        }
        let (tid, host) = (self.tasks[t].tid, self.process(t).host);
        let Some(path) = self.proc_path(t, fd).filter(|path| tells_state(path)) else {
            return Ok(());
        };
        let Some(whole) = read(&format!("/proc/{host}/root{path}")) else { return Ok(()) };
        let Some((pid, field)) = state_in(&whole) else { return Ok(()) };
        let Some(state) = self.state_of(pid)? else { return Ok(()) };
        let right = field.right(state);
        let Some(end) = position(host, fd) else { return Ok(()) };
        let start = end.saturating_sub(length);
        for (at, byte) in (field.at()..).zip(right.bytes()) {
            if (start..end).contains(&at) {
                memory::write(tid, call.args[1] + (at - start), &[byte])?;
            }
        }
        Ok(())
    }

    /// The state of a process as it would be without a tracer, if it stands still for one.
    fn state_of(&mut self, pid: i32) -> Result<Option<Shown>> {
        let Some(id) = self.by_pid(pid).map(|process| process.id) else { return Ok(None) };
        let first = self.tasks.iter().position(|task| task.id == TaskId::main(id));
        let Some(t) = first else { return Ok(None) };
        Ok(match &self.tasks[t].state {
            State::GroupStopped(_) => Some(Shown::Stopped),
            State::Parked(..) => Some(match self.ready(t)? {
                Ready::Blocked(_) | Ready::Sleeps => Shown::Sleeping,
                Ready::Yes | Ready::Signalled | Ready::Preceded | Ready::Absent => Shown::Running,
            }),
            State::InKernel(..) | State::Moving | State::Gone => None,
        })
    }
}

/// What a process does, for whoever looks.
#[derive(Clone, Copy, Debug)]
enum Shown {
    Running,
    Sleeping,
    Stopped,
}

impl Shown {
    fn words(self) -> &'static str {
        match self {
            Self::Running => "R (running)",
            Self::Sleeping => "S (sleeping)",
            Self::Stopped => "T (stopped)",
        }
    }
}

/// Where the state stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// In a `stat`: the position of its letter.
    Letter(u64),
    /// In a `status`: the position of letter and words.
    Words(u64),
}

impl Field {
    fn at(self) -> u64 {
        match self {
            Self::Letter(at) | Self::Words(at) => at,
        }
    }

    /// What shall stand there, as long as what does: words are filled up with blanks.
    fn right(self, state: Shown) -> String {
        match self {
            Self::Letter(_) => state.words().chars().take(1).collect(),
            Self::Words(_) => format!("{:width$}", state.words(), width = TRACED.len()),
        }
    }
}

/// Whether a path is the `stat` or `status` of a process and nothing else: it comes from the
/// program, and is opened by the tracer.
fn tells_state(path: &str) -> bool {
    let mut parts = path.trim_start_matches("/proc/").split('/');
    let pid = parts.next().is_some_and(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()));
    pid && matches!(parts.next(), Some("stat" | "status")) && parts.next().is_none()
}

/// The beginning of a file, as much as a `status` ever has.
fn read(path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// How far a process has read an open file. Source: `proc(5)`, fdinfo.
fn position(host: i32, fd: Fd) -> Option<u64> {
    let info = fs::read_to_string(format!("/proc/{host}/fdinfo/{fd}")).ok()?;
    info.lines().find_map(|line| line.strip_prefix("pos:"))?.trim().parse().ok()
}

/// Finds the state of a tracee in its `stat` or `status`, and its pid.
fn state_in(bytes: &[u8]) -> Option<(i32, Field)> {
    let number = |bytes: &[u8]| -> Option<i32> { std::str::from_utf8(bytes).ok()?.parse().ok() };
    let place = |at: usize| u64::try_from(at).ok();
    let line = [STATE, TRACED.as_bytes(), b"\n"].concat();
    if let Some(at) = find(bytes, &line) {
        let pid = find(bytes, PID)? + PID.len();
        let length = bytes[pid..].iter().position(|&byte| byte == b'\n')?;
        return Some((number(&bytes[pid..pid + length])?, Field::Words(place(at + STATE.len())?)));
    }
    let pid = number(&bytes[..find(bytes, b" (")?])?;
    // A name may have any character in it; what follows the last bracket are numbers.
    let at = bytes.iter().rposition(|&byte| byte == b')')? + 2;
    (bytes.get(at) == TRACED.as_bytes().first()).then_some((pid, Field::Letter(place(at)?)))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_stands_behind_the_name_whatever_the_name() {
        assert_eq!(state_in(b"101 (a) t 100 101"), Some((101, Field::Letter(8))));
        assert_eq!(state_in(b"101 (a) t (b) ) t 100"), Some((101, Field::Letter(16))));
        assert_eq!(state_in(b"101 (a) Z 100 101"), None);
        assert_eq!(state_in(b"101 (a)"), None);
        assert_eq!(state_in(b""), None);
    }

    #[test]
    fn only_the_files_with_a_state_are_opened() {
        assert!(tells_state("/proc/101/stat") && tells_state("/proc/101/status"));
        for other in ["/proc/101/statm", "/proc/1/../stat", "/proc/1/root/stat", "/proc/1/stat/x"] {
            assert!(!tells_state(other), "{other}");
        }
    }

    #[test]
    fn a_status_has_a_line_for_it() {
        let status =
            b"Name:\tx\nUmask:\t0022\nState:\tt (tracing stop)\nTgid:\t7\nPid:\t7\nPPid:\t1\n";
        assert_eq!(state_in(status), Some((7, Field::Words(27))));
        assert_eq!(state_in(b"Name:\tx\nState:\tR (running)\nPid:\t7\n"), None);
    }
}
