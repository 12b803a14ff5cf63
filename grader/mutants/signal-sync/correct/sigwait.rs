//! correct: no handler anywhere but in `scoped`; sigwait takes the signals

use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, sigaction,
};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getppid};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

fn usr1() -> SigSet {
    let mut set = SigSet::empty();
    set.add(Signal::SIGUSR1);
    set
}

/// Runs `f` with SIGUSR1 blocked, and restores the mask whatever `f` returns.
fn with_blocked<T>(f: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mask = usr1().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let result = f();
    mask.thread_set_mask()?;
    result
}

fn wait_for_it() {
    while usr1().wait().is_err() {}
}

fn go(pid: Pid) {
    let _ = kill(pid, Signal::SIGUSR1);
}

fn end() -> ! {
    unsafe { libc::_exit(0) }
}

fn collect(child: Pid) -> io::Result<()> {
    loop {
        match waitpid(child, None) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

pub fn child_waits(first: impl FnOnce(Pid), then: impl FnOnce()) -> io::Result<()> {
    with_blocked(|| match unsafe { fork() }? {
        ForkResult::Child => {
            wait_for_it();
            then();
            end()
        }
        ForkResult::Parent { child } => {
            first(child);
            go(child);
            collect(child)
        }
    })
}

pub fn parent_waits(
    first: impl FnOnce(),
    rest: impl FnOnce(),
    then: impl FnOnce(),
) -> io::Result<()> {
    with_blocked(|| match unsafe { fork() }? {
        ForkResult::Child => {
            first();
            go(getppid());
            rest();
            end()
        }
        ForkResult::Parent { child } => {
            wait_for_it();
            then();
            collect(child)
        }
    })
}

pub fn ping_pong(n: usize, ping: impl Fn(usize), pong: impl Fn(usize)) -> io::Result<()> {
    if n == 0 {
        return Ok(());
    }
    with_blocked(|| match unsafe { fork() }? {
        ForkResult::Child => {
            for i in 0..n {
                wait_for_it();
                pong(i);
                go(getppid());
            }
            end()
        }
        ForkResult::Parent { child } => {
            for i in 0..n {
                ping(i);
                go(child);
                wait_for_it();
            }
            collect(child)
        }
    })
}

pub fn ring_barrier(n: usize, arrive: impl Fn(usize), leave: impl Fn(usize)) -> io::Result<()> {
    with_blocked(|| {
        let mut ring = vec![Pid::this()];
        for i in 0..n {
            match unsafe { fork() } {
                Ok(ForkResult::Child) => {
                    arrive(i);
                    wait_for_it();
                    go(ring[i]);
                    wait_for_it();
                    leave(i);
                    end()
                }
                Ok(ForkResult::Parent { child }) => ring.push(child),
                Err(error) => {
                    for child in &ring[1..] {
                        kill(*child, Signal::SIGKILL)?;
                        collect(*child)?;
                    }
                    return Err(error.into());
                }
            }
        }
        if n > 0 {
            go(ring[n]);
            wait_for_it();
        }
        // Everybody has taken the token and passed it on, so nobody's signal merges with it.
        for child in &ring[1..] {
            go(*child);
        }
        for child in &ring[1..] {
            collect(*child)?;
        }
        Ok(())
    })
}

pub fn scoped<T>(f: impl FnOnce() -> T) -> io::Result<T> {
    extern "C" fn wake(_: libc::c_int) {}
    let mask = usr1().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let wake = SigAction::new(SigHandler::Handler(wake), SaFlags::SA_RESTART, SigSet::empty());
    let action = unsafe { sigaction(Signal::SIGUSR1, &wake) }?;
    let result = catch_unwind(AssertUnwindSafe(f));
    // The handler takes what is left.
    usr1().thread_unblock()?;
    usr1().thread_block()?;
    unsafe { sigaction(Signal::SIGUSR1, &action) }?;
    mask.thread_set_mask()?;
    match result {
        Ok(value) => Ok(value),
        Err(panic) => resume_unwind(panic),
    }
}
