use nix::{sys::wait::wait, unistd::fork};
use std::{fs::File, io, io::Read, io::Write, os::fd::OwnedFd};

pub fn main() -> io::Result<()> {
    let (mut reader, writer) = io::pipe()?;
    let mut file = File::from(OwnedFd::from(writer));
    for name in ["A", "B"] {
        if unsafe { fork() }?.is_child() {
            writeln!(file, "{name}").ok();
            unsafe { libc::_exit(0) }
        }
    }
    drop(file);
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    println!("{text:?}");
    while wait().is_ok() {}
    Ok(())
}
