//! Compiles the Rust programs of the pages: every block marked `rust` that is not marked `ignore`.
//! rustdoc does it, for a package of its own whose modules are the pages; the packages that the
//! exercises use are there, in the same versions.

use crate::fault::{Fault, Kind};
use anyhow::{Context, Result};
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where this and the other package of the pages' programs are built: what they use is built once.
pub(crate) const TARGET: &str = "target/forklings/programs";

/// A package that can use what the exercises use.
pub(crate) const MANIFEST: &str = r#"[package]
name = "pages"
version = "0.1.0"
edition = "2024"

[workspace]

[dependencies]
libc = "0.2"
nix = { version = "0.31", default-features = false, features = ["fs", "mman", "process", "signal"] }

[profile.dev]
lto = "off"
"#;

/// Compiles the programs of all pages, given as paths relative to `docs`.
pub(crate) fn check(docs: &Path, pages: &[PathBuf]) -> Result<Vec<Fault>> {
    let root = docs.join("..");
    let package = root.join("target/forklings/pages");
    let write = |name: &str, text: &[u8]| {
        fs::write(package.join(name), text).with_context(|| format!("cannot write {name}"))
    };
    fs::create_dir_all(package.join("src")).context("cannot make a package")?;
    let mut modules = String::from("//! The pages of the book.\n");
    for (n, page) in pages.iter().enumerate() {
        let path = docs.join(page).display().to_string();
        writeln!(modules, "#[doc = include_str!({path:?})]\npub mod page_{n} {{}}")?;
    }
    write("src/lib.rs", modules.as_bytes())?;
    write("Cargo.toml", MANIFEST.as_bytes())?;
    let lock = root.join("solutions/Cargo.lock");
    write("Cargo.lock", &fs::read(&lock).context("cannot read the versions of the solutions")?)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--quiet", "--doc", "--target-dir"])
        .arg(root.join(TARGET))
        .current_dir(&package)
        .output()
        .context("cannot start cargo")?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let failed: Vec<Fault> = said.lines().filter_map(|line| failure(line, pages)).collect();
    if failed.is_empty() {
        anyhow::bail!("the programs of the pages cannot be compiled: {said}");
    }
    Ok(failed)
}

/// The program that a line of rustdoc's summary names: `    src/lib.rs - page_3 (line 12)`.
fn failure(line: &str, pages: &[PathBuf]) -> Option<Fault> {
    let (_, rest) = line.strip_prefix("    ")?.split_once(" - page_")?;
    let (n, line) = rest.strip_suffix(')')?.split_once(" (line ")?;
    let page = pages.get(n.parse::<usize>().ok()?)?.clone();
    Some(Fault { page, kind: Kind::DoesNotCompile { line: line.parse().ok()? } })
}
