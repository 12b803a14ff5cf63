//! The course proves itself. It is a test program of its own, since it keeps every processor busy: cargo runs
//! it when the others are done.
#![expect(clippy::unwrap_used, reason = "a test that cannot start the program should panic")]

use std::path::Path;
use std::process::{Command, Output};

#[test]
fn the_course_is_sound() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut check = Command::new(env!("CARGO_BIN_EXE_forklings"));
    check.args(["course", "check"]).current_dir(repository).env("NO_COLOR", "1");
    let Output { status, stdout, stderr } = check.output().unwrap();
    let (said, told) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{said}\n{told}");
    assert!(said.ends_with("\nthe course is sound\n"), "{said}");
}
