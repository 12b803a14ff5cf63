//! correct: raw libc; sigsuspend with counters that a handler raises, SIGUSR1 down and SIGUSR2 up

use nix::unistd::Pid;
use std::io;
use std::mem::{MaybeUninit, zeroed};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

static DOWN: AtomicUsize = AtomicUsize::new(0);
static UP: AtomicUsize = AtomicUsize::new(0);

extern "C" fn on_signal(signal: libc::c_int) {
    let counter = if signal == libc::SIGUSR1 { &DOWN } else { &UP };
    counter.fetch_add(1, Ordering::SeqCst);
}

const BOTH: [libc::c_int; 2] = [libc::SIGUSR1, libc::SIGUSR2];

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

struct Signals {
    mask: libc::sigset_t,
    actions: [libc::sigaction; 2],
}

impl Signals {
    fn take() -> io::Result<Self> {
        unsafe {
            let mut both = MaybeUninit::uninit();
            libc::sigemptyset(both.as_mut_ptr());
            for signal in BOTH {
                libc::sigaddset(both.as_mut_ptr(), signal);
            }
            let mut mask = MaybeUninit::uninit();
            check(libc::sigprocmask(libc::SIG_BLOCK, both.as_ptr(), mask.as_mut_ptr()))?;
            DOWN.store(0, Ordering::SeqCst);
            UP.store(0, Ordering::SeqCst);
            let mut action: libc::sigaction = zeroed();
            action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as usize;
            action.sa_mask = both.assume_init();
            let mut actions: [libc::sigaction; 2] = zeroed();
            for (signal, old) in BOTH.into_iter().zip(&mut actions) {
                check(libc::sigaction(signal, &action, old))?;
            }
            Ok(Self { mask: mask.assume_init(), actions })
        }
    }

    fn wait(&self, counter: &AtomicUsize) {
        while counter.load(Ordering::SeqCst) == 0 {
            let mut open = self.mask;
            unsafe {
                for signal in BOTH {
                    libc::sigdelset(&mut open, signal);
                }
                libc::sigsuspend(&open);
            }
        }
        counter.fetch_sub(1, Ordering::SeqCst);
    }

    /// Lets whatever is pending run into the handlers, and puts everything back.
    fn give_back(self) -> io::Result<()> {
        unsafe {
            let mut both = MaybeUninit::uninit();
            libc::sigemptyset(both.as_mut_ptr());
            for signal in BOTH {
                libc::sigaddset(both.as_mut_ptr(), signal);
            }
            check(libc::sigprocmask(libc::SIG_UNBLOCK, both.as_ptr(), null_mut()))?;
            for (signal, old) in BOTH.into_iter().zip(&self.actions) {
                check(libc::sigaction(signal, old, null_mut()))?;
            }
            check(libc::sigprocmask(libc::SIG_SETMASK, &self.mask, null_mut()))?;
        }
        Ok(())
    }
}

fn tell(pid: libc::pid_t, signal: libc::c_int) {
    unsafe { libc::kill(pid, signal) };
}

