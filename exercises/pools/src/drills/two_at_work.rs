use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult::Parent, fork};
use std::io::{Read, Write, pipe};

pub fn main() -> std::io::Result<()> {
    let (mut tasks, mut to_workers) = pipe()?;
    to_workers.write_all(&[1, 2, 3])?;
    drop(to_workers);
    let forked = unsafe { fork() }?; // from here on there are two
    let mut task = [0];
    while tasks.read(&mut task)? == 1 {
        println!("task {}", task[0]);
    }
    if let Parent { child } = forked {
        waitpid(child, None)?;
    }
    Ok(())
}
