//! A child process in a group of its own, watched until it ends, a deadline passes or the run is
//! cancelled; then nothing of the group is left. Output goes to files, so that a grandchild that
//! keeps a descriptor open cannot make the grader wait.

use crate::runner::Ending;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Time between two looks at a child.
const POLL: Duration = Duration::from_millis(5);

/// What a child may use.
pub(crate) struct Bounds<'a> {
    /// Without a sign of life.
    pub(crate) time: Duration,
    /// Size of an output file at which it is killed, in bytes.
    pub(crate) output: u64,
    pub(crate) cancel: &'a AtomicBool,
}

/// Where a child reads and writes.
pub(crate) struct Streams<'a> {
    /// What it reads: less than a pipe holds, since nobody waits until it does.
    pub(crate) input: &'a [u8],
    pub(crate) output: &'a Path,
    /// Standard error; in `output` too if `None`.
    pub(crate) errors: Option<&'a Path>,
}

impl<'a> Streams<'a> {
    /// Both streams in one file, and nothing to read.
    pub(crate) fn to(output: &'a Path) -> Self {
        Self { input: &[], output, errors: None }
    }

    fn input(&self) -> io::Result<Stdio> {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(self.input)?;
        Ok(reader.into())
    }
}

/// Runs `command`. `watch` is called at every look; when it sees a sign of life the time begins
/// anew.
pub(crate) fn run(
    command: &mut Command,
    streams: &Streams<'_>,
    bounds: &Bounds<'_>,
    mut watch: impl FnMut() -> bool,
) -> io::Result<Ending> {
    let file = File::create(streams.output)?;
    let errors = streams.errors.map_or_else(|| file.try_clone(), File::create)?;
    command.stdin(streams.input()?).stdout(file.try_clone()?).stderr(errors.try_clone()?);
    // A group of its own: Ctrl-C at the terminal reaches the grader alone, which decides.
    let mut group = Group(command.process_group(0).spawn()?);
    let mut deadline = Instant::now() + bounds.time;
    loop {
        if group.leader_ended()? {
            return Ok(ending(group.end()?));
        }
        if bounds.cancel.load(Ordering::Relaxed) {
            return Ok(Ending::Cancelled);
        }
        if Instant::now() >= deadline {
            return Ok(Ending::TimedOut);
        }
        if file.metadata()?.len().max(errors.metadata()?.len()) > bounds.output {
            return Ok(Ending::TooMuchOutput);
        }
        if watch() {
            deadline = Instant::now() + bounds.time;
        }
        std::thread::sleep(POLL);
    }
}

/// The first `limit` bytes of a file.
pub(crate) fn head(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Killed(signal.unwrap_or(0)),
    }
}

/// A process group that is killed and whose leader is reaped when this is dropped.
struct Group(Child);

impl Group {
    fn id(&self) -> io::Result<Pid> {
        i32::try_from(self.0.id()).map(Pid::from_raw).map_err(io::Error::other)
    }

    /// Whether the leader is dead. It stays a zombie, so that its number still names the group.
    fn leader_ended(&self) -> io::Result<bool> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        Ok(waitid(Id::Pid(self.id()?), flags)? != WaitStatus::StillAlive)
    }

    /// Kills whoever is left of the group, then reaps the leader.
    fn end(&mut self) -> io::Result<ExitStatus> {
        match killpg(self.id()?, Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => self.0.wait(),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // After a first `end`, std knows the status and the number is not used again.
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            drop(self.end());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics when its fixture cannot be made")]
    use super::*;
    use tempfile::TempDir;

    #[track_caller]
    fn sh(script: &str, time: Duration, cancelled: bool) -> (Ending, Vec<u8>) {
        let folder = TempDir::new().unwrap();
        let output = folder.path().join("output");
        let cancel = AtomicBool::new(cancelled);
        let bounds = Bounds { time, output: 10_000, cancel: &cancel };
        let streams = Streams { input: b"a word", output: &output, errors: None };
        let ending =
            run(Command::new("/bin/sh").args(["-c", script]), &streams, &bounds, || false).unwrap();
        (ending, head(&output, 100).unwrap())
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn output_and_status_come_back() {
        assert_eq!(sh("echo x; exit 3", LONG, false), (Ending::Exited(3), b"x\n".to_vec()));
        assert_eq!(sh("cat; cat", LONG, false), (Ending::Exited(0), b"a word".to_vec()));
        assert_eq!(sh("kill -9 $$", LONG, false).0, Ending::Killed(9));
    }

    #[test]
    fn a_grandchild_that_keeps_the_output_open_does_not_block() {
        assert_eq!(sh("sleep 600 & exit 0", LONG, false).0, Ending::Exited(0));
    }

    #[test]
    fn limits_and_cancellation_end_it() {
        assert_eq!(sh("sleep 600", Duration::ZERO, false).0, Ending::TimedOut);
        assert_eq!(sh("sleep 600", LONG, true).0, Ending::Cancelled);
        assert_eq!(sh("yes", LONG, false).0, Ending::TooMuchOutput);
    }
}
