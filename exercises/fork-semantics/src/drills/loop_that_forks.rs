use nix::{sys::wait::wait, unistd::fork};

pub fn main() -> std::io::Result<()> {
    for i in 0..2 {
        unsafe { fork() }?;
        println!("{i}");
    }
    // Until there is no child left to wait for.
    while wait().is_ok() {}
    Ok(())
}
