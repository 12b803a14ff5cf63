//! Runs a drill: this very program once more, as a child that runs the drill alone, its standard
//! output through a pipe. A run is over when nobody holds that pipe's write end any more, so what
//! the drill's own children print belongs to it.
//!
//! Nothing is left of a run. Whoever has lost its parent becomes a child of this process, a
//! subreaper, and is found, killed and reaped here. And because runs stay in this process's group, a
//! Ctrl-C at the terminal ends them with it.

use crate::comparison::Tally;
use crate::{End, Outcome};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::fs;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A run takes a few milliseconds. One that is not over after this time hangs.
const LIMIT: Duration = Duration::from_secs(2);
/// Runs that hang after which it is no use to wait for more.
const HUNG: u32 = 3;

/// Runs a drill of this program `runs` times, or until some have hung.
///
/// # Errors
/// A process cannot be made, or `/proc` cannot be read.
pub(crate) fn observe(number: usize, runs: u32) -> io::Result<Tally> {
    prctl::set_child_subreaper(true)?;
    let mut tally = Tally::default();
    let mut hung = 0;
    while tally.runs < runs && hung < HUNG {
        let (stdout, end) = run(number)?;
        hung += u32::from(end == End::Hangs);
        tally.runs += 1;
        *tally.seen.entry(Outcome::of(&stdout, end)).or_default() += 1;
    }
    Ok(tally)
}

/// One run: what it printed, and how it ended.
fn run(number: usize) -> io::Result<(Vec<u8>, End)> {
    // Not by its path: that may have been built anew meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.args(["drill", &number.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take();
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes));
        let ended = read.and_then(|_| child.wait());
        // Nobody listens any more when the run has hung.
        drop(tell.send(ended));
        bytes
    });
    let ended = told.recv_timeout(LIMIT);
    // Also ends what hangs, and with that the reader.
    bury()?;
    let bytes = reader.join().unwrap_or_default();
    Ok((bytes, ended.map_or(Ok(End::Hangs), |status| status.map(end))?))
}

fn end(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(0), _) => End::Returned,
        (Some(code), _) => End::Status(code),
        (None, signal) => End::Signal(signal.unwrap_or(0)),
    }
}

/// Kills and reaps all children, and their children, which become ours when they lose their parent.
fn bury() -> io::Result<()> {
    // Mostly nobody is left, and the look through /proc is spared.
    let mut wait = WaitPidFlag::WNOHANG;
    while waitpid(None, Some(wait)) != Err(Errno::ECHILD) {
        for child in children()? {
            // The reader may have reaped it meanwhile.
            kill(child, Signal::SIGKILL)
                .or_else(|e| if e == Errno::ESRCH { Ok(()) } else { Err(e) })?;
        }
        wait = WaitPidFlag::empty();
    }
    Ok(())
}

/// The children of this process, zombies included. Source: `proc_pid_stat(5)`; the parent is the
/// second field after the name, which ends with the last closing parenthesis.
fn children() -> io::Result<Vec<Pid>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // Whoever has gone meanwhile is not looked for.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if parent.and_then(|parent| parent.parse().ok()) == Some(std::process::id()) {
            all.push(Pid::from_raw(pid));
        }
    }
    Ok(all)
}
