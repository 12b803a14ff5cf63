use nix::sys::signal::{Signal::SIGKILL, kill};
use nix::sys::wait::{WaitStatus::Exited, waitpid};
use nix::unistd::{ForkResult::Parent, fork};
use std::io::{Read, Write, pipe};

pub fn main() -> std::io::Result<()> {
    let (mut answers, mut to_parent) = pipe()?;
    let Parent { child } = unsafe { fork() }? else {
        println!("a mail is sent");
        to_parent.write_all(b"done")?;
        unsafe { libc::_exit(0) }
    };
    drop(to_parent);
    kill(child, SIGKILL)?;
    let mut answer = String::new();
    answers.read_to_string(&mut answer)?;
    let ended = matches!(waitpid(child, None)?, Exited(..));
    println!("{answer:?}, {}", if ended { "exited" } else { "killed" });
    Ok(())
}
