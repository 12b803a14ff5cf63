use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal::SIGUSR1, kill, sigaction};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult::Parent, Pid, fork};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: i32) {
    COUNT.fetch_add(1, Relaxed);
}

pub fn main() -> std::io::Result<()> {
    let counting = SigHandler::Handler(count);
    // With SA_RESTART `waitpid` goes on after the handler.
    let action = SigAction::new(counting, SaFlags::SA_RESTART, SigSet::empty());
    unsafe { sigaction(SIGUSR1, &action) }?;
    let parent = Pid::this();
    let Parent { child } = (unsafe { fork() })? else {
        for _ in 0..3 {
            kill(parent, SIGUSR1).ok();
        }
        unsafe { libc::_exit(0) }
    };
    waitpid(child, None)?;
    println!("{}", COUNT.load(Relaxed));
    Ok(())
}
