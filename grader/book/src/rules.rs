//! Checks the pages of rules: each has the same five sections, in the same order, and a program.

use crate::fault::{Fault, Kind};
use std::path::Path;

/// What a page says of its rule.
const SECTIONS: [&str; 5] =
    ["What it means", "Why it matters", "Exactly when", "Provoke it", "Mend it"];

/// What the page lacks, if it is the page of a rule.
pub(crate) fn check(page: &Path, text: &str) -> Vec<Fault> {
    if !page.starts_with("rules") || page.ends_with("README.md") {
        return Vec::new();
    }
    let heads = text.lines().filter_map(|line| line.strip_prefix("## "));
    let heads: Vec<&str> = heads.filter(|head| SECTIONS.contains(head)).collect();
    let provoked = text.split("## Provoke it").nth(1).unwrap_or_default();
    if heads == SECTIONS && provoked.contains("```") {
        return Vec::new();
    }
    vec![Fault { page: page.to_owned(), kind: Kind::NotARule(SECTIONS.join(", ")) }]
}
