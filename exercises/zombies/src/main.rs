//! The driver of `zombies`: turns a scenario's name and arguments into calls of the student's
//! functions, and prints what came of them. Given; not to be edited. It is long because the
//! scenarios are many: a function each, in the order of the TODOs.
//!
//! `cargo run -p zombies -- reap_all 5` runs one scenario. Add `strace -f` to see its calls.

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid, getsid};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use zombies::{Ended, Job, News, Reaper};
use zombies::{daemonise, limited, new_parent, reap_all, reap_one, remains};

#[expect(clippy::undocumented_unsafe_blocks, reason = "a drill is read as it stands")]
mod drills;

const USAGE: &str = "\
usage: cargo run -p zombies -- reveal [N]
       cargo run -p zombies -- SCENARIO ARGUMENTS
  reap_one END              one child that ends like END: a code, or k and a signal (3, k9)
  reap_one_of_two END       the same, while another child of the program is dead already
  reap_one_stranger         a pid that is not a child any more
  reap_all N                N children; child i ends with code i
  reap_all_ends END...      one child for each END
  reap_all_beside N         N children beside one that the program itself waits for
  reap_all_stranger N       N children and, in their midst, a pid that is not a child any more
  remains END MIB           a child that has used MIB mebibytes of memory
  remains_after MIB0 END MIB
                            the same, after another child that had used MIB0
  remains_stranger          a pid that is not a child any more
  limited K N               N jobs, K at once; job i ends with code i
  limited_waiting K N W     the same, but the first W jobs end only when the last job has begun
  limited_ends K END...     one job for each END
  reaper N                  N children, one after the other, then SIGTERM
  reaper_ends END...        one child for each END, one after the other, then SIGTERM
  reaper_burst N            N children that are all dead, and SIGTERM, before anybody looks
  reaper_told               one child, which sends SIGTERM to the program
  reaper_asleep END         a child that ends, and then SIGTERM, while the reaper sleeps
  reaper_alone              no child, and SIGTERM after a while
  daemonise                 a daemon that tells where it stands, and ends when it is told to
  daemonise_adopted CODE    a daemon that ends with CODE, below a subreaper, which adopts it
  new_parent                who adopts an orphan of this program
  new_parent_subreaper      the same, where the caller's parent has made itself a subreaper
  new_parent_far_subreaper  the same, where the parent of the caller's parent has";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(code) = drills::DRILLS.answer(&words) {
        return code;
    }
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
        ["reap_all_ends", ends @ ..] => all(&read_all(ends)?),
        ["reap_all_beside", n] => all_beside(&codes(n)?),
        ["reap_all_stranger", n] => all_stranger(&codes(n)?),
        ["remains", end, mib] => look_at_remains(0, End::read(end)?, mib.parse().ok()?),
        ["remains_after", before, end, mib] => {
            look_at_remains(before.parse().ok()?, End::read(end)?, mib.parse().ok()?)
        }
        ["remains_stranger"] => remains_of_stranger(),
        ["limited", k, n] => run_limited(k.parse().ok()?, n.parse().ok()?, 0),
        ["limited_waiting", k, n, w] => {
            run_limited(k.parse().ok()?, n.parse().ok()?, w.parse().ok()?)
        }
        ["limited_ends", k, ends @ ..] => run_limited_ends(k.parse().ok()?, &read_all(ends)?),
        ["reaper", n] => reaper(&codes(n)?),
        ["reaper_ends", ends @ ..] => reaper(&read_all(ends)?),
        ["reaper_burst", n] => reaper_burst(&codes(n)?),
        ["reaper_told"] => reaper_told(),
        ["reaper_asleep", end] => reaper_asleep(End::read(end)?),
        ["reaper_alone"] => reaper_alone(),
        ["daemonise"] => daemon(),
        ["daemonise_adopted", code] => daemon_below_subreaper(code.parse().ok()?),
        ["new_parent"] => parent_of_orphan(),
        ["new_parent_subreaper"] => parent_below_subreaper(1),
        ["new_parent_far_subreaper"] => parent_below_subreaper(2),
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

// ---- remains -----------------------------------------------------------------------------------

