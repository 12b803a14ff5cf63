use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult::Parent, fork};

pub fn main() -> std::io::Result<()> {
    let mut answer = 300;
    let Parent { child } = (unsafe { fork() })? else {
        answer += 1;
        unsafe { libc::_exit(answer) }
    };
    if let WaitStatus::Exited(_, code) = waitpid(child, None)? {
        println!("{answer} {code}");
    }
    Ok(())
}
