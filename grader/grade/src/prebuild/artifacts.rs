//! Cargo's messages about what it built. Source: the Cargo book, "External tools", JSON messages.

use crate::error::GradeError;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What a build made.
pub(super) struct Artifacts(Vec<Artifact>);

/// One built target.
struct Artifact {
    package: String,
    target: String,
    foreign: bool,
    optimised: bool,
    files: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact {
        package_id: String,
        target: Target,
        profile: Profile,
        filenames: Vec<PathBuf>,
        executable: Option<PathBuf>,
    },
    #[serde(rename = "compiler-message")]
    Diagnostic { message: Diagnostic },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    opt_level: String,
    debuginfo: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
}

impl Artifacts {
    pub(super) fn read(messages: &[u8]) -> Result<Self, GradeError> {
        let mut artifacts = Vec::new();
        for line in messages.split(|&b| b == b'\n').filter(|line| line.starts_with(b"{")) {
            let message: Message = serde_json::from_slice(line).map_err(|error| {
                GradeError::Prebuild { reason: format!("cargo said something else: {error}") }
            })?;
            if let Message::Artifact { package_id, target, profile, filenames, executable } =
                message
            {
                artifacts.push(Artifact {
                    package: package_name(&package_id).to_owned(),
                    target: target.name,
                    foreign: !package_id.starts_with("path+"),
                    optimised: profile.opt_level != "0" || profile.debuginfo.is_none(),
                    files: filenames,
                    executable,
                });
            }
        }
        Ok(Self(artifacts))
    }

    /// The suite program of a package.
    pub(super) fn suite(&self, package: &str, target: &str) -> Result<PathBuf, GradeError> {
        self.0
            .iter()
            .find(|a| a.package == package && a.target == target && a.executable.is_some())
            .and_then(|a| a.executable.clone())
            .ok_or_else(|| missing(&format!("test program `{target}` of `{package}`")))
    }

    /// Every library of a foreign package.
    pub(super) fn libraries(&self) -> impl Iterator<Item = &Path> {
        self.0
            .iter()
            .filter(|a| a.foreign)
            .flat_map(|a| &a.files)
            .map(PathBuf::as_path)
            .filter(is_rlib)
    }

    /// The library of a crate. Build scripts and macros may use another build of the same crate;
    /// those are told apart by their profile.
    pub(super) fn library(&self, name: &str) -> Result<&Path, GradeError> {
        let mut found: Vec<&Artifact> = self
            .0
            .iter()
            .filter(|a| a.target.replace('-', "_") == name)
            .filter(|a| a.files.iter().any(|file| is_rlib(&file.as_path())))
            .collect();
        found.sort_by_key(|a| a.optimised);
        let files = found.first().map(|a| a.files.iter().map(PathBuf::as_path));
        files
            .and_then(|mut files| files.find(is_rlib))
            .ok_or_else(|| missing(&format!("library `{name}`")))
    }
}

/// The crate that was built, if this message says so.
pub(super) fn built(line: &[u8]) -> Option<String> {
    match serde_json::from_slice(line) {
        Ok(Message::Artifact { target, .. }) => Some(target.name),
        Ok(Message::Diagnostic { .. } | Message::Other) | Err(_) => None,
    }
}

/// The compiler's errors among cargo's messages, as it would print them.
pub(super) fn rendered_errors(messages: &[u8]) -> String {
    let lines = messages.split(|&b| b == b'\n');
    let parsed = lines.filter_map(|line| serde_json::from_slice(line).ok());
    let errors = parsed.filter_map(|message| match message {
        Message::Diagnostic { message } if message.level == "error" => message.rendered,
        Message::Diagnostic { .. } | Message::Artifact { .. } | Message::Other => None,
    });
    errors.collect()
}

fn missing(what: &str) -> GradeError {
    GradeError::Prebuild { reason: format!("cargo built no {what}") }
}

fn is_rlib(path: &&Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rlib")
}

/// The name in a package id: `path+file:///x/zombies#0.1.0` or `registry+…#nix@0.31.3`.
fn package_name(id: &str) -> &str {
    let (source, rest) = id.split_once('#').unwrap_or((id, ""));
    match rest.split_once('@') {
        Some((name, _)) => name,
        None => source.rsplit('/').next().unwrap_or(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_id_has_its_name_in_one_of_two_places() {
        assert_eq!(package_name("path+file:///x/zombies#0.1.0"), "zombies");
        assert_eq!(
            package_name("path+file:///x/hidden#forklings-hidden@0.1.0"),
            "forklings-hidden"
        );
        assert_eq!(package_name("registry+https://github.com/r/index#nix@0.31.3"), "nix");
    }
}
