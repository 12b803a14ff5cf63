use locks::shared::Shared;
use nix::{sys::wait::waitpid, unistd::ForkResult::Parent, unistd::fork};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

fn add_1(number: &AtomicU32) {
    let seen = number.load(SeqCst);
    number.store(seen + 1, SeqCst);
}

pub fn main() -> std::io::Result<()> {
    let number = Shared::new(AtomicU32::new(0))?;
    let Parent { child } = (unsafe { fork() })? else {
        add_1(&number);
        unsafe { libc::_exit(0) }
    };
    add_1(&number);
    waitpid(child, None)?;
    println!("{}", number.load(SeqCst));
    Ok(())
}
