use nix::sys::signal::{SigSet, Signal::SIGUSR1, kill};
use nix::sys::wait::{WaitStatus::Exited, waitpid};
use nix::unistd::{ForkResult::Parent, fork};

pub fn main() -> std::io::Result<()> {
    let Parent { child } = (unsafe { fork() })? else {
        let usr1 = SigSet::from(SIGUSR1);
        usr1.thread_block().ok();
        println!("child: ready");
        usr1.wait().ok(); // sigwait: takes the signal, no handler is needed
        println!("child: told");
        unsafe { libc::_exit(0) }
    };
    println!("parent: go");
    kill(child, SIGUSR1)?;
    let status = waitpid(child, None)?;
    println!("{}", if matches!(status, Exited(..)) { "exited" } else { "killed" });
    Ok(())
}
