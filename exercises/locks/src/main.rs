//! The driver of `locks`: turns a scenario's name and arguments into processes that use the
//! student's locks, and prints what came of them. Given; not to be edited.
//!
//! `cargo run -p locks -- lock 3 2` runs one scenario. Add `strace -f` to see its calls.

use locks::shared::{Shareable, Shared};
use locks::{Lock, OwnerDied, RLock, Robust, RobustGuard, both};
use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;
use std::ptr;
use std::thread;

#[expect(clippy::undocumented_unsafe_blocks, reason = "a drill is read as it stands")]
mod drills;

const USAGE: &str = "\
usage: cargo run -p locks -- reveal [N]
       cargo run -p locks -- SCENARIO ARGUMENTS
  lock N ROUNDS          N processes add 1 to a number, ROUNDS times each
  lock_parent ROUNDS     the same, with one child and its parent
  lock_threads ROUNDS    the same, with two threads of one process
  lock_forked            a process forks while it holds the lock; the child drops its copy
  lock_inherited         the same; the child drops its copy when it holds the lock itself
  try_lock               a child asks for a lock that its parent holds, and again when it is free
  try_lock_wakes         a parent asks for a lock while a child takes it, and again while it holds it
  rlock N DEPTH          N processes add 1, each having taken the lock DEPTH times
  rlock_inner            somebody waits while the owner releases one of two
  rlock_two              two processes take two locks at once, the first one twice
  rlock_threads          two threads of one process add 1, twice each
  rlock_forked           a process forks while it holds the lock; the child wants it, too
  rlock_inherited        the same; the child drops its copy when it holds the lock itself
  robust N               N processes add 1, and nobody dies
  robust_death N         a process dies in the section; N others come after it
  robust_deaths N        N processes die in the section, one after the other
  robust_looks           a process dies in the section; its parent, who comes next, only looks
  robust_forked          a process forks while it holds the lock; the child drops its copy
  robust_inherited       the same; the child drops its copy when it holds the lock itself
  both N                 N processes move 1 between two numbers, half of them the other way round
  both_held              the same with two, while the parent holds one of the locks for a while
  both_elsewhere         the same; one of the two has the locks at other addresses, in another order";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(code) = drills::DRILLS.answer(&words) {
        return code;
    }
    match run(&words) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("error: {error}");
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
        ["lock", n, rounds] => lock(n.parse().ok()?, rounds.parse().ok()?),
        ["lock_parent", rounds] => lock_parent(rounds.parse().ok()?),
        ["lock_threads", rounds] => lock_threads(rounds.parse().ok()?),
        ["lock_forked"] => lock_forked(),
        ["lock_inherited"] => lock_inherited(),
        ["try_lock"] => try_lock(),
        ["try_lock_wakes"] => try_lock_wakes(),
        ["rlock", n, depth] => rlock(n.parse().ok()?, depth.parse().ok()?),
        ["rlock_inner"] => rlock_inner(),
        ["rlock_two"] => rlock_two(),
        ["rlock_threads"] => rlock_threads(),
        ["rlock_forked"] => rlock_forked(),
        ["rlock_inherited"] => rlock_inherited(),
        ["robust", n] => robust(n.parse().ok()?),
        ["robust_death", n] => robust_death(n.parse().ok()?),
        ["robust_deaths", n] => robust_deaths(n.parse().ok()?),
        ["robust_looks"] => robust_looks(),
        ["robust_forked"] => robust_forked(),
        ["robust_inherited"] => robust_inherited(),
        ["both", n] => both_ways(n.parse().ok()?),
        ["both_held"] => both_held(),
        ["both_elsewhere"] => both_elsewhere(),
        _ => return None,
    })
}

// ---- lock --------------------------------------------------------------------------------------