/// Another child may have used `before` mebibytes: what it had is not to be told.
fn look_at_remains(before: usize, end: End, mib: usize) -> io::Result<()> {
    catch_alarms()?;
    if before > 0 {
        let other = start_with(|| {
            use_memory(before);
            0
        })?;
        own_wait(other)?;
    }
    let child = start_with(|| {
        use_memory(mib);
        end.happen()
    })?;
    let remains = remains(child);
    settle(&[child])?;
    let remains = remains?;
    println!("state: {}", remains.state);
    println!("memory now: {} pages", remains.resident_pages);
    println!("kill: {}", if remains.kill_succeeded { "success" } else { "failure" });
    println!("child: {}", said(remains.ended));
    match usize::try_from(remains.peak_kib) {
        Ok(peak) if peak >= before << 10 && before > 0 => println!("memory once: another's"),
        Ok(peak) if peak >= mib << 10 => println!("memory once: {mib} MiB or more"),
        _ => println!("memory once: {} KiB", remains.peak_kib),
    }
    Ok(())
}

fn use_memory(mib: usize) {
    std::hint::black_box(vec![1_u8; mib << 20]);
}

fn remains_of_stranger() -> io::Result<()> {
    let gone = start("gone", End::Code(0))?;
    own_wait(gone)?;
    let remains = remains(gone)?;
    println!("gone: {}", said(remains.ended));
    Ok(())
}

// ---- limited -----------------------------------------------------------------------------------

/// The first `waiting` jobs end only when the last job has begun: each takes one token from a
/// semaphore, which the last job fills.
fn run_limited(k: usize, n: usize, waiting: usize) -> io::Result<()> {
    catch_alarms()?;
    tell_of_exits(Exits::OfAll);
    let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_SEMAPHORE;
    let tokens = Rc::new(EventFd::from_value_and_flags(0, flags)?);
    let job = |i: usize| -> Job {
        let tokens = Rc::clone(&tokens);
        Box::new(move || {
            println!("job {i}: begins");
            if i + 1 == n {
                let _ = tokens.write(waiting as u64);
            } else if i < waiting {
                let _ = tokens.read();
            }
            println!("job {i}: ends");
            i32::try_from(i).unwrap_or(0)
        })
    };
    let jobs: Vec<Job> = (0..n).map(job).collect();
    tell_results(k, &jobs)
}

fn run_limited_ends(k: usize, ends: &[End]) -> io::Result<()> {
    catch_alarms()?;
    tell_of_exits(Exits::OfAll);
    let job = |end: &End| -> Job {
        let end = *end;
        Box::new(move || end.happen())
    };
    let jobs: Vec<Job> = ends.iter().map(job).collect();
    tell_results(k, &jobs)
}

fn tell_results(k: usize, jobs: &[Job]) -> io::Result<()> {
    let ended = limited(k, jobs);
    settle_one()?;
    let ended = ended?;
    for (i, ended) in ended.iter().enumerate() {
        println!("job {i}: {}", said(*ended));
    }
    println!("{} jobs, {} results", jobs.len(), ended.len());
    Ok(())
}

// ---- Reaper ------------------------------------------------------------------------------------

/// Each child is told before the next one is forked.
fn reaper(ends: &[End]) -> io::Result<()> {
    catch_alarms()?;
    let mut reaper = Reaper::new()?;
    for (i, end) in ends.iter().enumerate() {
        let child = start(&format!("child {i}"), *end)?;
        let news = reaper.next();
        settle(&[child])?;
        match news? {
            News::Died(pid, ended) if pid == child => println!("child {i}: {}", said(ended)),
            News::Died(..) => println!("child {i}: taken for another"),
            News::Stop => println!("stop, but nobody asked for it"),
        }
    }
    kill(Pid::this(), Signal::SIGTERM)?;
    match reaper.next()? {
        News::Died(..) => println!("a death, but nobody was left"),
        News::Stop => println!("stop"),
    }
    Ok(())
}

/// All children are dead, and SIGTERM has come, before the first question.
fn reaper_burst(ends: &[End]) -> io::Result<()> {
    catch_alarms()?;
    let mut reaper = Reaper::new()?;
    let children = start_all(ends)?;
    settle(&children)?;
    kill(Pid::this(), Signal::SIGTERM)?;
    while let News::Died(pid, ended) = reaper.next()? {
        match children.iter().position(|child| *child == pid) {
            Some(i) => println!("child {i}: {}", said(ended)),
            None => println!("no child of ours: {pid}"),
        }
    }
    println!("stop");
    Ok(())
}

