//! How to draw on the caller's terminal. Knows nothing about what is drawn, and asks no
//! environment: whether colours are wanted (`NO_COLOR`) is the caller's question.

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

/// How to draw: with colours or without, how wide, with which characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colours may be written.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether characters beyond ASCII may be drawn.
    pub unicode: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { colour: false, width: 100, unicode: true }
    }
}

/// What a piece of text is, as far as its colour is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A headline.
    Strong,
    /// Something that went well.
    Good,
    /// Something that went wrong.
    Bad,
    /// A label or a command.
    Accent,
    /// Something that is there for completeness.
    Faint,
}

impl Style {
    /// Narrower than this, columns give way to lists.
    pub const NARROW: usize = 60;

    /// Whether the terminal is too narrow for columns.
    #[must_use]
    pub const fn is_narrow(&self) -> bool {
        self.width < Self::NARROW
    }

    /// `text` in the colour of `ink`.
    #[must_use]
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        let inked = text.trim_end();
        if !self.colour || inked.is_empty() {
            return text.to_owned();
        }
        // Blanks stay outside, so that they can still be trimmed from the end of a line.
        let blanks = text.get(inked.len()..).unwrap_or_default();
        let ansi = match ink {
            Ink::Strong => Ansi::new().bold(),
            Ink::Good => AnsiColor::Green.on_default().bold(),
            Ink::Bad => AnsiColor::Red.on_default().bold(),
            Ink::Accent => AnsiColor::Cyan.on_default(),
            Ink::Faint => Ansi::new().dimmed(),
        };
        format!("{ansi}{inked}{ansi:#}{blanks}")
    }

    /// `text` with the characters that this terminal has: our arrows and lines become ASCII where
    /// that is all there is.
    #[must_use]
    pub fn glyphs(&self, text: &str) -> String {
        if self.unicode {
            return text.to_owned();
        }
        text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '→' => out.push_str("->"),
                '←' => out.push_str("<-"),
                '…' => out.push_str("..."),
                '│' => out.push('|'),
                '├' | '└' => out.push('+'),
                '─' => out.push('-'),
                '┆' | '⋮' => out.push(':'),
                '·' => out.push('.'),
                '×' => out.push('x'),
                other => out.push(other),
            }
            out
        })
    }
}

/// Columns that `text` takes on a terminal.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

/// `text` cut to `width` columns, and filled up with spaces to that width.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    let cut = crate::escape::cut(text, width);
    let missing = width.saturating_sub(columns(&cut));
    cut + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_is_no_escape_sequence() {
        assert_eq!(Style::default().paint(Ink::Bad, "no"), "no");
        let colour = Style { colour: true, ..Style::default() };
        assert!(colour.paint(Ink::Bad, "no").contains('\u{1b}'));
    }

    #[test]
    fn an_ascii_terminal_gets_ascii() {
        let ascii = Style { unicode: false, ..Style::default() };
        assert_eq!(ascii.glyphs("fork → P2 │ ⋮"), "fork -> P2 | :");
    }

    #[test]
    fn text_is_fitted_by_columns_not_by_bytes() {
        assert_eq!(fit("é", 3), "é  ");
        assert_eq!(fit("abcdef", 4), "abc…");
    }
}
