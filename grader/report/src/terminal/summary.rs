//! The table of a class.

use crate::escape::{cut, line};
use crate::sentence::name::count;
use crate::style::{Ink, Style};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use forklings_model::{Graded, Report, Rule, Verdict};
use textwrap::Options;

/// A row for each submission and exercise, then the totals. A narrow terminal gets a list.
#[must_use]
pub fn summary(report: &Report, style: &Style) -> String {
    let mut out = if style.is_narrow() { list(report, style) } else { table(report, style) };
    let with = |verdict| report.graded.iter().filter(|graded| graded.verdict == verdict).count();
    let totals: Vec<String> = VERDICTS
        .into_iter()
        .filter(|&verdict| with(verdict) > 0)
        .map(|verdict| format!("{} {}", with(verdict), verdict.name()))
        .collect();
    let mut say = |text: &str| {
        let room = Options::new(style.width.max(20)).subsequent_indent("  ");
        out += &(textwrap::fill(text, room) + "\n");
    };
    if !totals.is_empty() {
        say(&totals.join(", "));
    }
    if !report.graded.is_empty() {
        say(&format!("seed of the hidden tests' inputs: {}", report.seed));
    }
    if with(Verdict::GraderError) > 0 {
        say("Ungraded is not zero: the grader failed there, not the student.");
    }
    if !report.refused.is_empty() {
        let n = count(report.refused.len() as u64, "submission was", "submissions were");
        say(&format!("{n} not graded:"));
    }
    for (submission, reason) in &report.refused {
        let name = cut(&line(&submission.name), 40);
        say(&format!("  {name}: {}", cut(&line(reason), 200)));
    }
    out
}

fn table(report: &Report, style: &Style) -> String {
    let mut table = Table::new();
    let preset =
        if style.unicode { presets::UTF8_BORDERS_ONLY } else { presets::ASCII_BORDERS_ONLY };
    table
        .load_style(preset)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(style.width).unwrap_or(u16::MAX))
        .set_header(["submission", "exercise", "verdict", "points", "rule"]);
    for graded in &report.graded {
        table.add_row([
            Cell::new(name(graded)),
            Cell::new(line(&graded.exercise)),
            Cell::new(graded.verdict.name()),
            Cell::new(points(graded)).set_alignment(CellAlignment::Right),
            Cell::new(graded.rule.map_or("", Rule::name)),
        ]);
    }
    table.lines().fold(String::new(), |out, line| out + &painted(&line, style) + "\n")
}

/// Two lines for each: whose, and what came of it.
fn list(report: &Report, style: &Style) -> String {
    let mut out = String::new();
    for graded in &report.graded {
        let verdict = style.paint(ink(graded.verdict), graded.verdict.name());
        let rule = graded.rule.map_or(String::new(), |rule| format!("  {rule}"));
        let head = cut(&format!("{}, {}", name(graded), line(&graded.exercise)), style.width);
        out += &format!("{head}\n  {verdict}  {}{rule}\n", points(graded));
    }
    out
}

fn name(graded: &Graded) -> String {
    cut(&line(&graded.submission.name), 40)
}

fn points(graded: &Graded) -> String {
    match graded.verdict {
        Verdict::GraderError => "ungraded".to_owned(),
        Verdict::Accepted | Verdict::Rejected | Verdict::BuildFailed | Verdict::LimitExceeded => {
            format!("{}/{}", graded.points(), graded.max_points())
        }
    }
}

/// The line with its verdict in colour. The table is laid out before, as it counts characters.
fn painted(line: &str, style: &Style) -> String {
    let found = VERDICTS.into_iter().find(|verdict| line.contains(verdict.name()));
    found.map_or_else(
        || line.to_owned(),
        |verdict| {
            let word = verdict.name();
            line.replacen(word, &style.paint(ink(verdict), word), 1)
        },
    )
}

const VERDICTS: [Verdict; 5] = [
    Verdict::Accepted,
    Verdict::Rejected,
    Verdict::BuildFailed,
    Verdict::LimitExceeded,
    Verdict::GraderError,
];

const fn ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Accepted => Ink::Good,
        Verdict::Rejected | Verdict::BuildFailed | Verdict::LimitExceeded => Ink::Bad,
        Verdict::GraderError => Ink::Accent,
    }
}
