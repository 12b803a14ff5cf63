//! The driver of `signal-sync`: turns a scenario's name and arguments into calls of the student's
//! functions, and prints what came of them. Given; not to be edited.
//!
//! `cargo run -p signal-sync -- ping_pong plain 3` runs one scenario. Add `strace -f` to see its
//! calls.

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, setpgid};
use signal_sync::{child_waits, parent_waits, ping_pong, ring_barrier, scoped};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

#[expect(clippy::undocumented_unsafe_blocks, reason = "a drill is read as it stands")]
mod drills;

const USAGE: &str = "\
usage: cargo run -p signal-sync -- reveal [N]
       cargo run -p signal-sync -- SCENARIO ARGUMENTS
  child_waits CALLER        the parent's part, then the child's
  child_waits_alarmed       the same; SIGALRM strikes the child before the parent's part
  child_waits_long          the same; the parent's part takes two seconds
  parent_waits CALLER       the child's part, then the parent's, while the child goes on
  parent_waits_alarmed      the same; SIGALRM strikes the parent before the child's part
  parent_waits_long         the same; the child's part takes two seconds
  ping_pong CALLER N        N rounds
  ring_barrier CALLER N     N children arrive, and leave when all have arrived
  ring_barrier_late N LAST  the same; child LAST arrives when all others have
  ring_barrier_alarmed N LAST
                            the same; SIGALRM strikes everybody before LAST arrives
  scoped USE CALLER         what is run waits by sigwait or by sigsuspend; or it leaves a SIGUSR1
                            behind, or panics, or stays quiet
  merge N, merge_blocked N  how often a handler runs for N signals (none of your functions)
CALLER says how the caller treats signals when it calls your function:
  plain     as a program starts
  blocking  it blocks SIGUSR1
  handling  it has a handler of its own for SIGUSR1
  ignoring  it ignores SIGUSR1
  holding   it has a handler for SIGTERM, blocks it for now, and SIGTERM comes";

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
        ["child_waits", caller] => first_parent(Caller::read(caller)?),
        ["child_waits_alarmed"] => first_parent_alarmed(),
        ["child_waits_long"] => {
            call(|| child_waits(|_| work("parent"), || println!("child: then")))
        }
        ["parent_waits", caller] => first_child(Caller::read(caller)?),
        ["parent_waits_alarmed"] => first_child_alarmed(),
        ["parent_waits_long"] => first_child_long(),
        ["ping_pong", caller, n] => turns(Caller::read(caller)?, n.parse().ok()?),
        ["ring_barrier", caller, n] => ring(Caller::read(caller)?, n.parse().ok()?, None),
        ["ring_barrier_late", n, last] => {
            ring(Caller::Plain, n.parse().ok()?, Some((last.parse().ok()?, || {})))
        }
        ["ring_barrier_alarmed", n, last] => {
            // Whoever sends a signal to the group sends it to cargo, too, where it has started this.
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            ring(Caller::Plain, n.parse().ok()?, Some((last.parse().ok()?, alarm_all)))
        }
        ["scoped", how, caller] => within(Use::read(how)?, Caller::read(caller)?),
        ["merge", n] => merge(n.parse().ok()?, false),
        ["merge_blocked", n] => merge(n.parse().ok()?, true),
        _ => return None,
    })
}

// ---- child_waits -------------------------------------------------------------------------------

fn first_parent(caller: Caller) -> io::Result<()> {
    catch_alarms()?;
    caller.prepare()?;
    let first = |child| {
        if caller == Caller::Holding {
            let _ = kill(child, Signal::SIGTERM);
        }
        println!("parent: first");
    };
    let then = || {
        println!("child: then");
        tell_if_let_in("child");
    };
    call(|| child_waits(first, then))
}

