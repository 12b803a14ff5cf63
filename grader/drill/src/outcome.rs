//! What a run comes to. One notation for what was seen, what is foretold, and what a drill says of
//! itself: lines of standard output, then how it ended, unless it simply returned.

use nix::sys::signal::Signal;
use std::fmt;
use std::io::{self, BufRead};

/// Stands between two outcomes.
const BETWEEN: &str = "--";
/// The last line of a run that waits for ever.
const HANGS: &str = "hangs";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With exit status 0.
    Returned,
    /// With another exit status.
    Status(i32),
    /// Killed by the signal with this number.
    Signal(i32),
    /// Not at all: somebody waits for ever.
    Hangs,
}

/// What a run comes to: lines without blanks at their ends, the last of which may say how it ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome(Vec<String>);

impl Outcome {
    /// What a run printed, and how it ended.
    #[must_use]
    pub fn of(stdout: &[u8], end: End) -> Self {
        let mut lines = lines(&String::from_utf8_lossy(stdout));
        lines.extend(match end {
            End::Returned => None,
            End::Status(code) => Some(format!("exit status {code}")),
            End::Signal(number) => Some(match Signal::try_from(number) {
                Ok(signal) => format!("killed by {signal}"),
                Err(_) => format!("killed by signal {number}"),
            }),
            End::Hangs => Some(HANGS.to_owned()),
        });
        Self(lines)
    }

    /// Reads one outcome.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(lines(text))
    }

    /// Reads outcomes up to an empty line or the end, with a line `--` between two of them. None
    /// stands there twice.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read_all(input: impl BufRead) -> io::Result<Vec<Self>> {
        let mut all: Vec<Self> = Vec::new();
        let mut lines: Vec<String> = Vec::new();
        let mut take = |lines: &mut Vec<String>| {
            let outcome = Self(std::mem::take(lines));
            if !outcome.0.is_empty() && !all.contains(&outcome) {
                all.push(outcome);
            }
        };
        for line in input.split(b'\n') {
            match String::from_utf8_lossy(&line?).trim_end() {
                "" => break,
                BETWEEN => take(&mut lines),
                line => lines.push(line.to_owned()),
            }
        }
        take(&mut lines);
        Ok(all)
    }
}

impl fmt::Display for Outcome {
    /// One line, with dots between the lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("(nothing)") } else { f.write_str(&self.0.join(" · ")) }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_ends_with_an_empty_line_and_has_each_outcome_once() {
        let read = |text: &str| Outcome::read_all(text.as_bytes()).ok();
        let all = vec![Outcome::read("a\nb"), Outcome::read("b")];
        assert_eq!(read("a\nb  \n--\nb\n--\na\nb\n--\n\nc\n"), Some(all));
        assert_eq!(read(""), Some(vec![]));
    }

    #[test]
    fn an_outcome_says_how_a_run_ended_that_did_not_return() {
        let said = |end| Outcome::of(b"a\nb\n", end).to_string();
        assert_eq!(said(End::Returned), "a · b");
        assert_eq!(said(End::Status(101)), "a · b · exit status 101");
        assert_eq!(said(End::Signal(10)), "a · b · killed by SIGUSR1");
        assert_eq!(said(End::Hangs), "a · b · hangs");
        assert_eq!(Outcome::of(b"", End::Returned).to_string(), "(nothing)");
    }
}
