//! expect: busy-wait
//! Turns until the flag is set, without any call.

use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, sigaction,
};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether SIGUSR1 has come since it was last waited for.
static TOLD: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: libc::c_int) {
    TOLD.store(true, Ordering::SeqCst);
}

/// The right to wait for SIGUSR1. Where it ends, everything is as it was before.
struct Turn {
    mask: SigSet,
    action: SigAction,
}

impl Turn {
    /// Blocks SIGUSR1 and catches it. Comes before the fork: from here on no signal is lost.
    fn begin() -> io::Result<Self> {
        let usr1 = SigSet::from_iter([Signal::SIGUSR1]);
        let mask = usr1.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        TOLD.store(false, Ordering::SeqCst);
        let action = SigAction::new(SigHandler::Handler(note), SaFlags::empty(), SigSet::empty());
        // SAFETY: the handler only stores into an atomic.
        let action = unsafe { sigaction(Signal::SIGUSR1, &action) }?;
        Ok(Self { mask, action })
    }

    /// Sleeps until SIGUSR1 has come.
    fn wait(&self) -> io::Result<()> {
        // What the caller blocks stays out; only ours is let in, and only while we sleep.
        let mut open = self.mask;
        open.remove(Signal::SIGUSR1);
        // Blocked between the look and the sleep, it cannot fall between them. Any handler ends
        // the sleep, but only ours sets the flag.
        while !TOLD.swap(false, Ordering::SeqCst) {
            open.suspend()?;
        }
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
        // To ignore a signal throws away what is pending of it. Then the action, and the mask last.
        // SAFETY: no handler of ours is installed; the caller's was there before.
        let _ = unsafe { sigaction(Signal::SIGUSR1, &ignore) };
        // SAFETY: as above.
        let _ = unsafe { sigaction(Signal::SIGUSR1, &self.action) };
        let _ = self.mask.thread_set_mask();
    }
}

fn tell(who: Pid) -> io::Result<()> {
    Ok(kill(who, Signal::SIGUSR1)?)
}

/// Forks a child that does `part` and ends, with 1 when that failed.
fn start(part: impl FnOnce() -> io::Result<()>) -> io::Result<Pid> {
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = i32::from(part().is_err());
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(code) }
        }
    }
}

/// Waits for a child's end, also when a handler runs meanwhile.
fn reap(child: Pid) -> io::Result<()> {
    while let Err(error) = waitpid(child, None) {
        if error != Errno::EINTR {
            return Err(error.into());
        }
    }
    Ok(())
}

/// First the parent, then the child.
///
/// # Errors
/// Those of `fork`.
pub fn child_waits(first: impl FnOnce(Pid), then: impl FnOnce()) -> io::Result<()> {
    let turn = Turn::begin()?;
    let child = start(|| {
        turn.wait()?;
        then();
        Ok(())
    })?;
    first(child);
    tell(child)?;
    reap(child)
}

/// First the child, then the parent, while the child goes on.
///
/// # Errors
/// Those of `fork`.
pub fn parent_waits(
    first: impl FnOnce(),
    rest: impl FnOnce(),
    then: impl FnOnce(),
) -> io::Result<()> {
    let turn = Turn::begin()?;
    let parent = Pid::this();
    let child = start(|| {
        first();
        tell(parent)?;
        rest();
        Ok(())
    })?;
    SigSet::from_iter([Signal::SIGUSR1]).thread_unblock()?;
    while !TOLD.swap(false, Ordering::SeqCst) {
        std::hint::spin_loop();
    }
    then();
    reap(child)
}

/// Turn by turn, `n` times.
///
/// # Errors
/// Those of `fork`.
pub fn ping_pong(n: usize, ping: impl Fn(usize), pong: impl Fn(usize)) -> io::Result<()> {
    let turn = Turn::begin()?;
    let parent = Pid::this();
    let child = start(|| {
        for i in 0..n {
            turn.wait()?;
            pong(i);
            tell(parent)?;
        }
        Ok(())
    })?;
    for i in 0..n {
        ping(i);
        tell(child)?;
        // Also after the last round: each signal that is sent is waited for.
        turn.wait()?;
    }
    reap(child)
}

/// Nobody leaves before everybody has arrived.
///
/// # Errors
/// Those of `fork`, after the children that were started have been killed and reaped.
pub fn ring_barrier(n: usize, arrive: impl Fn(usize), leave: impl Fn(usize)) -> io::Result<()> {
    let turn = Turn::begin()?;
    let mut children = Vec::new();
    // A child knows the pids of those before it. So the token runs from the last child to the
    // first, and on to the parent.
    let mut next = Pid::this();
    for i in 0..n {
        let started = start(|| {
            arrive(i);
            // The first time round the token asks: have you arrived? It comes to nobody who has
            // not, so when it is back, all have. The second time it says so.
            turn.wait()?;
            tell(next)?;
            turn.wait()?;
            tell(next)?;
            leave(i);
            Ok(())
        });
        match started {
            Ok(child) => {
                children.push(child);
                next = child;
            }
            Err(error) => {
                for &child in &children {
                    kill(child, Signal::SIGKILL)?;
                    reap(child)?;
                }
                return Err(error);
            }
        }
    }
    if let Some(&last) = children.last() {
        for _ in 0..2 {
            tell(last)?;
            turn.wait()?;
        }
    }
    children.into_iter().try_for_each(reap)
}

/// Runs `f` where SIGUSR1 can be waited for, and tidies up behind it.
///
/// # Errors
/// Those of the system calls.
pub fn scoped<T>(f: impl FnOnce() -> T) -> io::Result<T> {
    // Dropped at the end of the function, and also when `f` panics.
    let _turn = Turn::begin()?;
    Ok(f())
}
