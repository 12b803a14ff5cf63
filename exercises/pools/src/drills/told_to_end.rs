use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult::Parent, Pid, fork};
use std::io::{PipeWriter, Read, pipe};

fn worker(name: &str) -> std::io::Result<(PipeWriter, Pid)> {
    let (mut tasks, to_worker) = pipe()?;
    if let Parent { child } = unsafe { fork() }? {
        return Ok((to_worker, child));
    }
    drop(to_worker);
    let end_of_file = tasks.read(&mut [0]);
    println!("{name}: {end_of_file:?}");
    unsafe { libc::_exit(0) }
}

pub fn main() -> std::io::Result<()> {
    let (to_first, first) = worker("first")?;
    let (to_second, second) = worker("second")?;
    drop(to_first);
    drop(to_second);
    waitpid(first, None)?;
    waitpid(second, None)?;
    Ok(())
}
