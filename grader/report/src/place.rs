//! Which lines of code a message shows, for all rules in one way: a student's own line comes
//! first, the given driver's stands in where there is none.

use forklings_model::{SiteId, SourceLine, Trace};
use std::fmt;

/// A line of the student's code, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, from its `src` folder on.
    pub file: String,
    /// Line number, from 1.
    pub line: u32,
    /// Whether it is the given driver's, which students do not edit.
    pub given: bool,
    /// The line itself, harmless.
    pub text: Option<String>,
}

/// `src/lib.rs:31`, and `src/main.rs:9 (given)` for what is not the student's to mend.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.given { f.write_str(" (given)") } else { Ok(()) }
    }
}

/// The place that a site stands for. The student's file wins over the driver, the driver over
/// anything else; frames of the standard library and of registry crates are nobody's fault.
#[must_use]
pub fn place(trace: &Trace, site: Option<SiteId>) -> Option<Place> {
    let line = trace.line(site?)?;
    let text = line.text.as_deref().map(|text| crate::escape::line(text.trim()));
    Some(Place { file: short(line), line: line.line, given: line.is_given(), text })
}

/// Whether a site stands for a line of the given driver.
#[must_use]
pub fn is_given(trace: &Trace, site: Option<SiteId>) -> bool {
    site.and_then(|site| trace.line(site)).is_some_and(SourceLine::is_given)
}

/// The places of a finding, each with what it is, in the order to look at them: the student's own
/// before the driver's. One that has no words of its own is the finding's first guess, and gives
/// way when it is the driver's and another is not; of two equal ones the first stays.
#[must_use]
pub fn best(trace: &Trace, sites: Vec<(String, Option<SiteId>)>) -> Vec<(String, Place)> {
    let place = |(what, site)| Some((what, place(trace, site)?));
    let mut places: Vec<(String, Place)> = sites.into_iter().filter_map(place).collect();
    if places.iter().any(|(_, place)| !place.given) {
        places.retain(|(what, place)| !(what.is_empty() && place.given));
    }
    places.sort_by_key(|(_, place)| place.given);
    let mut seen: Vec<(String, u32)> = Vec::new();
    places.retain(|(_, place)| {
        let key = (place.file.clone(), place.line);
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    places
}

/// The path from its last `src` folder on: the folders before it differ from machine to machine.
fn short(line: &SourceLine) -> String {
    let file = line.file.to_string_lossy();
    let from = if file.starts_with("src/") { Some(0) } else { file.rfind("/src/").map(|n| n + 1) };
    crate::escape::line(from.and_then(|n| file.get(n..)).unwrap_or(&file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::SourceLine;

    fn source(file: &str) -> SourceLine {
        SourceLine { file: file.into(), line: 1, function: None, text: None }
    }

    #[test]
    fn a_path_is_shown_from_src_on() {
        assert_eq!(short(&source("/tmp/zombies/src/lib.rs")), "src/lib.rs");
        assert_eq!(short(&source("src/main.rs")), "src/main.rs");
        assert_eq!(short(&source("guest.c")), "guest.c");
    }
}
