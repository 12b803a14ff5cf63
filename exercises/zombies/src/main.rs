//! The driver of `zombies`: turns a scenario's name and arguments into calls of the student's
//! functions, and prints what came of them. Given; not to be edited.
//!
//! `cargo run -p zombies -- reap_all 5` runs one scenario. Add `strace -f` to see its calls.

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::io;
use std::process::ExitCode;
use zombies::{Ended, reap_all, reap_one};

const USAGE: &str = "\
usage: cargo run -p zombies -- SCENARIO ARGUMENTS
  reap_one END              one child that ends like END: a code, or k and a signal (3, k9)
  reap_one_of_two END       the same, while another child of the program is dead already
  reap_one_stranger         a pid that is not a child any more
  reap_all N                N children; child i ends with code i
  reap_all_ends END...      one child for each END
  reap_all_beside N         N children beside one that the program itself waits for
  reap_all_stranger N       N children and, in their midst, a pid that is not a child any more";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("error: {}", errno(&error));
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Runs the scenario that the words name; `None` when they name none.
fn run(words: &[&str]) -> Option<io::Result<()>> {
    Some(match words {
        ["reap_one", end] => one(End::read(end)?),
        ["reap_one_of_two", end] => one_of_two(End::read(end)?),
        ["reap_one_stranger"] => one_stranger(),
        ["reap_all", n] => all(&codes(n)?),
        ["reap_all_ends", ends @ ..] => {
            all(&ends.iter().map(|e| End::read(e)).collect::<Option<Vec<_>>>()?)
        }
        ["reap_all_beside", n] => all_beside(&codes(n)?),
        ["reap_all_stranger", n] => all_stranger(&codes(n)?),
        _ => return None,
    })
}

// ---- reap_one ----------------------------------------------------------------------------------

fn one(end: End) -> io::Result<()> {
    catch_alarms()?;
    let child = start("child", end)?;
    let ended = reap_one(child);
    settle(&[child])?;
    println!("child: {}", said(ended?));
    Ok(())
}

/// The other child ends first, and stays a zombie until the driver itself waits for it.
fn one_of_two(end: End) -> io::Result<()> {
    catch_alarms()?;
    let other = start("other", End::Code(77))?;
    let child = start("child", end)?;
    let ended = reap_one(child);
    settle(&[child])?;
    println!("other: {}", own_wait(other)?);
    println!("child: {}", said(ended?));
    Ok(())
}

fn one_stranger() -> io::Result<()> {
    let gone = start("gone", End::Code(0))?;
    own_wait(gone)?;
    let ended = reap_one(gone)?;
    println!("gone: {}", said(ended));
    Ok(())
}

// ---- reap_all ----------------------------------------------------------------------------------

fn all(ends: &[End]) -> io::Result<()> {
    catch_alarms()?;
    let children = start_all(ends)?;
    let ended = reap_all(&children);
    if ended.is_ok() {
        println!("all reaped");
    }
    settle(&children)?;
    tell(&children, &ended?);
    Ok(())
}

/// The other child is forked first, so that it is often the first to end.
fn all_beside(ends: &[End]) -> io::Result<()> {
    catch_alarms()?;
    let other = start("other", End::Code(77))?;
    let children = start_all(ends)?;
    let ended = reap_all(&children);
    settle(&children)?;
    println!("other: {}", own_wait(other)?);
    tell(&children, &ended?);
    Ok(())
}

fn all_stranger(ends: &[End]) -> io::Result<()> {
    catch_alarms()?;
    let gone = start("gone", End::Code(0))?;
    own_wait(gone)?;
    let mut children = start_all(ends)?;
    children.insert(children.len() / 2, gone);
    let ended = reap_all(&children);
    settle(&children)?;
    tell(&children, &ended?);
    Ok(())
}

fn tell(children: &[Pid], ended: &[(Pid, Ended)]) {
    for (i, child) in children.iter().enumerate() {
        match ended.iter().find(|(pid, _)| pid == child) {
            Some((_, ended)) => println!("child {i}: {}", said(*ended)),
            None => println!("child {i}: no word of it"),
        }
    }
    println!("{} children, {} reaped", children.len(), ended.len());
}

// ---- what all scenarios use --------------------------------------------------------------------

/// How a child of the driver is to end.
#[derive(Clone, Copy)]
enum End {
    Code(i32),
    Signal(Signal),
}

impl End {
    fn read(word: &str) -> Option<Self> {
        match word.strip_prefix('k') {
            Some(number) => Signal::try_from(number.parse::<i32>().ok()?).ok().map(Self::Signal),
            None => word.parse().ok().map(Self::Code),
        }
    }

    fn happen(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => {
                // A signal whose default is not to kill leaves the child alive: then the code tells.
                let _ = raise(signal);
                0
            }
        }
    }
}

/// One end for each of `n` children: child i ends with code i.
fn codes(n: &str) -> Option<Vec<End>> {
    let n: i32 = n.parse().ok()?;
    Some((0..n).map(End::Code).collect())
}

/// Forks a child that runs `body` and ends, without going through the parent's code again.
fn start_with(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    // SAFETY: the driver has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = body();
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(code) }
        }
    }
}

/// Forks a child that says that it is done and ends.
fn start(name: &str, end: End) -> io::Result<Pid> {
    start_with(|| {
        println!("{name}: done");
        end.happen()
    })
}

fn start_all(ends: &[End]) -> io::Result<Vec<Pid>> {
    ends.iter().enumerate().map(|(i, end)| start(&format!("child {i}"), *end)).collect()
}

/// Waits until the children have ended and reaps none of them: whom the student's function has not
/// reaped by then is a zombie when the program ends, whatever the schedule.
fn settle(children: &[Pid]) -> io::Result<()> {
    for child in children {
        loop {
            match waitid(Id::Pid(*child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
                Err(Errno::EINTR) => {}
                Ok(_) | Err(Errno::ECHILD) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Waits for a child that belongs to the driver.
fn own_wait(child: Pid) -> io::Result<String> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok("somebody else has reaped it".to_owned()),
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok("reaped by its owner".to_owned()),
        }
    }
}

/// From here on SIGALRM runs a handler and interrupts the call that it meets: no SA_RESTART.
fn catch_alarms() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, so it is safe wherever the signal arrives.
    unsafe { sigaction(Signal::SIGALRM, &action) }?;
    Ok(())
}

fn said(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("exited with {code}"),
        Ended::Killed(signal) => format!("killed by signal {signal}"),
    }
}

/// The name of the error in `errno(3)`, or its text when it came from elsewhere.
fn errno(error: &io::Error) -> String {
    error.raw_os_error().map_or(error.to_string(), |raw| format!("{:?}", Errno::from_raw(raw)))
}
