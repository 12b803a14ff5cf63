//! `gradebook.csv`: a row for each submission and exercise. A cell that a spreadsheet would take
//! for a formula is made text.

use crate::escape::line;
use forklings_model::{Report, Rule, Verdict};

/// The gradebook, with a header row. Points of what could not be graded are empty, not 0.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn gradebook(report: &Report) -> Result<String, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["submission", "exercise", "verdict", "points", "max_points", "rule"])?;
    for graded in &report.graded {
        let points = match graded.verdict {
            Verdict::GraderError => String::new(),
            Verdict::Accepted
            | Verdict::Rejected
            | Verdict::BuildFailed
            | Verdict::LimitExceeded => graded.points().to_string(),
        };
        out.write_record([
            cell(&graded.submission.name),
            cell(&graded.exercise),
            graded.verdict.name().to_owned(),
            points,
            graded.max_points().to_string(),
            graded.rule.map_or("", Rule::name).to_owned(),
        ])?;
    }
    for (submission, reason) in &report.refused {
        let reason = cell(reason);
        out.write_record([&cell(&submission.name), "", "refused", "", "", &reason])?;
    }
    let bytes = out.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Text that no spreadsheet computes with: a leading apostrophe is how spreadsheets mark text.
fn cell(text: &str) -> String {
    // Full-width forms of the signs are taken for the signs by some spreadsheets.
    const SIGNS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let harmless = line(text);
    if text.trim_start_matches(' ').starts_with(SIGNS) { format!("'{harmless}") } else { harmless }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_text() {
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell("  +1"), "'  +1");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("-2"), "'-2");
        assert_eq!(cell("\t=1"), "'\\t=1");
        assert_eq!(cell("ada"), "ada");
    }
}
