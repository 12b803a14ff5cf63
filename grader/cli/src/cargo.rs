//! Builds programs of the course with cargo. The compiler's own messages go to the terminal as
//! they come: nobody says them better.

use crate::failure::Failure;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Package of the hidden suites, whose targets are called as the exercises.
const HIDDEN: &str = "forklings-hidden";
/// Package of this program.
const PROGRAM: &str = env!("CARGO_PKG_NAME");
/// Target of an exercise's visible tests.
const PUBLIC: &str = "public";

/// The programs of one exercise.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The student's program.
    pub(crate) driver: PathBuf,
    /// The suites: visible, then hidden where it was asked for.
    pub(crate) suites: Vec<PathBuf>,
}

/// Builds an exercise's driver and suites, as `cargo test -p <id>` does.
pub(crate) fn programs(root: &Path, id: &str, hidden: bool) -> Result<Programs> {
    // With this program's own package, or what it shares with the suites would be built once more.
    let mut args = vec!["test", "--no-run", "--test", PUBLIC, "-p", id, "-p", PROGRAM];
    if hidden {
        args.extend(["-p", HIDDEN, "--test", id]);
    }
    let built = build(root, id, &args)?;
    let mut suites = vec![built.program(id, "test")?];
    if hidden {
        suites.push(built.program(HIDDEN, "test")?);
    }
    Ok(Programs { driver: built.program(id, "bin")?, suites })
}

/// Builds an exercise's driver alone.
pub(crate) fn driver(root: &Path, id: &str) -> Result<PathBuf> {
    build(root, id, &["build", "-p", id])?.program(id, "bin")
}

/// Builds the driver of an exercise's solution. Its workspace has packages of the same names, so it
/// gets a folder of its own.
pub(crate) fn solution(root: &Path, id: &str) -> Result<PathBuf> {
    let folder = target(root).join("forklings/solutions").display().to_string();
    let args = ["build", "-p", id, "--target-dir", &folder];
    build(&root.join("solutions"), id, &args)?.program(id, "bin")
}

/// Warnings of the compiler about the packages of these exercises, as it words them, by exercise.
pub(crate) fn warnings(root: &Path, ids: &[&str]) -> Result<Vec<(String, String)>> {
    let mut command = Command::new(cargo());
    // As they are built for grading, so that nothing is built for this alone: cargo repeats what was said.
    command.args(["test", "--no-run", "--message-format=json", "--test", PUBLIC, "-p", PROGRAM]);
    command.current_dir(root);
    for id in ids {
        command.args(["-p", id]);
    }
    let output = command.output().context("cannot start cargo")?;
    let messages = output.stdout.split(|&b| b == b'\n').filter_map(read);
    let warnings = messages.filter_map(|message| match message {
        Message::Diagnostic { package_id, message } => {
            Some((package_name(&package_id).to_owned(), message.rendered.unwrap_or_default()))
        }
        Message::Artifact { .. } | Message::Other => None,
    });
    Ok(warnings.filter(|(package, _)| ids.contains(&package.as_str())).collect())
}

fn build(root: &Path, id: &str, args: &[&str]) -> Result<Built> {
    let mut command = Command::new(cargo());
    command.args(args).args(["--quiet", "--message-format=json-render-diagnostics"]);
    command.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| {
        format!("cannot start {}; install Rust from https://rustup.rs", cargo().display())
    })?;
    let mut built = Built(Vec::new());
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(|out| out.split(b'\n'))
    {
        if let Some(Message::Artifact { package_id, target, executable: Some(program) }) =
            read(&line.context("cannot read what cargo says")?)
        {
            let kind = target.kind.into_iter().next().unwrap_or_default();
            built.0.push((package_name(&package_id).to_owned(), kind, program));
        }
    }
    if child.wait().context("cannot wait for cargo")?.success() {
        return Ok(built);
    }
    bail!(Failure::DoesNotBuild(format!("`{id}` does not compile; the messages are above")))
}

/// Package, kind of target and path of every program that was built.
struct Built(Vec<(String, String, PathBuf)>);

impl Built {
    fn program(&self, package: &str, kind: &str) -> Result<PathBuf> {
        let found = self.0.iter().find(|(p, k, _)| p == package && k == kind);
        let (_, _, path) =
            found.with_context(|| format!("cargo built no {kind} program of `{package}`"))?;
        Ok(path.clone())
    }
}

/// Cargo's messages. Source: the Cargo book, "External tools", JSON messages.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact { package_id: String, target: Target, executable: Option<PathBuf> },
    #[serde(rename = "compiler-message")]
    Diagnostic { package_id: String, message: Diagnostic },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Diagnostic {
    rendered: Option<String>,
}

fn read(line: impl AsRef<[u8]>) -> Option<Message> {
    serde_json::from_slice(line.as_ref()).ok()
}

/// The name in a package id: `path+file:///x/zombies#0.1.0` or `…/hidden#forklings-hidden@0.1.0`.
fn package_name(id: &str) -> &str {
    let (source, rest) = id.split_once('#').unwrap_or((id, ""));
    match rest.split_once('@') {
        Some((name, _)) => name,
        None => source.rsplit('/').next().unwrap_or(source),
    }
}

/// Where cargo builds. Who names another place in a configuration file only loses what is kept.
pub(crate) fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// The cargo that runs us, or the one in PATH.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
