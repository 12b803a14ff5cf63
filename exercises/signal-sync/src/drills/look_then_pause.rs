use nix::sys::signal::{SigHandler::Handler, Signal::SIGUSR1, kill, signal};
use nix::unistd::{ForkResult::Parent, fork, getppid, pause};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static TOLD: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: i32) {
    TOLD.store(true, Relaxed);
}

pub fn main() -> std::io::Result<()> {
    unsafe { signal(SIGUSR1, Handler(note)) }?;
    let Parent { child } = (unsafe { fork() })? else {
        kill(getppid(), SIGUSR1).ok();
        unsafe { libc::_exit(0) }
    };
    if !TOLD.load(Relaxed) {
        pause(); // sleeps until a handler has run
    }
    println!("told");
    nix::sys::wait::waitpid(child, None)?;
    Ok(())
}
