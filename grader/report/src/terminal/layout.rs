//! Labels at the left, wrapped text at the right: how the parts of a message are set.

use crate::place::Place;
use crate::style::{Ink, Style, columns};
use textwrap::{Options, WordSplitter};

const LABEL: usize = 11;
const MARGIN: usize = 2;

/// `text` behind `label`, wrapped to the width. Each line of `text` stays a line of its own; one
/// that quotes (it begins with a bar) is cut rather than wrapped, so that it keeps its bar.
pub(super) fn part(label: &str, text: &str, style: &Style) -> String {
    let narrow = style.is_narrow();
    let indent = " ".repeat(if narrow { MARGIN + 2 } else { MARGIN + LABEL });
    let mut out = String::new();
    let mut first = !narrow;
    if !narrow || !label.is_empty() {
        out += &head(label, style);
    }
    if narrow && !label.is_empty() {
        out.push('\n');
    }
    for line in style.glyphs(text).lines() {
        let room = style.width.saturating_sub(indent.len()).max(16);
        let bar = style.glyphs("│ ");
        let lines = if line.starts_with(&bar) {
            vec![crate::escape::cut(line, room)]
        } else {
            let options = Options::new(room).word_splitter(WordSplitter::NoHyphenation);
            textwrap::wrap(line, options).into_iter().map(String::from).collect()
        };
        for line in lines {
            if !std::mem::take(&mut first) {
                out.push_str(&indent);
            }
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// A command behind a label. It is never wrapped: a command that was broken cannot be pasted.
pub(super) fn command(label: &str, command: &str, style: &Style) -> String {
    let head = head(label, style);
    let command = style.paint(Ink::Accent, command);
    if style.is_narrow() && !label.is_empty() {
        format!("{head}\n    {command}\n")
    } else if style.is_narrow() {
        format!("    {command}\n")
    } else {
        format!("{head}{command}\n")
    }
}

/// The places of a failure, each a line with its code.
pub(super) fn places(places: &[(String, Place)], style: &Style) -> String {
    let mut out = String::new();
    for (n, (what, place)) in places.iter().enumerate() {
        let label = if n == 0 { "where" } else { "" };
        let what = if what.is_empty() { String::new() } else { format!("{what} ") };
        let code = place.text.as_deref().map_or(String::new(), |text| format!("   {text}"));
        let room = style.width.saturating_sub(13).max(40);
        out += &part(label, &crate::escape::cut(&format!("{what}{place}{code}"), room), style);
    }
    out
}

/// A headline with what a run was made to, behind it where there is room, else below.
pub(super) fn small(head: String, small: &str, style: &Style) -> String {
    let glue = match columns(&head) + 2 + columns(small) {
        _ if small.is_empty() => "",
        width if width <= style.width => "; ",
        _ => ";\n  ",
    };
    head + glue + small
}

fn head(label: &str, style: &Style) -> String {
    let margin = " ".repeat(MARGIN);
    if style.is_narrow() {
        format!("{margin}{}", style.paint(Ink::Accent, label))
    } else {
        format!("{margin}{}", style.paint(Ink::Accent, &format!("{label:<LABEL$}")))
    }
}
