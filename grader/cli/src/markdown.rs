//! Markdown as plain text for a terminal: enough for the pages of the rules. Links lose their
//! targets, headings are bold, code is set in.

use forklings_report::Style;
use forklings_report::style::Ink;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use textwrap::Options;

/// Draws a page.
pub(crate) fn render(page: &str, style: &Style) -> String {
    let mut writer = Writer { style, out: String::new(), text: String::new(), place: Place::Text };
    for event in Parser::new(page) {
        writer.take(event);
    }
    writer.out
}

/// What the text at hand is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Heading,
    Item,
    Code,
}

struct Writer<'a> {
    style: &'a Style,
    out: String,
    text: String,
    place: Place,
}

impl Writer<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "pages use little of what Markdown has")]
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { .. }) => self.place = Place::Heading,
            Event::Start(Tag::Item) => {
                self.flush();
                self.place = Place::Item;
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                self.flush();
                self.place = Place::Code;
                debug_assert!(matches!(kind, CodeBlockKind::Fenced(_) | CodeBlockKind::Indented));
            }
            Event::End(TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Item) => self.flush(),
            Event::End(TagEnd::CodeBlock) => self.code(),
            Event::End(TagEnd::List(_)) => self.out.push('\n'),
            Event::Text(text) => self.text.push_str(&text),
            Event::Code(text) => self.text.push_str(&format!("`{text}`")),
            Event::SoftBreak | Event::HardBreak => self.text.push(' '),
            _ => {}
        }
    }

    /// Ends a block of running text.
    fn flush(&mut self) {
        let text = self.style.glyphs(&std::mem::take(&mut self.text));
        let place = std::mem::replace(&mut self.place, Place::Text);
        if text.trim().is_empty() {
            return;
        }
        match place {
            Place::Heading => {
                self.out += &self.style.paint(Ink::Strong, &text);
                self.out.push_str("\n\n");
            }
            Place::Item => {
                let options = self.options().initial_indent("  - ").subsequent_indent("    ");
                self.out += &textwrap::fill(&text, options);
                self.out.push('\n');
            }
            Place::Text | Place::Code => {
                self.out += &textwrap::fill(&text, self.options());
                self.out.push_str("\n\n");
            }
        }
    }

    fn code(&mut self) {
        for line in std::mem::take(&mut self.text).lines() {
            self.out += format!("    {line}").trim_end();
            self.out.push('\n');
        }
        self.out.push('\n');
        self.place = Place::Text;
    }

    fn options(&self) -> Options<'static> {
        Options::new(self.style.width.clamp(20, 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_wrapped_text() {
        let page = "# zombie-left\n\nA [dead](x.md) child.\n\n- one\n  two\n- `three`\n\n```rust\nfn main() {\n}\n```\n\nEnd.\n";
        let expected = "zombie-left\n\nA dead child.\n\n  - one two\n  - `three`\n\n    fn main() {\n    }\n\nEnd.\n\n";
        assert_eq!(render(page, &Style::default()), expected);
        let narrow = Style { width: 20, ..Style::default() };
        assert_eq!(render("- a list that is long\n", &narrow), "  - a list that is\n    long\n\n");
    }
}
