//! Every sentence that a reader gets.

use crate::comparison::Comparison;
use crate::terminal::{Ink, Style};
use crate::{Drill, Drills, Outcome};

/// What there is to predict.
pub(crate) fn list(drills: &Drills, style: &Style) -> String {
    let id = drills.exercise;
    let what = "Predict what a short program prints, then see what it does.";
    let mut out = style.wrap("", what) + "\n";
    for (n, drill) in (1..).zip(drills.all) {
        out += &style.wrap(&format!("  {n}  "), drill.title);
    }
    out + &format!("\ncargo run -p {id} -- reveal 1\n")
}

/// There is no drill of this number.
pub(crate) fn unknown(drills: &Drills, number: &str) -> String {
    let (id, last) = (drills.exercise, drills.all.len());
    format!("error: no drill `{number}`; {id} has drills 1 to {last}: `reveal N` with N a number\n")
}

/// A drill's title and program.
pub(crate) fn show(drills: &Drills, number: usize, drill: &Drill, style: &Style) -> String {
    let head = format!("{}, drill {number} of {}", drills.exercise, drills.all.len());
    let mut out = style.paint(Ink::Strong, &format!("{head}: {}", drill.title)) + "\n\n";
    for line in drill.program.source.trim_end().lines() {
        out += format!("    {line}").trim_end();
        out.push('\n');
    }
    out.push('\n');
    out
}

/// What to write. Only for a person at a terminal.
pub(crate) fn ask(style: &Style) -> String {
    let how = "What can it print? Write every output that it can have, line by line as it would \
               stand there, and `--` on a line between two of them. Where it may wait for ever, \
               the last line is `hangs`; where a `?` may end it, `exit status 1`. An empty line ends your prediction.";
    style.wrap("", how) + "\n"
}

/// The runs take a moment.
pub(crate) fn running(runs: u32) -> String {
    format!("It runs {runs} times …\n\n")
}

/// What came of it, and how good the prediction was, if there was one.
pub(crate) fn compared(
    comparison: &Comparison,
    predicted: bool,
    runs: u32,
    style: &Style,
) -> String {
    let Comparison { expected, surprising, awaited, mistaken, overlooked, contradicting, score } =
        comparison;
    let counted = |(outcome, times): &(Outcome, u32)| (format!("{times:>6}  "), outcome.clone());
    let uncounted = |outcome: &Outcome| (" ".repeat(8), outcome.clone());
    let mut out = String::new();
    let mut section = |ink: Ink, head: String, all: Vec<(String, Outcome)>| {
        if !all.is_empty() {
            out += &style.paint(ink, style.wrap("", &head).trim_end());
            out.push('\n');
            for (margin, outcome) in all {
                out += &style.wrap(&margin, &outcome.to_string());
            }
            out.push('\n');
        }
    };
    let head = |what: &str| format!("{what} (times in {runs} runs)");
    section(Ink::Good, head("Predicted and seen"), expected.iter().map(counted).collect());
    section(Ink::Bad, head("Seen and not predicted"), surprising.iter().map(counted).collect());
    let rare = format!("Predicted, possible, and not seen in {runs} runs");
    section(Ink::Good, rare, awaited.iter().map(uncounted).collect());
    let never = "Predicted, and impossible".to_owned();
    section(Ink::Bad, never, mistaken.iter().map(uncounted).collect());
    let missed = "Possible, and neither predicted nor seen".to_owned();
    section(Ink::Bad, missed, overlooked.iter().map(uncounted).collect());
    let wrong = "Seen, although this course says that it is impossible: the course is wrong here, \
                 or a run was stopped for being slow";
    section(Ink::Bad, wrong.to_owned(), contradicting.iter().map(uncounted).collect());
    let (hits, possible) = score;
    if !predicted {
        return out;
    }
    let mut verdict = match (hits, possible) {
        (0, 1) => "You did not predict its one output".to_owned(),
        (_, 1) => "You predicted its one output".to_owned(),
        (0, n) => format!("You predicted none of the {n} possible outputs"),
        (hits, n) if hits == n => format!("You predicted all {n} possible outputs"),
        (hits, n) => format!("You predicted {hits} of the {n} possible outputs"),
    };
    verdict += &match mistaken.len() {
        0 => ".".to_owned(),
        1 => ", and one that is impossible.".to_owned(),
        n => format!(", and {n} that are impossible."),
    };
    out + &style.wrap("", &verdict) + "\n"
}

/// What is possible and why, and where to see it.
pub(crate) fn explain(id: &str, number: usize, drill: &Drill, style: &Style) -> String {
    let head = |text: &str| style.paint(Ink::Strong, text) + "\n";
    let mut out = head("Possible (a dot stands between two lines)");
    for possible in drill.possible {
        out += &style.wrap("  ", &Outcome::read(possible).to_string());
    }
    if !drill.never.is_empty() {
        out += &format!("\n{}", head("Never"));
        for (never, why) in drill.never {
            out += &style.wrap("  ", &format!("{}: {why}", Outcome::read(never)));
        }
    }
    out += &format!("\n{}{}\n", head("Why"), style.wrap("  ", drill.because));
    let habits = "Your machine has its habits. The grader's scheduler tries the other orders too:";
    let next = format!("cargo run -q -- explore {id} drill {number}");
    out + &style.wrap("", habits) + &style.paint(Ink::Dim, &next) + "\n"
}
