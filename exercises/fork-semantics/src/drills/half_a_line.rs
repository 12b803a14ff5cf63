use nix::{sys::wait::waitpid, unistd::ForkResult, unistd::fork};

pub fn main() -> std::io::Result<()> {
    print!("before ");
    match unsafe { fork() }? {
        ForkResult::Child => println!("child"),
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            println!("parent");
        }
    }
    Ok(())
}
