//! Shows that what a rule's page says provokes it, does. A program marked `explore` beside `no_run` is
//! run by `forklings explore`, which must find the rule or list it. Where that takes options, a block of
//! the kind `sh` below the program tells the reader which: its last line is `forklings explore OPTIONS --
//! ./a.out`, and what stands above makes the files that they name. Programs that are not marked need what
//! only a test can demand, or no run shows what is wrong with them.

use crate::fault::{Fault, Kind};
use crate::programs::{MANIFEST, TARGET};
use anyhow::{Context, Result, ensure};
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How the block of such a program begins.
const OPEN: &str = "```rust,no_run,explore\n";
const CLOSE: &str = "\n```";
/// How the block with its command begins, and the command.
const SHELL: &str = "```sh\n";
const COMMAND: &str = "forklings explore ";
/// Schedules for each program: as many as the rarest of these failures needs, and some more.
const SCHEDULES: &str = "80";
/// CPU seconds of one run: one of the programs computes without an end.
const SECONDS: &str = "2";

/// Explores the programs of the rules' pages, given as paths relative to `docs`.
pub(crate) fn check(docs: &Path, pages: &[PathBuf], forklings: &Path) -> Result<Vec<Fault>> {
    let mut programs: Vec<(&PathBuf, Program)> = Vec::new();
    for page in pages.iter().filter(|page| page.starts_with("rules")) {
        let text = crate::sources::read(&docs.join(page))?;
        programs.extend(marked(&text).map(|program| (page, program)));
    }
    if programs.is_empty() {
        return Ok(Vec::new());
    }
    let root = docs.join("..");
    let package = root.join("target/forklings/provoke");
    let all = build(&root, &package, &programs)?;
    let mut faults = Vec::new();
    for (page, program) in &programs {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let prepared = Command::new("sh")
            .args(["-c", &program.preparations])
            .current_dir(folder.path())
            .status()
            .context("cannot start a shell")?;
        ensure!(prepared.success(), "the shell fails at what {} tells it", page.display());
        let output = Command::new(forklings)
            .args(["explore", "--json", "--schedules", SCHEDULES, "--seconds", SECONDS, "--out"])
            .arg(package.join("schedules"))
            .args(&program.options)
            .arg("--")
            .arg(&all)
            .arg(name(page))
            .current_dir(folder.path())
            // A backtrace would be most of what a program does that panics.
            .env_remove("RUST_BACKTRACE")
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

/// A program that is to be explored.
#[derive(Debug, PartialEq, Eq)]
struct Program {
    source: String,
    /// What a shell does before, in the folder in which it is explored.
    preparations: String,
    options: Vec<String>,
}

/// The program of a page that is to be explored.
fn marked(text: &str) -> Option<Program> {
    let (_, rest) = text.split_once(OPEN)?;
    let (source, rest) = rest.split_once(CLOSE)?;
    let section = rest.split("\n## ").next().unwrap_or_default();
    let (preparations, options) = command(section).unwrap_or_default();
    Some(Program { source: source.to_owned(), preparations, options })
}

/// How the text below a program has it explored.
fn command(text: &str) -> Option<(String, Vec<String>)> {
    let (block, _) = text.split_once(SHELL)?.1.split_once(CLOSE)?;
    let (preparations, last) = block.rsplit_once('\n').unwrap_or(("", block));
    let words = shlex::split(last.strip_prefix(COMMAND)?)?;
    let options = words.into_iter().take_while(|word| word != "--").collect();
    Some((preparations.to_owned(), options))
}

/// The rule that a page is about.
fn name(page: &Path) -> String {
    page.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// One program for all of them: compiled and linked once, it does what its argument names.
fn build(root: &Path, package: &Path, programs: &[(&PathBuf, Program)]) -> Result<PathBuf> {
    let mut arms = String::new();
    let mut modules = String::new();
    for (n, (page, program)) in programs.iter().enumerate() {
        let program = program.source.replacen("fn main()", "pub fn main()", 1);
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
    write("Cargo.toml", MANIFEST.as_bytes())?;
    let lock = root.join("solutions/Cargo.lock");
    write("Cargo.lock", &fs::read(&lock).context("cannot read the versions of the solutions")?)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = root.join(TARGET);
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--target-dir"])
        .arg(&target)
        .current_dir(package)
        .output()
        .context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the programs of the rules do not compile together: {said}");
    Ok(target.join("debug/pages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_explored_where_its_page_says_so() {
        let page = "# a\n\n```rust,no_run,explore\nfn main() {}\n```\n";
        let program = Program {
            source: "fn main() {}".to_owned(),
            preparations: String::new(),
            options: Vec::new(),
        };
        assert_eq!(marked(page), Some(program));
        assert_eq!(marked(&page.replace(",explore", "")), None);
    }

    #[test]
    fn the_command_below_a_program_says_how_it_is_explored() {
        let page = "```rust,no_run,explore\nfn main() {}\n```\n\nSo:\n\n\
                    ```sh\necho 'a b' > demanded\nforklings explore --before 'a b' c -- ./a.out\n```\n\n\
                    ## Mend it\n";
        let program = marked(page).expect("a program");
        assert_eq!(program.preparations, "echo 'a b' > demanded");
        assert_eq!(program.options, ["--before", "a b", "c"]);
        let later = page.replace("\nSo:\n", "\n## Mend it\n");
        assert_eq!(marked(&later).expect("a program").options, [""; 0]);
    }
}
