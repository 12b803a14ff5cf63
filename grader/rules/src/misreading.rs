//! Numbers in the output that come out when a status word is taken apart in the wrong way. Two
//! rules look at them: status-misread and status-lost.

use crate::case::Case;
use crate::index::Life;
use crate::lines::{lines, text, written};
use forklings_model::{Demand, Ending, ProcId, Stream};

/// A line that tells a child's ending wrongly.
pub(crate) struct Misreading {
    /// The child.
    pub(crate) child: ProcId,
    /// What the program said.
    pub(crate) said: String,
    /// The write that said it.
    pub(crate) written: Option<u32>,
}

/// A way to take a status word apart wrongly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The whole word: a code is 256 times too large.
    Word,
    /// A signal as the shell says it, or with the bit of a core dump.
    Shell,
    /// A part of the word that is 0 for such an ending.
    Zero,
    /// The right number under the wrong name.
    Name,
}

impl Way {
    const ALL: [Way; 4] = [Way::Word, Way::Shell, Way::Zero, Way::Name];

    /// What is read in place of `ending`.
    fn read(self, ending: Ending) -> Option<u64> {
        match (self, ending) {
            (Self::Word, Ending::Exited(code)) => Some(u64::from(code) << 8),
            (Self::Shell, Ending::Killed(_)) => Some(128 + value(ending)),
            (Self::Name, _) => Some(value(ending)),
            (Self::Zero, _) => Some(0),
            (Self::Word, Ending::Killed(_)) | (Self::Shell, Ending::Exited(_)) => None,
        }
    }
}

/// The number that an ending has.
fn value(ending: Ending) -> u64 {
    match ending {
        Ending::Exited(code) => u64::from(code),
        Ending::Killed(signal) => u64::try_from(signal.0).unwrap_or(0),
    }
}

