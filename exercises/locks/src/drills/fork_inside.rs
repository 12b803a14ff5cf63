use nix::{sys::wait::waitpid, unistd::ForkResult::Parent, unistd::fork};
use std::sync::Mutex;

static LOCK: Mutex<()> = Mutex::new(());

pub fn main() -> std::io::Result<()> {
    let guard = LOCK.lock().unwrap();
    let Parent { child } = (unsafe { fork() })? else {
        let _inside = LOCK.lock().unwrap();
        println!("child: inside");
        unsafe { libc::_exit(0) }
    };
    drop(guard);
    println!("parent: outside");
    waitpid(child, None)?;
    println!("parent: end");
    Ok(())
}
