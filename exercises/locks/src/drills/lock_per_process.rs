use nix::{sys::wait::waitpid, unistd::ForkResult::Parent, unistd::fork};
use std::sync::Mutex;

static NUMBER: Mutex<u32> = Mutex::new(0);

fn add_1() {
    *NUMBER.lock().unwrap() += 1;
}

pub fn main() -> std::io::Result<()> {
    let Parent { child } = (unsafe { fork() })? else {
        add_1();
        unsafe { libc::_exit(0) }
    };
    add_1();
    waitpid(child, None)?;
    println!("{}", NUMBER.lock().unwrap());
    Ok(())
}
