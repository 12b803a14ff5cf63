use nix::{sys::wait::waitpid, unistd::ForkResult::Parent, unistd::fork};
use std::io::{Read, Write, pipe};

pub fn main() -> std::io::Result<()> {
    let (mut reader, mut writer) = pipe()?;
    let Parent { child } = (unsafe { fork() })? else {
        writer.write_all(b"one").ok();
        writer.write_all(b"two").ok();
        unsafe { libc::_exit(0) }
    };
    let mut buffer = [0; 100];
    let length = reader.read(&mut buffer)?;
    println!("{}", String::from_utf8_lossy(&buffer[..length]));
    waitpid(child, None)?;
    Ok(())
}