/// The child's handler answers before the parent goes on, so SIGALRM has come to the child, and
/// perhaps interrupted its wait, before the parent's part is done.
fn first_parent_alarmed() -> io::Result<()> {
    let answer = Counter::new()?;
    answer_alarms(&answer)?;
    let first = |child| {
        let _ = kill(child, Signal::SIGALRM);
        answer.take();
        println!("parent: first");
    };
    call(|| child_waits(first, || println!("child: then")))
}

/// A part that takes its time.
fn work(who: &str) {
    thread::sleep(Duration::from_secs(2));
    println!("{who}: first");
}

// ---- parent_waits ------------------------------------------------------------------------------

/// The child's `rest` takes until the parent's `then` has been run.
fn first_child(caller: Caller) -> io::Result<()> {
    catch_alarms()?;
    caller.prepare()?;
    if caller == Caller::Holding {
        raise(Signal::SIGTERM)?;
    }
    let done = Counter::new()?;
    let rest = || {
        done.take();
        println!("child: rest");
    };
    let then = || {
        println!("parent: then");
        tell_if_let_in("parent");
        done.add(1);
    };
    call(|| parent_waits(|| println!("child: first"), rest, then))?;
    caller.release()
}

/// As for the child above: SIGALRM has come to the parent before the child's part is done.
fn first_child_alarmed() -> io::Result<()> {
    let answer = Counter::new()?;
    answer_alarms(&answer)?;
    let parent = Pid::this();
    let first = || {
        let _ = kill(parent, Signal::SIGALRM);
        answer.take();
        println!("child: first");
    };
    call(|| parent_waits(first, || println!("child: rest"), || println!("parent: then")))
}

fn first_child_long() -> io::Result<()> {
    call(|| parent_waits(|| work("child"), || println!("child: rest"), || println!("parent: then")))
}

// ---- ping_pong ---------------------------------------------------------------------------------

fn turns(caller: Caller, n: usize) -> io::Result<()> {
    catch_alarms()?;
    caller.prepare()?;
    if caller == Caller::Holding {
        raise(Signal::SIGTERM)?;
    }
    let ping = |i| {
        println!("ping {i}");
        tell_if_let_in("parent");
    };
    call(|| ping_pong(n, ping, |i| println!("pong {i}")))?;
    caller.release()
}

// ---- ring_barrier ------------------------------------------------------------------------------

/// The last child, if one is to be it, takes one token for each of the others, and does something,
/// before it arrives.
fn ring(caller: Caller, n: usize, last: Option<(usize, fn())>) -> io::Result<()> {
    catch_alarms()?;
    caller.prepare()?;
    let arrived = Counter::new()?;
    let arrive = |i| {
        if caller == Caller::Holding {
            let _ = raise(Signal::SIGTERM);
        }
        match last {
            Some((last, act)) if i == last => {
                (1..n).for_each(|_| arrived.take());
                act();
            }
            Some(_) => arrived.add(1),
            None => {}
        }
        println!("child {i}: arrives");
    };
    let leave = |i| {
        println!("child {i}: leaves");
        tell_if_let_in("child");
    };
    call(|| ring_barrier(n, arrive, leave))
}

// ---- scoped ------------------------------------------------------------------------------------

/// What is run inside of the scope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Sigwait,
    Sigsuspend,
    Left,
    Panic,
    Quiet,
}

impl Use {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "sigwait" => Self::Sigwait,
            "sigsuspend" => Self::Sigsuspend,
            "left" => Self::Left,
            "panic" => Self::Panic,
            "quiet" => Self::Quiet,
            _ => return None,
        })
    }

    fn happen(self) -> io::Result<u32> {
        let mask = SigSet::thread_get_mask()?;
        println!("inside: SIGUSR1 is blocked: {}", yes_or_no(mask.contains(Signal::SIGUSR1)));
        if self == Self::Quiet {
            return Ok(4711);
        }
        let parent = Pid::this();
        let child = start(|| {
            let _ = kill(parent, Signal::SIGUSR1);
        })?;
        match self {
            Self::Sigwait => {
                SigSet::from_iter([Signal::SIGUSR1]).wait()?;
                println!("inside: SIGUSR1 has come");
            }
            Self::Sigsuspend => {
                let mut open = mask;
                open.remove(Signal::SIGUSR1);
                open.suspend()?;
                println!("inside: SIGUSR1 has come");
            }
            Self::Left | Self::Panic | Self::Quiet => {}
        }
        reap(child)?;
        if self == Self::Panic {
            // Unwinds as a panic does, but without its message.
            resume_unwind(Box::new(()));
        }
        Ok(4711)
    }
}

