//! The program `forklings`.
fn main() {}