fn lock(n: u32, rounds: u32) -> io::Result<()> {
    let shared = Shared::new(Lock::new(1, 0_u32))?;
    let section = Section::open()?;
    let children = (0..n).map(|_| start(|| (0..rounds).for_each(|_| add(&shared, &section))));
    reap_all(children.collect::<io::Result<_>>()?)?;
    println!("{n} times {rounds}: {}", *shared.lock());
    Ok(())
}

/// The parent catches SIGALRM: a wait may be interrupted.
fn lock_parent(rounds: u32) -> io::Result<()> {
    catch_alarms()?;
    let shared = Shared::new(Lock::new(1, 0_u32))?;
    let section = Section::open()?;
    let child = start(|| (0..rounds).for_each(|_| add(&shared, &section)))?;
    (0..rounds).for_each(|_| add(&shared, &section));
    reap(child)?;
    println!("2 times {rounds}: {}", *shared.lock());
    Ok(())
}

fn lock_threads(rounds: u32) -> io::Result<()> {
    let shared = Shared::new(Lock::new(1, 0_u32))?;
    let section = Section::open()?;
    let shared = OfAllThreads(&*shared);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..rounds).for_each(|_| add(shared.get(), &section)));
        }
    });
    println!("2 times {rounds}: {}", *shared.get().lock());
    Ok(())
}

/// The child drops its copy of the guard while the parent is in the section. A second child wants
/// to get in.
fn lock_forked() -> io::Result<()> {
    let shared = Shared::new(Lock::new(1, 0_u32))?;
    let section = Section::open()?;
    let mut guard = shared.lock();
    let seen = *guard;
    section.enter();
    let other = start(|| add(&shared, &section))?;
    // SAFETY: the driver has one thread.
    let copy = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(guard);
            end()
        }
    };
    reap(copy)?;
    *guard = seen + 1;
    section.leave();
    drop(guard);
    reap(other)?;
    println!("parent and child: {}", *shared.lock());
    Ok(())
}

fn lock_inherited() -> io::Result<()> {
    let shared = Shared::new(Lock::new(1, 0_u32))?;
    inherited(|| shared.lock(), |guard| **guard, |guard, n| **guard = n)?;
    println!("parent and child: {}", *shared.lock());
    Ok(())
}

/// The child has the copy of a guard that its parent has dropped since, and drops it while it holds
/// the lock by a guard of its own. Both add 1 by `get` and `set`.
fn inherited<G>(
    lock: impl Fn() -> G,
    get: impl Fn(&G) -> u32,
    set: impl Fn(&mut G, u32),
) -> io::Result<()> {
    let section = Section::open()?;
    let released = Turn::new()?;
    let add = |copy: Option<G>| {
        let mut guard = lock();
        section.enter();
        let seen = get(&guard);
        drop(copy);
        section.pause();
        set(&mut guard, seen + 1);
        section.leave();
    };
    let guard = lock();
    // SAFETY: the driver has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            released.take();
            add(Some(guard));
            end()
        }
    };
    drop(guard);
    released.give();
    add(None);
    reap(child)
}

// ---- try_lock ----------------------------------------------------------------------------------

/// The parent holds the lock until the child has its answer.
fn try_lock() -> io::Result<()> {
    let shared = Shared::new(Lock::new(1, 0_u32))?;
    let (answered, released) = (Turn::new()?, Turn::new()?);
    let guard = shared.lock();
    let child = start(|| {
        for _ in 0..2 {
            println!("while it is held: {}", got(shared.try_lock().is_some()));
        }
        answered.give();
        released.take();
        // Dropped at the end of the statement.
        for _ in 0..2 {
            println!("when it is free: {}", got(shared.try_lock().is_some()));
        }
    })?;
    answered.take();
    drop(guard);
    released.give();
    reap(child)
}