/// The death and SIGTERM may be told in either order; both must be told.
fn reaper_told() -> io::Result<()> {
    catch_alarms()?;
    let mut reaper = Reaper::new()?;
    let parent = Pid::this();
    let child = start_with(|| i32::from(kill(parent, Signal::SIGTERM).is_err()))?;
    for _ in 0..2 {
        match reaper.next()? {
            News::Died(pid, ended) if pid == child => println!("child: {}", said(ended)),
            News::Died(pid, _) => println!("no child of ours: {pid}"),
            News::Stop => println!("stop"),
        }
    }
    Ok(())
}

/// Whether SIGTERM has been sent.
static STOP_SENT: AtomicBool = AtomicBool::new(false);

/// SIGALRM comes while the reaper sleeps, or on its way there. The handler sends SIGTERM when the
/// child is dead, and not before: so the death is the older news, wherever the reaper was.
fn reaper_asleep(end: End) -> io::Result<()> {
    extern "C" fn stop_after_a_death(_: libc::c_int) {
        // The code that was interrupted may be about to look at errno.
        let errno = Errno::last();
        // ECHILD: the reaper has the death already.
        while waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
        STOP_SENT.store(kill(Pid::this(), Signal::SIGTERM).is_ok(), Ordering::SeqCst);
        errno.set();
    }
    on_alarm(SigHandler::Handler(stop_after_a_death))?;
    let mut reaper = Reaper::new()?;
    let parent = Pid::this();
    let child = start_with(|| {
        let _ = kill(parent, Signal::SIGALRM);
        end.happen()
    })?;
    for _ in 0..2 {
        match reaper.next()? {
            News::Died(pid, ended) if pid == child => println!("child: {}", said(ended)),
            News::Died(pid, _) => println!("no child of ours: {pid}"),
            News::Stop => println!("stop"),
        }
        // The reaper may have kept SIGALRM out, or have the death without a sleep.
        on_alarm(SigHandler::SigIgn)?;
        if !STOP_SENT.swap(true, Ordering::SeqCst) {
            kill(Pid::this(), Signal::SIGTERM)?;
        }
    }
    Ok(())
}

/// Whoever asks the program to stop is no child of it, and does so when it has been told to.
fn reaper_alone() -> io::Result<()> {
    catch_alarms()?;
    let caller = Pid::this();
    let (mut told, mut tell) = io::pipe()?;
    let (mut ended, alive) = io::pipe()?;
    let between = start_with(|| {
        // SAFETY: the driver has one thread.
        if let Ok(ForkResult::Child) = unsafe { fork() } {
            let _ = told.read_exact(&mut [0]);
            println!("asked to stop");
            let _ = kill(caller, Signal::SIGTERM);
        }
        0
    })?;
    own_wait(between)?;
    drop(alive);
    let mut reaper = Reaper::new()?;
    tell.write_all(b"!")?;
    match reaper.next()? {
        News::Died(..) => println!("a death, but there was no child"),
        News::Stop => println!("stop"),
    }
    ended.read_to_end(&mut Vec::new())?;
    Ok(())
}

// ---- daemonise ---------------------------------------------------------------------------------

/// The daemon waits until it is told to, so that it speaks only after `daemonise` has returned; its end
/// is seen as the end of file of a pipe, which only the daemon holds open by then.
fn daemon() -> io::Result<()> {
    catch_alarms()?;
    tell_of_exits(Exits::OfAll);
    let told = EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?;
    let (mut ended, alive) = io::pipe()?;
    let caller = Pid::this();
    let session = getsid(None)?;
    let result = daemonise(|| {
        let _ = told.read();
        let yes_or_no = |answer: bool| if answer { "yes" } else { "no" };
        println!("daemon: child of the caller: {}", yes_or_no(getppid() == caller));
        println!("daemon: in the caller's session: {}", yes_or_no(getsid(None) == Ok(session)));
        println!("daemon: leader of a session: {}", yes_or_no(getsid(None) == Ok(Pid::this())));
        println!("daemon: done");
        0
    });
    drop(alive);
    if result.is_ok() {
        println!("daemonise returned");
        told.write(1)?;
        ended.read_to_end(&mut Vec::new())?;
        println!("the daemon is gone");
    }
    settle_one()?;
    result
}

