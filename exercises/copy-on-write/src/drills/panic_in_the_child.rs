use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult::Parent, fork};
use std::panic::{catch_unwind, resume_unwind};

fn answer() -> nix::Result<u32> {
    let Parent { child } = (unsafe { fork() })? else {
        resume_unwind(Box::new("a panic, without a message on standard error"))
    };
    waitpid(child, None)?;
    Ok(7)
}

pub fn main() -> std::io::Result<()> {
    match catch_unwind(answer) {
        Ok(answer) => println!("answer: {answer:?}"),
        Err(_) => println!("no answer"),
    }
    Ok(())
}