/// Parent and child want it at once. The parent asks, and asks again while it is inside.
fn try_lock_wakes() -> io::Result<()> {
    let shared = Shared::new(Lock::new(1, 0_u32))?;
    let section = Section::open()?;
    let child = start(|| add(&shared, &section))?;
    let mut guard = shared.try_lock().unwrap_or_else(|| shared.lock());
    section.enter();
    let seen = *guard;
    section.pause();
    // Whoever asks is refused, and those who wait are not forgotten for it.
    if shared.try_lock().is_some() {
        println!("a held lock was given away");
    }
    *guard = seen + 1;
    section.leave();
    drop(guard);
    reap(child)?;
    println!("parent and child: {}", *shared.lock());
    Ok(())
}

fn got(is: bool) -> &'static str {
    if is { "got it" } else { "no" }
}

// ---- rlock -------------------------------------------------------------------------------------

fn rlock(n: u32, depth: u32) -> io::Result<()> {
    let shared = Shared::new(RLock::new(0_u32))?;
    let section = Section::open()?;
    let children = (0..n).map(|_| {
        start(|| {
            let guards: Vec<_> = (1..depth).map(|_| shared.lock()).collect();
            radd(&shared, &section);
            drop(guards);
        })
    });
    reap_all(children.collect::<io::Result<_>>()?)?;
    println!("{n} times, {depth} deep: {}", shared.lock().get());
    Ok(())
}

/// One who has released one of two is still inside.
fn rlock_inner() -> io::Result<()> {
    let shared = Shared::new(RLock::new(0_u32))?;
    let section = Section::open()?;
    let outer = shared.lock();
    section.enter();
    let seen = outer.get();
    let child = start(|| radd(&shared, &section))?;
    drop(shared.lock());
    section.pause();
    outer.set(seen + 1);
    section.leave();
    drop(outer);
    reap(child)?;
    println!("parent and child: {}", shared.lock().get());
    Ok(())
}

/// Two locks at once: how often one was taken does not depend on the other. Parent and child do the
/// same.
fn rlock_two() -> io::Result<()> {
    let shared = Shared::new((RLock::new(0_u32), RLock::new(0_u32)))?;
    let section = Section::open()?;
    let add = || {
        let (outer, inner) = (shared.0.lock(), shared.0.lock());
        // Taken and given back while the other is held.
        let other = shared.1.lock();
        other.set(other.get() + 1);
        drop(other);
        drop(inner);
        section.enter();
        let seen = outer.get();
        section.pause();
        outer.set(seen + 1);
        section.leave();
    };
    let child = start(add)?;
    add();
    reap(child)?;
    println!("parent and child: {} and {}", shared.0.lock().get(), shared.1.lock().get());
    Ok(())
}

fn rlock_threads() -> io::Result<()> {
    let shared = Shared::new(RLock::new(0_u32))?;
    let section = Section::open()?;
    let shared = OfAllThreads(&*shared);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..2).for_each(|_| radd(shared.get(), &section)));
        }
    });
    println!("two threads, twice: {}", shared.get().lock().get());
    Ok(())
}

/// The child's copy of the guard is worth nothing, neither to use the data nor to release the lock.
fn rlock_forked() -> io::Result<()> {
    let shared = Shared::new(RLock::new(0_u32))?;
    let section = Section::open()?;
    let guard = shared.lock();
    section.enter();
    let seen = guard.get();
    // SAFETY: the driver has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(guard);
            radd(&shared, &section);
            end()
        }
    };
    section.pause();
    guard.set(seen + 1);
    section.leave();
    drop(guard);
    reap(child)?;
    println!("parent and child: {}", shared.lock().get());
    Ok(())
}

fn rlock_inherited() -> io::Result<()> {
    let shared = Shared::new(RLock::new(0_u32))?;
    inherited(|| shared.lock(), |guard| guard.get(), |guard, n| guard.set(n))?;
    println!("parent and child: {}", shared.lock().get());
    Ok(())
}

/// Takes the lock twice, adds 1, and is interrupted in the middle; the guard that came first goes
/// first.
fn radd(shared: &RLock<u32>, section: &Section) {
    let outer = shared.lock();
    section.enter();
    let seen = outer.get();
    section.pause();
    let inner = shared.lock();
    drop(outer);
    section.pause();
    inner.set(seen + 1);
    section.leave();
}

