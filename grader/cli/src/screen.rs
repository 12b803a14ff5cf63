//! The terminal: its width, whether it wants colours, and everything that is written to it.
//! Commands make text; only this file prints.

use anstream::{AutoStream, ColorChoice};
use console::Term;
use forklings_report::Style;
use forklings_report::style::Ink;
use std::env;
use std::io::{self, IsTerminal, Write};

/// Columns where nobody says how many there are.
const WIDTH: usize = 100;
/// Lines longer than this are hard to read, however wide the window is.
const WIDEST: usize = 140;

/// Where a command writes to.
#[derive(Debug)]
pub(crate) struct Screen {
    /// How to draw on standard output.
    pub(crate) style: Style,
    /// How to draw on standard error.
    errors: Style,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let style = |colour: ColorChoice, term: &Term| Style {
            colour: colour != ColorChoice::Never,
            width: width(term),
            unicode: unicode(),
        };
        Self {
            // anstream knows NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM=dumb and pipes.
            style: style(AutoStream::choice(&io::stdout()), &Term::stdout()),
            errors: style(AutoStream::choice(&io::stderr()), &Term::stderr()),
        }
    }

    /// Writes text to standard output.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes a remark to standard error: what a person wants to know and a pipe does not.
    pub(crate) fn remark(&self, text: &str) {
        // Nobody is left to tell when this fails.
        drop(writeln!(io::stderr(), "{text}"));
    }

    /// Says on standard error why a command cannot do its work.
    pub(crate) fn error(&self, text: &str) {
        self.remark(&format!("{} {text}", self.errors.paint(Ink::Bad, "error:")));
    }

    /// Whether moving pictures can be drawn on standard error.
    pub(crate) fn is_lively(&self) -> bool {
        io::stderr().is_terminal() && env::var("TERM").is_ok_and(|term| term != "dumb")
    }
}

fn width(term: &Term) -> usize {
    let seen = term.size_checked().map(|(_, columns)| usize::from(columns));
    let said = || env::var("COLUMNS").ok()?.parse().ok();
    seen.filter(|&columns| columns > 0).or_else(said).unwrap_or(WIDTH).min(WIDEST)
}

/// A locale that is named and is not UTF-8 gets ASCII. Where none is named, as in containers, a
/// terminal of today is assumed.
fn unicode() -> bool {
    let named = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = named("LC_ALL").or_else(|| named("LC_CTYPE")).or_else(|| named("LANG"));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