fn within(how: Use, caller: Caller) -> io::Result<()> {
    catch_alarms()?;
    caller.prepare()?;
    if caller == Caller::Holding {
        raise(Signal::SIGTERM)?;
    }
    call(|| {
        match catch_unwind(AssertUnwindSafe(|| scoped(|| how.happen()))) {
            Ok(result) => println!("inside: {}", result??),
            Err(_) => println!("inside: panicked"),
        }
        Ok(())
    })?;
    caller.release()
}

// ---- none of the student's functions -----------------------------------------------------------

/// A child sends SIGUSR1 `n` times; the parent counts in its handler, perhaps with the signal
/// blocked until all have been sent.
fn merge(n: u32, blocked: bool) -> io::Result<()> {
    static TIMES: AtomicU32 = AtomicU32::new(0);
    extern "C" fn count(_: libc::c_int) {
        TIMES.fetch_add(1, Ordering::SeqCst);
    }
    install(Signal::SIGUSR1, SigHandler::Handler(count), SaFlags::SA_RESTART)?;
    let usr1 = SigSet::from_iter([Signal::SIGUSR1]);
    if blocked {
        usr1.thread_block()?;
    }
    let parent = Pid::this();
    let child = start(|| {
        for _ in 0..n {
            let _ = kill(parent, Signal::SIGUSR1);
        }
    })?;
    reap(child)?;
    usr1.thread_unblock()?;
    println!("sent {n} times, handled {} times", TIMES.load(Ordering::SeqCst));
    Ok(())
}

// ---- what all scenarios use --------------------------------------------------------------------

/// How the caller of the student's function treats signals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Plain,
    Blocking,
    Handling,
    Ignoring,
    Holding,
}

impl Caller {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "plain" => Self::Plain,
            "blocking" => Self::Blocking,
            "handling" => Self::Handling,
            "ignoring" => Self::Ignoring,
            "holding" => Self::Holding,
            _ => return None,
        })
    }

    fn prepare(self) -> io::Result<()> {
        match self {
            Self::Plain => {}
            Self::Blocking => SigSet::from_iter([Signal::SIGUSR1]).thread_block()?,
            Self::Handling => {
                let handler = SigHandler::Handler(not_for_the_caller);
                install(Signal::SIGUSR1, handler, SaFlags::SA_RESTART)?;
            }
            Self::Ignoring => install(Signal::SIGUSR1, SigHandler::SigIgn, SaFlags::empty())?,
            Self::Holding => {
                install(Signal::SIGTERM, SigHandler::Handler(let_in), SaFlags::SA_RESTART)?;
                SigSet::from_iter([Signal::SIGTERM]).thread_block()?;
            }
        }
        Ok(())
    }

    /// At last the caller takes the SIGTERM that it has held back.
    fn release(self) -> io::Result<()> {
        if self == Self::Holding && !LET_IN.load(Ordering::SeqCst) {
            SigSet::from_iter([Signal::SIGTERM]).thread_unblock()?;
            let there = LET_IN.load(Ordering::SeqCst);
            println!("SIGTERM: {}", if there { "kept for the caller" } else { "gone" });
        }
        Ok(())
    }
}

/// The caller's own handler for SIGUSR1 has run.
static WRONG_HANDLER: AtomicBool = AtomicBool::new(false);

extern "C" fn not_for_the_caller(_: libc::c_int) {
    WRONG_HANDLER.store(true, Ordering::SeqCst);
}