// ---- robust ------------------------------------------------------------------------------------

fn robust(n: u32) -> io::Result<()> {
    let shared = Shared::new(Robust::new(0_u32))?;
    let section = Section::open()?;
    let children = (0..n).map(|_| start(|| robust_add(&shared, &section)));
    reap_all(children.collect::<io::Result<_>>()?)?;
    let (guard, died) = held(&shared);
    println!("{n} times: {}; an owner died: {}", *guard, yes_or_no(died));
    Ok(())
}

/// The one that dies leaves 100, which is half done; who is told makes it 0.
fn robust_death(n: u32) -> io::Result<()> {
    let shared = Shared::new(Robust::new(0_u32))?;
    let section = Section::open()?;
    let inside = Turn::new()?;
    let dies = start(|| {
        let (mut guard, _) = held(&shared);
        *guard = 100;
        inside.give();
        section.pause();
        end()
    })?;
    inside.take();
    let heirs = (0..n).map(|_| start(|| robust_add(&shared, &section)));
    let heirs = heirs.collect::<io::Result<_>>()?;
    reap(dies)?;
    reap_all(heirs)?;
    let (guard, died) = held(&shared);
    println!("after a death: {}; another owner died: {}", *guard, yes_or_no(died));
    Ok(())
}

/// Each adds 1 and dies, so the next one is told, and dies, too.
fn robust_deaths(n: u32) -> io::Result<()> {
    let shared = Shared::new(Robust::new(0_u32))?;
    for _ in 0..n {
        reap(start(|| {
            let (mut guard, died) = held(&shared);
            println!("{}; the owner before died: {}", *guard, yes_or_no(died));
            *guard += 1;
            end()
        })?)?;
    }
    let (guard, died) = held(&shared);
    println!("{}; the owner before died: {}", *guard, yes_or_no(died));
    Ok(())
}

/// The one that dies has changed nothing, and who is told has nothing to mend.
fn robust_looks() -> io::Result<()> {
    let shared = Shared::new(Robust::new(7_u32))?;
    reap(start(|| {
        let _guard = held(&shared);
        end()
    })?)?;
    for _ in 0..2 {
        let (guard, died) = held(&shared);
        println!("{}; the owner before died: {}", *guard, yes_or_no(died));
    }
    Ok(())
}

fn robust_forked() -> io::Result<()> {
    let shared = Shared::new(Robust::new(0_u32))?;
    let section = Section::open()?;
    let (mut guard, _) = held(&shared);
    section.enter();
    let seen = *guard;
    let other = start(|| robust_add(&shared, &section))?;
    // SAFETY: the driver has one thread.
    let copy = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(guard);
            end()
        }
    };
    reap(copy)?;
    *guard = seen + 1;
    section.leave();
    drop(guard);
    reap(other)?;
    println!("parent and child: {}", *held(&shared).0);
    Ok(())
}

fn robust_inherited() -> io::Result<()> {
    let shared = Shared::new(Robust::new(0_u32))?;
    inherited(|| held(&shared).0, |guard| **guard, |guard, n| **guard = n)?;
    println!("parent and child: {}", *held(&shared).0);
    Ok(())
}

fn robust_add(shared: &Robust<u32>, section: &Section) {
    let (mut guard, died) = held(shared);
    section.enter();
    if died {
        println!("told of the death");
        *guard = 0;
    }
    let seen = *guard;
    section.pause();
    *guard = seen + 1;
    section.leave();
}

/// The guard, and whether the owner before had died.
fn held<T: Shareable>(shared: &Robust<T>) -> (RobustGuard<'_, T>, bool) {
    match shared.lock() {
        Ok(guard) => (guard, false),
        Err(OwnerDied(guard)) => (guard, true),
    }
}

// ---- both --------------------------------------------------------------------------------------

