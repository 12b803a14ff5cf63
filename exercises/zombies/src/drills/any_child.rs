use nix::sys::wait::{WaitStatus::Exited, waitpid};
use nix::unistd::{ForkResult::Parent, Pid, fork};

fn child_that_ends_with(code: i32) -> nix::Result<Pid> {
    let Parent { child } = (unsafe { fork() })? else { unsafe { libc::_exit(code) } };
    Ok(child)
}

pub fn main() -> std::io::Result<()> {
    let first = child_that_ends_with(1)?;
    let _second = child_that_ends_with(2)?;
    for who in [None, Some(first), None] {
        match waitpid(who, None) {
            Ok(Exited(_, code)) => println!("exited with {code}"),
            other => println!("{other:?}"),
        }
    }
    Ok(())
}
