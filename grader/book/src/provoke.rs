//! Shows that what a rule's page says provokes it, does. A program marked `explore` beside `no_run` is
//! run by `forklings explore`, which must find the rule or list it. Programs that are not marked need a
//! test's contract before anything about them is wrong.

use crate::fault::{Fault, Kind};
use anyhow::{Context, Result, ensure};
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How the block of such a program begins.
const OPEN: &str = "```rust,no_run,explore\n";
const CLOSE: &str = "\n```";
/// Schedules for each program: as many as the rarest of these failures needs, and some more.
const SCHEDULES: &str = "80";
/// CPU seconds of one run: one of the programs computes without an end.
const SECONDS: &str = "2";

/// Explores the programs of the rules' pages, given as paths relative to `docs`. `manifest` is that of a
/// package that can use what the programs use.
pub(crate) fn check(
    docs: &Path,
    pages: &[PathBuf],
    manifest: &str,
    forklings: &Path,
) -> Result<Vec<Fault>> {
    let mut programs: Vec<(&PathBuf, String)> = Vec::new();
    for page in pages.iter().filter(|page| page.starts_with("rules")) {
        let text = crate::sources::read(&docs.join(page))?;
        programs.extend(marked(&text).map(|program| (page, program.to_owned())));
    }
    if programs.is_empty() {
        return Ok(Vec::new());
    }
    let root = docs.join("..");
    let package = root.join("target/forklings/provoke");
    let all = build(&root, &package, &programs, manifest)?;
    let mut faults = Vec::new();
    for (page, _) in &programs {
        let output = Command::new(forklings)
            .args(["explore", "--json", "--schedules", SCHEDULES, "--seconds", SECONDS, "--out"])
            .arg(package.join("schedules"))
            .arg("--")
            .arg(&all)
            .arg(name(page))
            .stdin(Stdio::null())
            .output()
            .context("cannot start `forklings`")?;
        let survey: serde_json::Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`explore` said of {}: {output:?}", page.display()))?;
        let rules = [&survey["findings"], &survey["listed"]];
        let mut rules = rules.iter().filter_map(|rules| rules.as_array()).flatten();
        // Where runs are not kept apart, nothing is said of what they leave behind.
        let apart = survey["isolation"]["namespaces"] == true;
        if apart && !rules.any(|finding| finding["rule"] == name(page)) {
            faults.push(Fault { page: (*page).clone(), kind: Kind::ProvokesNothing });
        }
    }
    Ok(faults)
}

/// The program of a page that is to be explored.
fn marked(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(OPEN)?;
    rest.split_once(CLOSE).map(|(program, _)| program)
}

/// The rule that a page is about.
fn name(page: &Path) -> String {
    page.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// One program for all of them: compiled and linked once, it does what its argument names.
fn build(
    root: &Path,
    package: &Path,
    programs: &[(&PathBuf, String)],
    manifest: &str,
) -> Result<PathBuf> {
    let mut arms = String::new();
    let mut modules = String::new();
    for (n, (page, program)) in programs.iter().enumerate() {
        let program = program.replacen("fn main()", "pub fn main()", 1);
        writeln!(arms, "        Some({:?}) => page_{n}::main(),", name(page))?;
        writeln!(modules, "mod page_{n} {{\n{program}\n}}")?;
    }
    let main = format!(
        "fn main() {{\n    match std::env::args().nth(1).as_deref() {{\n{arms}        _ => {{}}\n    }}\n}}\n"
    );
    let write = |name: &str, text: &[u8]| {
        fs::write(package.join(name), text).with_context(|| format!("cannot write {name}"))
    };
    fs::create_dir_all(package.join("src")).context("cannot make a package")?;
    write("src/main.rs", (main + &modules).as_bytes())?;
    write("Cargo.toml", manifest.as_bytes())?;
    let lock = root.join("solutions/Cargo.lock");
    write("Cargo.lock", &fs::read(&lock).context("cannot read the versions of the solutions")?)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--target-dir", "target"])
        .current_dir(package)
        .output()
        .context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the programs of the rules do not compile together: {said}");
    Ok(package.join("target/debug/pages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_explored_where_its_page_says_so() {
        let page = "# a\n\n```rust,no_run,explore\nfn main() {}\n```\n";
        assert_eq!(marked(page), Some("fn main() {}"));
        assert_eq!(marked(&page.replace(",explore", "")), None);
    }
}
