use nix::sys::signal::{SigHandler::Handler, Signal::SIGUSR1, kill, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult::Parent, Pid, fork};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: i32) {
    COUNT.fetch_add(1, Relaxed);
}

pub fn main() -> std::io::Result<()> {
    // `signal` installs it with SA_RESTART: `waitpid` goes on after the handler.
    unsafe { signal(SIGUSR1, Handler(count)) }?;
    let parent = Pid::this();
    let Parent { child } = (unsafe { fork() })? else {
        (0..3).for_each(|_| kill(parent, SIGUSR1).unwrap_or(()));
        unsafe { libc::_exit(0) }
    };
    waitpid(child, None)?;
    println!("{}", COUNT.load(Relaxed));
    Ok(())
}
