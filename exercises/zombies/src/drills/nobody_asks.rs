use nix::sys::signal::{SigHandler::SigIgn, Signal::SIGCHLD, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult::Parent, fork};

pub fn main() -> std::io::Result<()> {
    unsafe { signal(SIGCHLD, SigIgn) }?;
    let Parent { child } = (unsafe { fork() })? else {
        println!("child");
        unsafe { libc::_exit(7) }
    };
    println!("{:?}", waitpid(child, None));
    Ok(())
}
