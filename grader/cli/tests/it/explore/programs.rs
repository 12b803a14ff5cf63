//! The programs to explore: C and Rust, compiled once each, C by the compiler that Rust links with,
//! and scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name)
}

/// Where programs are built.
pub(super) fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A program from `tests/programs/<name>.c`.
pub(super) fn c(name: &str) -> String {
    compiled(name, name, &[])
}

/// A program from `tests/programs/<source>.c`, built with more options.
#[track_caller]
pub(super) fn compiled(program: &str, source_name: &str, options: &[&str]) -> String {
    build("cc", program, &source(&format!("{source_name}.c")), &[&["-g", "-w"], options].concat())
}

/// A program from `tests/programs/<name>.rs`, as `cargo build` would make it.
pub(super) fn rust(name: &str) -> String {
    let options = ["-C", "debuginfo=1", "--edition", "2024"];
    build("rustc", &format!("{name}-rust"), &source(&format!("{name}.rs")), &options)
}

/// The same with names that are mangled by the newer scheme, as nightly compilers do.
pub(super) fn rust_v0(name: &str) -> String {
    let options = ["-C", "debuginfo=1", "--edition", "2024", "-C", "symbol-mangling-version=v0"];
    build("rustc", &format!("{name}-v0"), &source(&format!("{name}.rs")), &options)
}

#[track_caller]
fn build(compiler: &str, program: &str, source: &Path, options: &[&str]) -> String {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let place = built().join(program);
    let age = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    if age(&place) <= age(source) {
        let built = Command::new(compiler)
            .arg("-o")
            .arg(&place)
            .arg(source)
            .args(options)
            .output()
            .unwrap_or_else(|_| panic!("these tests need a compiler that is called `{compiler}`"));
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
    place.display().to_string()
}

/// A program without its symbols.
pub(super) fn stripped(name: &str) -> String {
    let place = built().join(format!("{name}-stripped"));
    fs::copy(c(name), &place).unwrap();
    let strip = Command::new("strip").arg(&place).status().expect("these tests need `strip`");
    assert!(strip.success());
    place.display().to_string()
}

/// Python itself, where there is one: what `python3` leads to may be a script that looks for it.
pub(super) fn python() -> Option<String> {
    let ask = ["-c", "import sys; print(sys.executable)"];
    let said = Command::new("python3").args(ask).output().ok().filter(|o| o.status.success());
    Some(String::from_utf8(said?.stdout).unwrap().trim().to_owned())
}

/// A script of `tests/programs`.
pub(super) fn script(name: &str) -> String {
    source(name).display().to_string()
}