/// The caller is a child of the driver, and the driver adopts the daemon and reaps it.
fn daemon_below_subreaper(code: i32) -> io::Result<()> {
    become_subreaper()?;
    let caller = start_with(|| match daemonise(|| code) {
        Ok(()) => 0,
        Err(error) => {
            println!("error: {}", errno(&error));
            1
        }
    })?;
    reap_everybody(|status| match status {
        WaitStatus::Exited(pid, 0) if pid == caller => {}
        WaitStatus::Exited(pid, code) if pid != caller => println!("the daemon exited with {code}"),
        other => println!("the caller of daemonise: {other:?}"),
    })
}

// ---- new_parent --------------------------------------------------------------------------------

fn parent_of_orphan() -> io::Result<()> {
    catch_alarms()?;
    tell_of_exits(Exits::OfGrandchildren);
    let adopter = new_parent();
    settle_one()?;
    let adopter = adopter?;
    if adopter == Pid::this() {
        println!("adopter: the caller");
    } else if kill(adopter, None) == Err(Errno::ESRCH) {
        println!("adopter: nobody, there is no process {adopter}");
    } else {
        println!("adopter: another process");
    }
    Ok(())
}

/// The caller is so many generations below the driver, and the driver adopts the orphans of its
/// descendants.
fn parent_below_subreaper(generations: u32) -> io::Result<()> {
    become_subreaper()?;
    let driver = Pid::this();
    start_with(|| match generations {
        1 => tell_adopter(driver),
        _ => start_with(|| tell_adopter(driver)).and_then(own_wait).map_or(1, |_| 0),
    })?;
    // The orphan comes here too.
    reap_everybody(|_| {})
}

fn tell_adopter(driver: Pid) -> i32 {
    match new_parent() {
        Ok(adopter) if adopter == driver => {
            println!("adopter: the subreaper");
            0
        }
        Ok(adopter) => {
            println!("adopter: the subreaper is {driver}, not {adopter}");
            0
        }
        Err(error) => {
            println!("error: {}", errno(&error));
            1
        }
    }
}

// ---- what all scenarios use --------------------------------------------------------------------

/// From here on the orphans among the driver's descendants become its children.
fn become_subreaper() -> io::Result<()> {
    // SAFETY: this option takes a number and no pointer.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) })?;
    Ok(())
}

/// Whose `exit` is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exits {
    OfAll,
    OfGrandchildren,
}

/// Has a line printed when a child ends by `exit`: that runs what the program has registered for
/// its own end, once more, in the child. `_exit` does not.
fn tell_of_exits(whose: Exits) {
    static CALLER: AtomicI32 = AtomicI32::new(0);
    static OF_CHILDREN: AtomicBool = AtomicBool::new(false);
    extern "C" fn at_exit() {
        let caller = Pid::from_raw(CALLER.load(Ordering::SeqCst));
        let of_children = OF_CHILDREN.load(Ordering::SeqCst);
        if Pid::this() != caller && (of_children || getppid() != caller) {
            println!("a child ended by exit, not by _exit");
        }
    }
    CALLER.store(Pid::this().as_raw(), Ordering::SeqCst);
    OF_CHILDREN.store(whose == Exits::OfAll, Ordering::SeqCst);
    // SAFETY: the function may be called at any time after this.
    unsafe { libc::atexit(at_exit) };
}

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
                // Whatever the child inherited, a mask or the runtime's handler: the signal shall
                // have its default effect. Where that is not to kill, the code tells.
                // SAFETY: the default action runs no handler.
                let _ = unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) };
                let _ = SigSet::from(signal).thread_unblock();
                let _ = raise(signal);
                0
            }
        }
    }
}

fn read_all(words: &[&str]) -> Option<Vec<End>> {
    words.iter().map(|word| End::read(word)).collect()
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
            // A panic must not unwind into the parent's code either.
            let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or(101);
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

/// Waits until one child has ended and reaps nobody; returns at once when there is none.
fn settle_one() -> io::Result<()> {
    loop {
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Err(Errno::EINTR) => {}
            Ok(_) | Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
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

/// Reaps every child of the driver until nobody is left.
fn reap_everybody(mut tell: impl FnMut(WaitStatus)) -> io::Result<()> {
    loop {
        match waitpid(None, None) {
            Ok(status) => tell(status),
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
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

/// From here on SIGALRM runs a handler and interrupts the call that it meets.
fn catch_alarms() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    on_alarm(SigHandler::Handler(nothing))
}

/// No SA_RESTART: a handler interrupts the call that it meets.
fn on_alarm(handler: SigHandler) -> io::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handlers above only make calls that are safe wherever the signal arrives.
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