/// Two locks in one mapping; those with an odd number name them the other way round.
fn both_ways(n: u32) -> io::Result<()> {
    let shared = Shared::new((Lock::new(2, 0_u32), Lock::new(1, 100_u32)))?;
    let section = Section::open()?;
    let children = (0..n).map(|i| start(|| transfer(&shared.0, &shared.1, &section, i % 2 == 1)));
    reap_all(children.collect::<io::Result<_>>()?)?;
    println!("{n} times: {} and {}", *shared.0.lock(), *shared.1.lock());
    Ok(())
}

/// The parent holds the first lock until both children are on their way, so that they meet.
fn both_held() -> io::Result<()> {
    let shared = Shared::new((Lock::new(2, 0_u32), Lock::new(1, 100_u32)))?;
    let section = Section::open()?;
    for first in [true, false] {
        let guard = if first { shared.0.lock() } else { shared.1.lock() };
        let (a, b) = (&shared.0, &shared.1);
        let children = [false, true].map(|turned| start(|| transfer(a, b, &section, turned)));
        section.pause();
        drop(guard);
        for child in children {
            reap(child?)?;
        }
    }
    println!("4 times: {} and {}", *shared.0.lock(), *shared.1.lock());
    Ok(())
}

/// Both name the locks in the same order, but for the second child their addresses are in the other
/// order.
fn both_elsewhere() -> io::Result<()> {
    let section = Section::open()?;
    let file = TwoPages::file()?;
    let pages = TwoPages::map(&file, [0, 1])?;
    pages.write([Lock::new(2, 0), Lock::new(1, 100)]);
    for held in 0..2 {
        let guard = pages.lock(held).lock();
        let here = start(|| transfer(pages.lock(0), pages.lock(1), &section, false))?;
        let elsewhere = start(|| {
            if let Ok(pages) = TwoPages::map(&file, [1, 0]) {
                transfer(pages.lock(1), pages.lock(0), &section, false);
            }
        })?;
        section.pause();
        drop(guard);
        reap(here)?;
        reap(elsewhere)?;
    }
    println!("4 times: {} and {}", *pages.lock(0).lock(), *pages.lock(1).lock());
    Ok(())
}

/// Moves 1 from the second number to the first.
fn transfer(to: &Lock<u32>, from: &Lock<u32>, section: &Section, turned: bool) {
    let (mut to, mut from) = if turned {
        let (from, to) = both(from, to);
        (to, from)
    } else {
        both(to, from)
    };
    section.enter();
    let (less, more) = (*from - 1, *to + 1);
    section.pause();
    (*from, *to) = (less, more);
    section.leave();
}

// ---- what all scenarios use --------------------------------------------------------------------

/// Adds 1, and lets others go first between the look and the change.
fn add(shared: &Lock<u32>, section: &Section) {
    let mut guard = shared.lock();
    section.enter();
    let seen = *guard;
    section.pause();
    *guard = seen + 1;
    section.leave();
}

/// What only one may do at a time. Whoever comes in and goes out says so by a call, which the grader
/// sees and before which it may let others go first.
struct Section(File);

impl Section {
    fn open() -> io::Result<Self> {
        Ok(Self(File::options().write(true).open("/dev/null")?))
    }

    fn enter(&self) {
        self.say("enter");
    }

    fn pause(&self) {
        self.say("inside");
    }

    fn leave(&self) {
        self.say("leave");
    }

    fn say(&self, word: &str) {
        // Whatever is written there is gone; it cannot fail.
        let _ = (&self.0).write_all(word.as_bytes());
    }
}

/// A lock for threads, whether or not its types say that it may be. What the types say is judged by
/// programs that must not compile; these here must run.
struct OfAllThreads<'a, T>(&'a T);

// SAFETY: what is put here is a lock whose contract says that threads may share it.
unsafe impl<T> Sync for OfAllThreads<'_, T> {}

impl<T> OfAllThreads<'_, T> {
    fn get(&self) -> &T {
        self.0
    }
}

