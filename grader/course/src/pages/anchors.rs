//! The anchors in a source file: `ANCHOR: name` begins a part that pages can include, and one with
//! `ANCHOR_END` ends it. mdBook reads them in the same way, and is silent about those that are not there.

use super::fault::{Fault, Trouble};
use std::collections::BTreeMap;
use std::path::Path;

/// The anchors that are opened, with their lines.
pub(super) fn opened(text: &str) -> impl Iterator<Item = (usize, &str)> {
    numbered(text).filter_map(|(n, line)| Some((n, opens(line)?)))
}

/// The lines of a part, with their numbers and without any anchors, if it is there.
pub(super) fn part<'a>(text: &'a str, name: &str) -> Option<Vec<(usize, &'a str)>> {
    let mut lines = numbered(text).skip_while(|(_, line)| opens(line) != Some(name));
    lines.next()?;
    let inside = lines.take_while(|(_, line)| closes(line) != Some(name));
    Some(inside.filter(|(_, line)| opens(line).is_none() && closes(line).is_none()).collect())
}

/// Anchors that are opened twice, or not closed, or closed and not open.
pub(super) fn unbalanced(file: &Path, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    // By name: the line, while it is open.
    let mut seen: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (n, line) in numbered(text) {
        if let Some(name) = opens(line) {
            if seen.insert(name, Some(n)).is_some() {
                faults.push(Trouble::OpenedTwice(name.to_owned()).at(file, Some(n)));
            }
        } else if let Some(name) = closes(line)
            && seen.get_mut(name).and_then(Option::take).is_none()
        {
            faults.push(Trouble::NotOpened(name.to_owned()).at(file, Some(n)));
        }
    }
    let open = seen.into_iter().filter_map(|(name, line)| Some((name, line?)));
    faults.extend(open.map(|(name, n)| Trouble::NotClosed(name.to_owned()).at(file, Some(n))));
    faults
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line))
}

fn opens(line: &str) -> Option<&str> {
    name(line, "ANCHOR:")
}

fn closes(line: &str) -> Option<&str> {
    name(line, "ANCHOR_END:")
}

fn name<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(mark)?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
    let name = &rest[..end.unwrap_or(rest.len())];
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str =
        "// ANCHOR: a\n1\n// ANCHOR: b\n2\n// ANCHOR_END: b\n3\n// ANCHOR_END: a\n4\n";

    #[test]
    fn a_part_ends_at_its_own_anchor_and_shows_none() {
        assert_eq!(part(NESTED, "a"), Some(vec![(2, "1"), (4, "2"), (6, "3")]));
        assert_eq!(part(NESTED, "b"), Some(vec![(4, "2")]));
        assert_eq!(part(NESTED, "c"), None);
        assert_eq!(opened(NESTED).collect::<Vec<_>>(), [(1, "a"), (3, "b")]);
    }

    #[test]
    fn anchors_that_do_not_match_are_named_with_their_lines() {
        let wrong = |text: &str| {
            let faults = unbalanced(Path::new("lib.rs"), text).into_iter();
            faults.map(|fault| (fault.place.line, fault.trouble)).collect::<Vec<_>>()
        };
        assert_eq!(wrong(NESTED), []);
        let name = || "a".to_owned();
        assert_eq!(wrong("\n// ANCHOR: a\n"), [(Some(2), Trouble::NotClosed(name()))]);
        assert_eq!(wrong("// ANCHOR_END: a\n"), [(Some(1), Trouble::NotOpened(name()))]);
        let twice = "// ANCHOR: a\n// ANCHOR_END: a\n// ANCHOR: a\n// ANCHOR_END: a\n";
        assert_eq!(wrong(twice), [(Some(3), Trouble::OpenedTwice(name()))]);
    }
}