fn bury(pid: libc::pid_t) -> io::Result<()> {
    let mut status = 0;
    while unsafe { libc::waitpid(pid, &mut status, 0) } != pid {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

fn leave() -> ! {
    unsafe { libc::_exit(0) }
}

/// Forks inside of the scope; a failure is given back when the scope has ended.
fn fork_or(signals: Signals) -> io::Result<(Signals, libc::pid_t)> {
    match check(unsafe { libc::fork() }) {
        Ok(pid) => Ok((signals, pid)),
        Err(error) => {
            signals.give_back()?;
            Err(error)
        }
    }
}

pub fn child_waits(first: impl FnOnce(Pid), then: impl FnOnce()) -> io::Result<()> {
    let (signals, child) = fork_or(Signals::take()?)?;
    if child == 0 {
        signals.wait(&DOWN);
        then();
        leave();
    }
    first(Pid::from_raw(child));
    tell(child, libc::SIGUSR1);
    bury(child)?;
    signals.give_back()
}

pub fn parent_waits(
    first: impl FnOnce(),
    rest: impl FnOnce(),
    then: impl FnOnce(),
) -> io::Result<()> {
    let parent = unsafe { libc::getpid() };
    let (signals, child) = fork_or(Signals::take()?)?;
    if child == 0 {
        first();
        tell(parent, libc::SIGUSR2);
        rest();
        leave();
    }
    signals.wait(&UP);
    then();
    bury(child)?;
    signals.give_back()
}

pub fn ping_pong(n: usize, ping: impl Fn(usize), pong: impl Fn(usize)) -> io::Result<()> {
    let parent = unsafe { libc::getpid() };
    let (signals, child) = fork_or(Signals::take()?)?;
    if child == 0 {
        for i in 0..n {
            signals.wait(&DOWN);
            pong(i);
            tell(parent, libc::SIGUSR2);
        }
        leave();
    }
    for i in 0..n {
        ping(i);
        tell(child, libc::SIGUSR1);
        // The last answer is left to give_back.
        if i + 1 < n {
            signals.wait(&UP);
        }
    }
    bury(child)?;
    signals.give_back()
}

/// No ring: the parent asks one child after the other, and waits for each answer.
pub fn ring_barrier(n: usize, arrive: impl Fn(usize), leave_: impl Fn(usize)) -> io::Result<()> {
    let parent = unsafe { libc::getpid() };
    let signals = Signals::take()?;
    let mut children = Vec::new();
    for i in 0..n {
        match unsafe { libc::fork() } {
            -1 => {
                let error = io::Error::last_os_error();
                for &child in &children {
                    tell(child, libc::SIGKILL);
                }
                for &child in &children {
                    bury(child)?;
                }
                signals.give_back()?;
                return Err(error);
            }
            0 => {
                arrive(i);
                signals.wait(&DOWN);
                tell(parent, libc::SIGUSR2);
                signals.wait(&DOWN);
                leave_(i);
                leave();
            }
            child => children.push(child),
        }
    }
    for &child in &children {
        tell(child, libc::SIGUSR1);
        signals.wait(&UP);
    }
    for &child in &children {
        tell(child, libc::SIGUSR1);
    }
    for &child in &children {
        bury(child)?;
    }
    signals.give_back()
}

pub fn scoped<T>(f: impl FnOnce() -> T) -> io::Result<T> {
    extern "C" fn nothing(_: libc::c_int) {}

    struct Undo(libc::sigset_t, libc::sigaction);
    impl Drop for Undo {
        fn drop(&mut self) {
            unsafe {
                let mut usr1 = MaybeUninit::uninit();
                libc::sigemptyset(usr1.as_mut_ptr());
                libc::sigaddset(usr1.as_mut_ptr(), libc::SIGUSR1);
                let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
                while libc::sigtimedwait(usr1.as_ptr(), null_mut(), &now) == libc::SIGUSR1 {}
                libc::sigaction(libc::SIGUSR1, &self.1, null_mut());
                libc::sigprocmask(libc::SIG_SETMASK, &self.0, null_mut());
            }
        }
    }

    let undo = unsafe {
        let mut undo = Undo(zeroed(), zeroed());
        let mut usr1 = MaybeUninit::uninit();
        libc::sigemptyset(usr1.as_mut_ptr());
        libc::sigaddset(usr1.as_mut_ptr(), libc::SIGUSR1);
        check(libc::sigprocmask(libc::SIG_SETMASK, null(), &mut undo.0))?;
        check(libc::sigaction(libc::SIGUSR1, null(), &mut undo.1))?;
        check(libc::sigprocmask(libc::SIG_BLOCK, usr1.as_ptr(), null_mut()))?;
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
        check(libc::sigaction(libc::SIGUSR1, &action, null_mut()))?;
        undo
    };
    let value = f();
    drop(undo);
    Ok(value)
}
