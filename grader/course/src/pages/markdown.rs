//! What a Markdown text offers to links, and what it links to. Headings get the ids that mdBook and GitHub
//! give them.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;

/// What is of interest in a text.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// What the fragment of a link can name.
    pub(super) ids: BTreeSet<String>,
    pub(super) links: Vec<Link>,
    /// Code that names a page of the manual and does not, with its place in the text.
    pub(super) no_manual: Vec<(String, usize)>,
}

/// A link or an image.
#[derive(Debug)]
pub(super) struct Link {
    /// Where it leads to, as it is written.
    pub(super) target: String,
    /// Its place in the text, in bytes.
    pub(super) at: usize,
}

/// Reads a text, by the rules that mdBook reads it by.
#[expect(clippy::wildcard_enum_match_arm, reason = "little of what Markdown has is of interest")]
pub(super) fn read(text: &str) -> Content {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM;
    let mut content = Content::default();
    let mut heading: Option<String> = None;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { id: Some(id), .. }) => {
                content.ids.insert(id.into_string());
            }
            Event::Start(Tag::Heading { id: None, .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(words) = heading.take() {
                    name(&words, &mut content.ids);
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                content.links.push(Link { target: dest_url.into_string(), at: range.start });
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let ids = html.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next());
                content.ids.extend(ids.map(str::to_owned));
            }
            Event::Text(words) => {
                heading.iter_mut().for_each(|heading| heading.push_str(&words));
            }
            Event::Code(code) => {
                heading.iter_mut().for_each(|heading| heading.push_str(&code));
                if code.starts_with("man ") && !names_manual(&code) {
                    content.no_manual.push((code.into_string(), range.start));
                }
            }
            _ => {}
        }
    }
    content
}

/// Whether a link leads to another site, or is no matter of files.
pub(super) fn is_address(target: &str) -> bool {
    let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    target.starts_with("//")
        || target.split_once(':').is_some_and(|(name, _)| name.chars().all(scheme))
}

/// Whether a command opens a page of the manual and says from which section: `man 2 wait`.
fn names_manual(command: &str) -> bool {
    let mut words = command.split_whitespace().skip(1);
    let section = words.next().and_then(|section| section.parse::<u8>().ok());
    section.is_some_and(|section| (1..=8).contains(&section)) && words.next().is_some()
}

/// Adds the id of a heading; one that is there already gets a number.
fn name(heading: &str, ids: &mut BTreeSet<String>) {
    let id: String = heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            '_' | '-' => Some(c),
            _ if c.is_alphanumeric() => Some(c),
            _ => c.is_whitespace().then_some('-'),
        })
        .collect();
    let mut unique = id.clone();
    let mut n = 0;
    while !ids.insert(unique.clone()) {
        n += 1;
        unique = format!("{id}-{n}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        read(text).ids.into_iter().collect()
    }

    #[test]
    fn headings_are_named_as_mdbook_names_them() {
        assert_eq!(ids("# What `fork` copies, and when\n"), ["what-fork-copies-and-when"]);
        assert_eq!(ids("## Two\n\n## Two\n\n## Own {#own-id}\n"), ["own-id", "two", "two-1"]);
        assert_eq!(ids("<a id=\"here\"></a>\n"), ["here"]);
        assert_eq!(ids("```sh\n# no heading\n```\n"), [""; 0]);
    }

    #[test]
    fn what_stands_in_code_is_no_link() {
        let text = "[a](a.md) `[b](b.md)` ![c](c.svg)\n\n    [d](d.md)\n\n[e][1]\n\n[1]: e.md\n";
        let links = read(text).links;
        let targets: Vec<&str> = links.iter().map(|link| link.target.as_str()).collect();
        assert_eq!(targets, ["a.md", "c.svg", "e.md"]);
    }

    #[test]
    fn other_sites_are_told_from_files() {
        for address in ["https://example.org/a", "mailto:a@example.org", "//example.org"] {
            assert!(is_address(address), "{address}");
        }
        for file in ["a.md", "../a.md#b:c", "#a", "a/b:c"] {
            assert!(!is_address(file), "{file}");
        }
    }

    #[test]
    fn a_page_of_the_manual_is_named_with_its_section() {
        let wrong = |text: &str| read(text).no_manual.len();
        assert_eq!(wrong("`man 2 wait`, `man 7 signal` and `man`"), 0);
        assert_eq!(wrong("`man wait`, `man signal 7` and `man 2`"), 3);
    }
}