/// Two locks in a file without a name, each on a page of its own, mapped side by side.
struct TwoPages {
    base: *mut libc::c_void,
    page: usize,
}

impl TwoPages {
    fn file() -> io::Result<OwnedFd> {
        // SAFETY: the name is a string of C; it is only for the eye.
        let fd = unsafe { libc::memfd_create(c"locks".as_ptr(), libc::MFD_CLOEXEC) };
        if fd == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: new, and nobody else's.
        let file = unsafe { OwnedFd::from_raw_fd(fd) };
        File::from(file.try_clone()?).set_len(2 * page_size() as u64)?;
        Ok(file)
    }

    /// Maps the pages of the file with these numbers, the first one at the lower address.
    fn map(file: &OwnedFd, numbers: [usize; 2]) -> io::Result<Self> {
        let page = page_size();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let both = libc::MAP_SHARED;
        let fd = file.as_raw_fd();
        // SAFETY: a new mapping, at a place of the kernel's choice.
        let base = unsafe { libc::mmap(ptr::null_mut(), 2 * page, access, both, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let pages = Self { base, page };
        for (place, number) in numbers.into_iter().enumerate() {
            let (at, fixed) = (pages.at(place), both | libc::MAP_FIXED);
            let offset = libc::off_t::try_from(number * page).map_err(io::Error::other)?;
            // SAFETY: in the place of a page that was mapped above and is not used yet.
            if unsafe { libc::mmap(at, page, access, fixed, fd, offset) } == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(pages)
    }

    fn at(&self, place: usize) -> *mut libc::c_void {
        self.base.wrapping_byte_add(place * self.page)
    }

    fn write(&self, locks: [Lock<u32>; 2]) {
        for (place, lock) in locks.into_iter().enumerate() {
            // SAFETY: the page is mapped, large enough, and nobody uses it yet.
            unsafe { self.at(place).cast::<Lock<u32>>().write(lock) };
        }
    }

    /// The lock at a place, 0 or 1, which must have been written.
    fn lock(&self, place: usize) -> &Lock<u32> {
        // SAFETY: the page is mapped until `drop`, and a lock stands at its beginning.
        unsafe { &*self.at(place).cast::<Lock<u32>>() }
    }
}

impl Drop for TwoPages {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`.
        unsafe { libc::munmap(self.base, 2 * self.page) };
    }
}

fn page_size() -> usize {
    // SAFETY: it cannot fail for this name.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// A pipe for one byte: who takes waits until somebody has given.
struct Turn(OwnedFd, OwnedFd);

impl Turn {
    fn new() -> io::Result<Self> {
        let (from, to) = pipe()?;
        Ok(Self(from, to))
    }

    fn give(&self) {
        let _ = nix::unistd::write(&self.1, b"x");
    }

    fn take(&self) {
        while nix::unistd::read(&self.0, &mut [0]) == Err(Errno::EINTR) {}
    }
}

/// From here on SIGALRM runs a handler and interrupts the call that it meets: no SA_RESTART.
fn catch_alarms() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler = SigHandler::Handler(nothing);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(Signal::SIGALRM, &action) }?;
    Ok(())
}

/// Forks a child that runs `body` and ends.
fn start(body: impl FnOnce()) -> io::Result<Pid> {
    // SAFETY: the driver has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            body();
            end()
        }
    }
}

/// Ends a child at once: nothing is dropped.
fn end() -> ! {
    // SAFETY: `_exit` takes any code and does not return.
    unsafe { libc::_exit(0) }
}

/// Waits for a child's end, and does not hide how it came.
fn reap(child: Pid) -> io::Result<()> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
            Ok(status) => return Err(io::Error::other(format!("a child ended: {status:?}"))),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for all of them, in the order in which they were made.
fn reap_all(children: Vec<Pid>) -> io::Result<()> {
    children.into_iter().try_for_each(reap)
}

fn yes_or_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}
