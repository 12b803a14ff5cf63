//! expect: order-violated
//! A child that has arrived waits once: sigwaitinfo, unlike sigwait, is interrupted, and it leaves.

use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, sigaction,
};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use std::io;

/// SIGUSR1 as a descriptor. It is opened before the fork: both processes read their own signals.
struct Inbox {
    fd: SignalFd,
    mask: SigSet,
}

impl Inbox {
    fn open() -> io::Result<Self> {
        let mut set = SigSet::empty();
        set.add(Signal::SIGUSR1);
        let mask = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        match SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC) {
            Ok(fd) => Ok(Self { fd, mask }),
            Err(error) => {
                mask.thread_set_mask()?;
                Err(error.into())
            }
        }
    }

    fn next(&self) {
        while !matches!(self.fd.read_signal(), Ok(Some(_))) {}
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let _ = self.mask.thread_set_mask();
    }
}

fn in_child(body: impl FnOnce()) -> io::Result<Pid> {
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            body();
            unsafe { libc::_exit(0) }
        }
    }
}

fn send(to: Pid) {
    let _ = kill(to, Signal::SIGUSR1);
}

fn wait_for(child: Pid) -> io::Result<()> {
    while let Err(error) = waitpid(child, None) {
        if error != Errno::EINTR {
            return Err(error.into());
        }
    }
    Ok(())
}

pub fn child_waits(first: impl FnOnce(Pid), then: impl FnOnce()) -> io::Result<()> {
    let inbox = Inbox::open()?;
    let child = in_child(|| {
        inbox.next();
        then();
    })?;
    first(child);
    send(child);
    wait_for(child)
}

pub fn parent_waits(
    first: impl FnOnce(),
    rest: impl FnOnce(),
    then: impl FnOnce(),
) -> io::Result<()> {
    let inbox = Inbox::open()?;
    let me = Pid::this();
    let child = in_child(|| {
        first();
        send(me);
        rest();
    })?;
    inbox.next();
    then();
    wait_for(child)
}

pub fn ping_pong(n: usize, ping: impl Fn(usize), pong: impl Fn(usize)) -> io::Result<()> {
    let inbox = Inbox::open()?;
    let me = Pid::this();
    let child = in_child(|| {
        for i in 0..n {
            inbox.next();
            pong(i);
            send(me);
        }
    })?;
    for i in 0..n {
        ping(i);
        send(child);
        inbox.next();
    }
    wait_for(child)
}

/// Real-time signals do not merge, so the parent may count those who have arrived.
pub fn ring_barrier(n: usize, arrive: impl Fn(usize), leave: impl Fn(usize)) -> io::Result<()> {
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    let mut mask = set;
    unsafe {
        libc::sigaddset(&mut set, libc::SIGRTMIN());
        libc::sigprocmask(libc::SIG_BLOCK, &set, &mut mask);
    }
    let me = unsafe { libc::getpid() };
    let come = || {
        let mut signal = 0;
        while unsafe { libc::sigwait(&set, &mut signal) } != 0 {}
    };
    let mut children = Vec::new();
    let mut failed = None;
    for i in 0..n {
        let started = in_child(|| {
            arrive(i);
            unsafe { libc::kill(me, libc::SIGRTMIN()) };
            unsafe { libc::sigwaitinfo(&set, std::ptr::null_mut()) };
            leave(i);
        });
        match started {
            Ok(child) => children.push(child),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    if failed.is_none() {
        children.iter().for_each(|_| come());
    }
    for child in &children {
        let signal = if failed.is_none() { libc::SIGRTMIN() } else { libc::SIGKILL };
        unsafe { libc::kill(child.as_raw(), signal) };
    }
    for child in children {
        wait_for(child)?;
    }
    // Some of the killed may have told that they had arrived.
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe {
        while libc::sigtimedwait(&set, std::ptr::null_mut(), &now) > 0 {}
        libc::sigprocmask(libc::SIG_SETMASK, &mask, std::ptr::null_mut());
    }
    failed.map_or(Ok(()), Err)
}

pub fn scoped<T>(f: impl FnOnce() -> T) -> io::Result<T> {
    extern "C" fn nothing(_: libc::c_int) {}

    /// Put back last, by the order of their declaration.
    struct Mask(SigSet);
    impl Drop for Mask {
        fn drop(&mut self) {
            let _ = self.0.thread_set_mask();
        }
    }
    struct Action(SigAction);
    impl Drop for Action {
        fn drop(&mut self) {
            let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
            let _ = unsafe { sigaction(Signal::SIGUSR1, &ignore) };
            let _ = unsafe { sigaction(Signal::SIGUSR1, &self.0) };
        }
    }

    let mut set = SigSet::empty();
    set.add(Signal::SIGUSR1);
    let _mask = Mask(set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?);
    let catch = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    let _action = Action(unsafe { sigaction(Signal::SIGUSR1, &catch) }?);
    Ok(f())
}
