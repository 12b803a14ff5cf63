use nix::{sys::wait::wait, unistd::fork};

fn greet() -> nix::Result<()> {
    let name = if unsafe { fork() }?.is_child() { "child" } else { "parent" };
    println!("{name}");
    Ok(())
}

pub fn main() -> std::io::Result<()> {
    greet()?;
    println!("end");
    // The child has nobody to wait for: this fails at once there.
    wait().ok();
    Ok(())
}