/// Every misreading that the unmet demands on the output show, all of one way.
pub(crate) fn misreadings(case: &Case<'_>) -> Vec<Misreading> {
    let pairs: Vec<(String, String)> =
        case.demands.iter().flat_map(|demand| differences(case, demand)).collect();
    let reaped: Vec<&Life> = case.run.lives().filter(|life| life.reaped.is_some()).collect();
    let by_way = Way::ALL.iter().map(|way| misread(case, &pairs, &reaped, *way));
    by_way.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// Demanded lines that are missing, each with every line that nobody demanded.
fn differences(case: &Case<'_>, demand: &Demand) -> Vec<(String, String)> {
    let (stream, wanted) = match demand {
        Demand::Line { stream, line } | Demand::LineTimes { stream, line, .. } => {
            (*stream, vec![line.clone()])
        }
        Demand::LinesInAnyOrder { stream, lines } => (*stream, lines.clone()),
        Demand::Is { stream, text } => (*stream, text.lines().map(str::to_owned).collect()),
        _ => return Vec::new(),
    };
    let there = lines(case.trace(), stream);
    let spare: Vec<&String> =
        there.iter().filter(|line| !is_demanded(case, stream, line)).collect();
    let missing = wanted.into_iter().filter(|line| !there.contains(line));
    missing
        .flat_map(|missing| spare.iter().map(move |spare| (missing.clone(), (*spare).clone())))
        .collect()
}

fn is_demanded(case: &Case<'_>, stream: Stream, line: &String) -> bool {
    case.demands.iter().any(|demand| match demand {
        Demand::Line { stream: s, line: l } | Demand::LineTimes { stream: s, line: l, .. } => {
            *s == stream && l == line
        }
        Demand::LinesInAnyOrder { stream: s, lines } => *s == stream && lines.contains(line),
        Demand::Is { stream: s, text } => *s == stream && text.lines().any(|l| l == line),
        _ => false,
    })
}

/// The pairs that this one way explains.
fn misread(
    case: &Case<'_>,
    pairs: &[(String, String)],
    reaped: &[&Life],
    way: Way,
) -> Vec<Misreading> {
    let mut found = Vec::new();
    let mut endings = Vec::new();
    for (missing, said) in pairs {
        let Some(told) = told(missing, said, reaped, way) else { continue };
        endings.extend(told.iter().filter_map(|life| life.ending()));
        found.extend(told.first().map(|life| Misreading {
            child: life.proc,
            said: said.clone(),
            written: written(case, said).map(|event| event.seq),
        }));
    }
    if way == Way::Zero && !nothing_but_zero(case, reaped, &endings) {
        return Vec::new();
    }
    found
}

/// A 0 has many causes. It is a misreading only if every code, or every signal, that was not 0 was
/// told as 0, and none of them was told rightly somewhere.
fn nothing_but_zero(case: &Case<'_>, reaped: &[&Life], told: &[Ending]) -> bool {
    let same_kind = |ending: &Ending| {
        told.iter().any(|told| std::mem::discriminant(told) == std::mem::discriminant(ending))
    };
    let endings = || reaped.iter().filter_map(|life| life.ending());
    // The code 0 of one child told of another is a pairing gone wrong.
    let paired = endings().any(|ending| ending == Ending::Exited(0))
        && told.iter().any(|told| matches!(told, Ending::Exited(_)));
    !paired
        && endings()
            .filter(|ending| value(*ending) != 0 && same_kind(ending))
            .all(|ending| told.contains(&ending))
        && !told.iter().any(|ending| text_has_demanded(case, value(*ending)))
}

/// Whether a demanded line with this number is there.
fn text_has_demanded(case: &Case<'_>, value: u64) -> bool {
    text(case.trace(), Stream::Stdout).lines().any(|line| {
        tokens(line).contains(&Token::Number(value))
            && is_demanded(case, Stream::Stdout, &line.to_owned())
    })
}

/// The children whose endings `said` tells wrongly in this way where `missing` was demanded;
/// `None` when the lines differ in anything else.
fn told<'a>(missing: &str, said: &str, reaped: &[&'a Life], way: Way) -> Option<Vec<&'a Life>> {
    let (missing, said) = (tokens(missing), tokens(said));
    let whose = |right: u64, wrong: u64| {
        reaped.iter().copied().find(|life| {
            life.ending()
                .is_some_and(|ending| value(ending) == right && way.read(ending) == Some(wrong))
        })
    };
    // The same words, and other numbers.
    if way != Way::Name && missing.len() == said.len() {
        let differ = missing.iter().zip(&said).filter(|(a, b)| a != b);
        let told: Option<Vec<_>> = differ
            .map(|pair| match pair {
                (Token::Number(right), Token::Number(wrong)) => whose(*right, *wrong),
                _ => None,
            })
            .collect();
        if told.is_some() {
            return told;
        }
    }
    // Other words around one number, after the same beginning.
    let before = missing.iter().zip(&said).take_while(|(a, b)| a == b).count();
    let numbers = |tokens: &[Token]| -> Vec<u64> {
        let numbers = tokens.iter().skip(before).filter_map(|token| match token {
            Token::Number(number) => Some(*number),
            Token::Text(_) => None,
        });
        numbers.collect()
    };
    match (numbers(&missing).as_slice(), numbers(&said).as_slice()) {
        ([right], [wrong]) if before > 0 => Some(vec![whose(*right, *wrong)?]),
        _ => None,
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Number(u64),
    Text(String),
}

/// A line in numbers and words. White space ends a word and is not kept.
fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for word in line.split_whitespace() {
        let digit = |c: char| c.is_ascii_digit();
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c| digit(c) != digit(first)).unwrap_or(rest.len());
            let piece = &rest[..end];
            tokens.push(match piece.parse() {
                Ok(number) => Token::Number(number),
                Err(_) => Token::Text(piece.to_owned()),
            });
            rest = &rest[end..];
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_numbers_and_words() {
        let text = |text: &str| Token::Text(text.to_owned());
        assert_eq!(
            tokens("child 0: exit(256)"),
            [
                text("child"),
                Token::Number(0),
                text(":"),
                text("exit("),
                Token::Number(256),
                text(")")
            ]
        );
    }
}
