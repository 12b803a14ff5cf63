//! Who may know whom: the arrows between our crates that the design allows, and no other.

use crate::door::root;
use serde_json::Value;
use std::collections::BTreeSet;
use std::env;
use std::process::Command;

/// A crate, and those of ours that it may depend on. `course`, `rules` and `report` know only the
/// vocabulary; `grade` knows neither the tracer nor `check`; only `cli` sees nearly all.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("forklings-model", &[]),
    ("forklings-sys", &[]),
    ("forklings-drill", &[]),
    ("forklings-course", &["model"]),
    ("forklings-rules", &["model"]),
    ("forklings-report", &["model"]),
    ("forklings-symbols", &["model"]),
    ("forklings-sandbox", &["sys", "model"]),
    ("forklings-tracer", &["sandbox", "symbols", "sys", "model"]),
    ("forklings-check", &["model", "course", "tracer", "sandbox", "rules", "report"]),
    ("forklings-grade", &["model", "course", "sandbox", "report"]),
    ("forklings-book", &["model", "course", "report"]),
    ("forklings", &["model", "course", "drill", "grade", "report", "rules", "sandbox", "tracer"]),
];

/// What the crates below everything else may take from elsewhere.
const FOREIGN: [(&str, &[&str]); 3] = [
    ("forklings-model", &["serde"]),
    ("forklings-sys", &["libc", "nix", "thiserror"]),
    ("forklings-drill", &["libc", "nix"]),
];

/// The packages of the two workspaces that hold ours.
fn packages() -> Vec<Value> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let packages = |manifest: &str| {
        let output = Command::new(&cargo)
            .args(["metadata", "--no-deps", "--format-version=1", "--manifest-path", manifest])
            .current_dir(root())
            .output()
            .unwrap();
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        metadata["packages"].as_array().unwrap().clone()
    };
    [packages("Cargo.toml"), packages("grader/book/Cargo.toml")].concat()
}

/// Dependencies of a package: name, and whether only for tests.
fn arrows(package: &Value) -> Vec<(String, bool)> {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies
        .map(|d| (d["name"].as_str().unwrap().to_owned(), d["kind"].as_str() == Some("dev")))
        .collect()
}

#[test]
fn only_the_arrows_of_the_design_exist() {
    let packages = packages();
    let mut seen = BTreeSet::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let allowed = ALLOWED.iter().find(|(known, _)| *known == name).map(|(_, allowed)| *allowed);
        seen.extend(allowed.is_some().then_some(name));
        for (to, only_tests) in arrows(package) {
            let ours = to == "forklings" || to.starts_with("forklings-");
            let Some(short) = to.strip_prefix("forklings-").filter(|_| ours) else {
                assert!(!ours, "{name} → {to}: nothing depends on the program");
                continue;
            };
            match allowed {
                Some(allowed) => assert!(allowed.contains(&short), "{name} → {to}"),
                // An exercise, whose driver has drills, or the hidden suites.
                None => {
                    assert!(short == "drill" || short == "check" && only_tests, "{name} → {to}")
                }
            }
        }
    }
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(seen, known, "every crate of the grader is in the list, and the list has no other");
}

#[test]
fn the_lowest_crates_take_little_from_elsewhere() {
    let packages = packages();
    for (name, allowed) in FOREIGN {
        let package = packages.iter().find(|package| package["name"] == name).unwrap();
        for (to, only_tests) in arrows(package) {
            assert!(only_tests || allowed.contains(&to.as_str()), "{name} → {to}");
        }
    }
}
