//! What `cargo metadata` says about the repository's own packages.

use super::cargo;
use crate::error::GradeError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages of the workspace.
pub(super) struct Packages {
    /// Where cargo builds by default.
    pub(super) target: PathBuf,
    by_name: BTreeMap<String, Package>,
}

/// One package.
pub(super) struct Package {
    /// Edition of its driver.
    pub(super) edition: String,
    /// Names of its normal dependencies, as code spells them; not of those for a configuration.
    pub(super) dependencies: Vec<String>,
    /// Names of those that it has under `--cfg loom` besides.
    pub(super) modelled: Vec<String>,
    tests: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<RawPackage>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    edition: String,
    dependencies: Vec<RawDependency>,
    targets: Vec<RawTarget>,
}

#[derive(Deserialize)]
struct RawDependency {
    name: String,
    rename: Option<String>,
    kind: Option<String>,
    /// The platform or configuration that it is for, when it is not for all.
    target: Option<String>,
}

#[derive(Deserialize)]
struct RawTarget {
    name: String,
    kind: Vec<String>,
}

impl Packages {
    pub(super) fn read(repository: &Path) -> Result<Self, GradeError> {
        let output = Command::new(cargo())
            .current_dir(repository)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .output()
            .map_err(|source| GradeError::Start { program: cargo().into(), source })?;
        let failed = |reason: String| GradeError::Prebuild { reason };
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| failed(format!("`cargo metadata` said something else: {error}")))?;
        let by_name = metadata.packages.into_iter().map(|raw| {
            let names = |target: Option<&str>| {
                let all = raw.dependencies.iter();
                all.filter(|d| d.kind.is_none() && d.target.as_deref() == target)
                    .map(|d| d.rename.as_ref().unwrap_or(&d.name).replace('-', "_"))
                    .collect()
            };
            let package = Package {
                edition: raw.edition.clone(),
                dependencies: names(None),
                modelled: names(Some("cfg(loom)")),
                tests: raw
                    .targets
                    .into_iter()
                    .filter(|target| target.kind.iter().any(|kind| kind == "test"))
                    .map(|target| target.name)
                    .collect(),
            };
            (raw.name, package)
        });
        Ok(Self { target: metadata.target_directory, by_name: by_name.collect() })
    }

    pub(super) fn get(&self, name: &str) -> Result<&Package, GradeError> {
        self.by_name.get(name).ok_or_else(|| GradeError::Prebuild {
            reason: format!("the workspace has no package `{name}`; add it to Cargo.toml"),
        })
    }

    pub(super) fn has(&self, package: &str) -> bool {
        self.by_name.contains_key(package)
    }

    pub(super) fn has_test(&self, package: &str, test: &str) -> bool {
        self.by_name.get(package).is_some_and(|p| p.tests.iter().any(|name| name == test))
    }
}
