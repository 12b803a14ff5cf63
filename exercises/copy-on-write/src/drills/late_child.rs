use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

pub fn main() -> std::io::Result<()> {
    let mut n = 1;
    let ForkResult::Parent { child } = (unsafe { fork() })? else {
        println!("child: {n}");
        unsafe { libc::_exit(0) }
    };
    n = 2;
    println!("parent: {n}");
    waitpid(child, None)?;
    println!("parent: {n}");
    Ok(())
}
