//! `forklings explain`: the pages of the rules, as they stand in the book.

use crate::markdown;
use crate::repository::unknown;
use crate::screen::Screen;
use anyhow::Result;
use forklings_grade::exit_codes;
use forklings_model::{Family, Rule};
use forklings_report::Style;
use forklings_report::style::Ink;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The rule, such as zombie-left
    rule: Option<String>,
}

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<u8> {
    let text = match &args.rule {
        Some(name) => markdown::render(forklings_rules::page(called(name)?), &screen.style),
        None => list(&screen.style),
    };
    screen.print(&text)?;
    Ok(exit_codes::OK)
}

/// The rule of this name.
fn called(name: &str) -> Result<Rule> {
    let known = Rule::ALL.iter().map(|rule| rule.name());
    name.parse().map_err(|_| unknown("rule", name, known, "`forklings explain` lists all"))
}

/// Every rule by family, each with the first sentence of its page.
fn list(style: &Style) -> String {
    let families = [
        (Family::Order, "Order and output"),
        (Family::Processes, "Processes"),
        (Family::Signals, "Signals"),
        (Family::Descriptors, "Descriptors and pipes"),
        (Family::Memory, "Shared memory and locks"),
        (Family::Pools, "Pools of workers"),
        (Family::Objects, "Things with a name that are left"),
        (Family::Limits, "Limits"),
    ];
    let mut out = String::new();
    for (family, title) in families {
        out += &format!("{}\n", style.paint(Ink::Strong, title));
        for rule in Rule::ALL.iter().filter(|rule| rule.family() == family) {
            let name = style.paint(Ink::Accent, &format!("{:<20}", rule.name()));
            let room = style.width.saturating_sub(24).max(20);
            let text = textwrap::fill(&style.glyphs(&meaning(*rule)), room);
            out += &format!("  {name}  {}\n", text.replace('\n', &format!("\n{:24}", "")));
        }
        out.push('\n');
    }
    out += "A rule's page: forklings explain zombie-left\n";
    out
}

/// The first paragraph of a rule's page, on one line.
fn meaning(rule: Rule) -> String {
    let page = forklings_rules::page(rule);
    let first = page.split("\n\n").nth(1).unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_listed_once_with_its_meaning() {
        let list = list(&Style::default());
        for rule in Rule::ALL {
            let line = format!("\n  {:<20}  ", rule.name());
            assert_eq!(list.matches(&line).count(), 1, "{rule}");
            assert!(meaning(*rule).ends_with('.'), "{rule}: {}", meaning(*rule));
        }
    }
}
