//! How to draw on standard output: how wide, and whether in colour.

use std::env;
use std::io::{self, IsTerminal};

/// Columns where nobody says how many there are, and the most that prose fills.
const WIDTH: usize = 80;
/// Below this nothing can be laid out.
const NARROWEST: usize = 20;

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) colour: bool,
    pub(crate) width: usize,
}

/// What a piece of text is, for those who see colours; the words say it too.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ink {
    Strong,
    Good,
    Bad,
    Dim,
}

impl Style {
    /// As wide as the terminal, with colours where a person reads along and has not said `NO_COLOR`.
    pub(crate) fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|kind| kind == "dumb");
        let said = || env::var("COLUMNS").ok()?.parse().ok();
        let width = columns().or_else(said).unwrap_or(WIDTH);
        Self { colour: terminal && !plain, width: width.clamp(NARROWEST, WIDTH) }
    }

    pub(crate) fn paint(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Strong => 1,
            Ink::Good => 32,
            Ink::Bad => 31,
            Ink::Dim => 2,
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Breaks text into lines of the width, after a first margin and then blanks of its length. An
    /// empty line stands between paragraphs.
    pub(crate) fn wrap(&self, margin: &str, text: &str) -> String {
        let indent = margin.chars().count();
        let mut out = String::new();
        for (n, paragraph) in text.split("\n\n").enumerate() {
            out += if n == 0 { margin } else { "\n" };
            let mut used = indent;
            if n > 0 {
                out += &" ".repeat(indent);
            }
            for (m, word) in paragraph.split_whitespace().enumerate() {
                let length = word.chars().count();
                if m > 0 && used + 1 + length > self.width {
                    out += &format!("\n{}", " ".repeat(indent));
                    used = indent;
                } else if m > 0 {
                    out.push(' ');
                    used += 1;
                }
                out += word;
                used += length;
            }
            out.push('\n');
        }
        out
    }
}

/// Columns of the terminal that standard output is, if it is one and says so. Source:
/// `TIOCGWINSZ(2const)`.
#[expect(unsafe_code, reason = "the standard library does not tell a terminal's width")]
fn columns() -> Option<usize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel fills in the structure, if anything.
    let answer = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (answer == 0 && size.ws_col > 0).then_some(size.ws_col.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_the_width_and_indented_below_its_margin() {
        let style = Style { colour: false, width: 20 };
        assert_eq!(
            style.wrap("  1  ", "one two three four\n\nfive"),
            "  1  one two three\n     four\n\n     five\n"
        );
        assert_eq!(
            style.wrap("", "a-word-that-is-far-too-long b"),
            "a-word-that-is-far-too-long\nb\n"
        );
    }
}
