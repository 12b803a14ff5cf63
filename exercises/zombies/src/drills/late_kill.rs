use nix::sys::signal::{Signal::SIGKILL, kill};
use nix::sys::wait::{WaitStatus::Exited, waitpid};
use nix::unistd::{ForkResult, fork};

pub fn main() -> std::io::Result<()> {
    let ForkResult::Parent { child } = (unsafe { fork() })? else {
        println!("child");
        unsafe { libc::_exit(7) }
    };
    println!("parent");
    kill(child, SIGKILL)?;
    let status = waitpid(child, None)?;
    println!("{}", if matches!(status, Exited(_, 7)) { "exited with 7" } else { "killed" });
    println!("{:?}", waitpid(child, None));
    Ok(())
}
