//! correct: a child speaks by stopping itself, which its parent waits for; it listens in ppoll

use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, raise, sigaction,
};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

static HEARD: AtomicU32 = AtomicU32::new(0);

extern "C" fn hear(_: libc::c_int) {
    HEARD.fetch_add(1, Ordering::Relaxed);
}

/// What a child needs to listen. The parent only blocks the signal, for the child to inherit.
struct Ear {
    outside: SigSet,
    heard: RefCell<u32>,
}

impl Ear {
    fn prepare() -> io::Result<Self> {
        let usr2 = SigSet::from_iter([Signal::SIGUSR2]);
        let outside = usr2.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { outside, heard: RefCell::new(0) })
    }

    fn prick(&self) {
        HEARD.store(0, Ordering::Relaxed);
        let action = SigAction::new(SigHandler::Handler(hear), SaFlags::SA_RESTART, SigSet::all());
        let _ = unsafe { sigaction(Signal::SIGUSR2, &action) };
    }

    fn listen(&self) {
        let mut heard = self.heard.borrow_mut();
        *heard += 1;
        let mut open = self.outside;
        open.remove(Signal::SIGUSR2);
        while HEARD.load(Ordering::Relaxed) < *heard {
            unsafe { libc::ppoll(std::ptr::null_mut(), 0, std::ptr::null(), open.as_ref()) };
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = self.outside.thread_set_mask();
    }
}

fn speak() {
    let _ = raise(Signal::SIGSTOP);
}

/// Waits until the child has spoken, and lets it go on. False when it has ended.
fn hear_from(child: Pid) -> io::Result<bool> {
    loop {
        match waitpid(child, Some(WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Stopped(..)) => {
                kill(child, Signal::SIGCONT)?;
                return Ok(true);
            }
            Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => return Ok(false),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn call(child: Pid) -> io::Result<()> {
    Ok(kill(child, Signal::SIGUSR2)?)
}

fn bury(child: Pid) -> io::Result<()> {
    while hear_from(child)? {}
    Ok(())
}

fn spawn(ear: &Ear, body: impl FnOnce()) -> io::Result<Pid> {
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            ear.prick();
            body();
            unsafe { libc::_exit(0) }
        }
    }
}

pub fn child_waits(first: impl FnOnce(Pid), then: impl FnOnce()) -> io::Result<()> {
    let ear = Ear::prepare()?;
    let child = spawn(&ear, || {
        ear.listen();
        then();
    })?;
    first(child);
    call(child)?;
    bury(child)
}

pub fn parent_waits(
    first: impl FnOnce(),
    rest: impl FnOnce(),
    then: impl FnOnce(),
) -> io::Result<()> {
    let ear = Ear::prepare()?;
    let child = spawn(&ear, || {
        first();
        speak();
        rest();
    })?;
    hear_from(child)?;
    then();
    bury(child)
}

pub fn ping_pong(n: usize, ping: impl Fn(usize), pong: impl Fn(usize)) -> io::Result<()> {
    let ear = Ear::prepare()?;
    let child = spawn(&ear, || {
        for i in 0..n {
            ear.listen();
            pong(i);
            speak();
        }
    })?;
    for i in 0..n {
        ping(i);
        call(child)?;
        hear_from(child)?;
    }
    bury(child)
}

pub fn ring_barrier(n: usize, arrive: impl Fn(usize), leave: impl Fn(usize)) -> io::Result<()> {
    let ear = Ear::prepare()?;
    let mut children = Vec::new();
    for i in 0..n {
        let started = spawn(&ear, || {
            arrive(i);
            speak();
            ear.listen();
            leave(i);
        });
        match started {
            Ok(child) => children.push(child),
            Err(error) => {
                for child in children {
                    kill(child, Signal::SIGKILL)?;
                    bury(child)?;
                }
                return Err(error);
            }
        }
    }
    for &child in &children {
        hear_from(child)?;
    }
    for &child in &children {
        call(child)?;
    }
    children.into_iter().try_for_each(bury)
}

pub fn scoped<T>(f: impl FnOnce() -> T) -> io::Result<T> {
    extern "C" fn nothing(_: libc::c_int) {}
    struct PutBack(SigSet, Option<SigAction>);
    impl Drop for PutBack {
        fn drop(&mut self) {
            let mut pending = SigSet::empty();
            unsafe { libc::sigpending((&raw mut pending).cast()) };
            if pending.contains(Signal::SIGUSR1) {
                let _ = SigSet::from_iter([Signal::SIGUSR1]).wait();
            }
            if let Some(action) = self.1.take() {
                let _ = unsafe { sigaction(Signal::SIGUSR1, &action) };
            }
            let _ = self.0.thread_set_mask();
        }
    }
    let usr1 = SigSet::from_iter([Signal::SIGUSR1]);
    let mut put_back = PutBack(usr1.thread_swap_mask(SigmaskHow::SIG_BLOCK)?, None);
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    put_back.1 = Some(unsafe { sigaction(Signal::SIGUSR1, &action) }?);
    Ok(f())
}