/// SIGTERM has been handled.
static LET_IN: AtomicBool = AtomicBool::new(false);

extern "C" fn let_in(_: libc::c_int) {
    LET_IN.store(true, Ordering::SeqCst);
}

fn tell_if_let_in(who: &str) {
    if LET_IN.load(Ordering::SeqCst) {
        println!("{who}: SIGTERM was let in");
    }
}

/// Calls a student's function between two lines, and says what it left behind.
fn call(function: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let (before, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, first_free() + 1, most)?;
    println!("before the call");
    let result = function();
    println!("after the call");
    setrlimit(Resource::RLIMIT_NOFILE, before, most)?;
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
        if is_pending(signal) {
            println!("{signal} is left pending");
        }
    }
    if WRONG_HANDLER.load(Ordering::SeqCst) {
        println!("the caller's handler for SIGUSR1 has run");
    }
    result
}

/// The lowest number that no open descriptor has: the next one that is opened gets it.
fn first_free() -> u64 {
    let free = |fd: &RawFd| {
        // SAFETY: F_GETFD takes any number and changes nothing.
        unsafe { libc::fcntl(*fd, libc::F_GETFD) == -1 }
    };
    (0..).find(free).map_or(0, RawFd::unsigned_abs).into()
}

fn is_pending(signal: Signal) -> bool {
    let mut set = SigSet::empty();
    // SAFETY: a `SigSet` is a `sigset_t`, by its documentation.
    unsafe { libc::sigpending((&raw mut set).cast()) };
    set.contains(signal)
}

fn install(signal: Signal, handler: SigHandler, flags: SaFlags) -> io::Result<()> {
    let action = SigAction::new(handler, flags, SigSet::empty());
    // SAFETY: the driver's handlers store into atomics, or write to a descriptor.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

/// From here on SIGALRM runs a handler and interrupts the call that it meets: no SA_RESTART.
fn catch_alarms() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    install(Signal::SIGALRM, SigHandler::Handler(nothing), SaFlags::empty())
}

/// SIGALRM for everybody in the group of processes.
fn alarm_all() {
    let _ = kill(Pid::from_raw(0), Signal::SIGALRM);
}

/// From here on SIGALRM is answered: its handler adds 1 to the counter.
fn answer_alarms(answer: &Counter) -> io::Result<()> {
    static ANSWER: AtomicI32 = AtomicI32::new(-1);
    extern "C" fn add(_: libc::c_int) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: `write` may be called in a handler, and the eight bytes are there.
        unsafe { libc::write(ANSWER.load(Ordering::SeqCst), one.as_ptr().cast(), one.len()) };
    }
    ANSWER.store(answer.fd(), Ordering::SeqCst);
    install(Signal::SIGALRM, SigHandler::Handler(add), SaFlags::empty())
}

/// A number in the kernel that all processes share; who takes from 0 waits.
struct Counter(EventFd);

impl Counter {
    fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_SEMAPHORE;
        Ok(Self(EventFd::from_value_and_flags(0, flags)?))
    }

    fn add(&self, number: u64) {
        let _ = self.0.write(number);
    }

    fn take(&self) {
        while self.0.read() == Err(Errno::EINTR) {}
    }

    fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Forks a child that runs `body` and ends.
fn start(body: impl FnOnce()) -> io::Result<Pid> {
    // SAFETY: the driver has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            body();
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(0) }
        }
    }
}

/// Waits for a child of the driver.
fn reap(child: Pid) -> io::Result<()> {
    while let Err(error) = waitpid(child, None) {
        if error != Errno::EINTR {
            return Err(error.into());
        }
    }
    Ok(())
}

fn yes_or_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}

/// The name of the error in `errno(3)`, or its text when it came from elsewhere.
fn errno(error: &io::Error) -> String {
    error.raw_os_error().map_or(error.to_string(), |raw| format!("{:?}", Errno::from_raw(raw)))
}
