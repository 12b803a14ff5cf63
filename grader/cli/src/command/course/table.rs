//! What the self-check tried, a row for each exercise.

use super::result;
use super::specimen::{Kind, Specimen};
use forklings_model::{Exercise, Graded, Report, Verdict};
use forklings_report::Style;
use forklings_report::style::Ink;

/// The columns' names, in two lines where the terminal is too narrow for one.
const HEAD: [[&str; 2]; 6] = [
    ["", "exercise"],
    ["", "tasks"],
    ["", "tests"],
    ["mutants", "caught"],
    ["correct variants", "passed"],
    ["", "schedules"],
];

type Row = [String; HEAD.len()];

pub(super) fn draw(
    exercises: &[&Exercise],
    specimens: &[Specimen],
    report: &Report,
    style: &Style,
) -> String {
    let rows: Vec<Row> =
        exercises.iter().map(|exercise| row(exercise, specimens, report)).collect();
    table(&rows, style)
}

fn table(rows: &[Row], style: &Style) -> String {
    let one_line = HEAD.map(|lines| lines.join(" ").trim().to_owned());
    let fits = widths(rows.iter().chain([&one_line])).iter().map(|width| width + 2).sum::<usize>()
        <= style.width + 2;
    let two_lines = [0, 1].map(|n| HEAD.map(|lines| lines[n].to_owned()));
    let head = if fits { &[one_line][..] } else { &two_lines };
    let all = || head.iter().chain(rows);
    let widths = widths(all());
    let mut out = String::new();
    for (n, row) in all().enumerate() {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ").trim_end().to_owned();
        out += &if n < head.len() { style.paint(Ink::Strong, &line) } else { line };
        out.push('\n');
    }
    out
}

/// How wide the columns of these rows are.
fn widths<'a>(rows: impl Iterator<Item = &'a Row>) -> [usize; HEAD.len()] {
    let mut widths = [0; HEAD.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    widths
}

fn row(exercise: &Exercise, specimens: &[Specimen], report: &Report) -> Row {
    let own: Vec<(&Specimen, Option<&Graded>)> = specimens
        .iter()
        .filter(|specimen| specimen.exercise == exercise.id)
        .map(|specimen| (specimen, result(specimen, report)))
        .collect();
    let tests: u32 = own
        .iter()
        .filter(|(specimen, _)| specimen.kind == Kind::Solution)
        .filter_map(|(_, graded)| graded.as_ref())
        .flat_map(|graded| &graded.tasks)
        .map(|task| task.tests)
        .sum();
    let schedules: u64 = own
        .iter()
        .filter_map(|(_, graded)| graded.as_ref())
        .flat_map(|graded| &graded.judgements)
        .map(|judgement| u64::from(judgement.explored.schedules))
        .sum();
    let (mut mutants, mut caught, mut variants, mut passed) = (0, 0, 0, 0);
    for (specimen, graded) in &own {
        match specimen.kind {
            Kind::Mutant(rule) => {
                mutants += 1;
                caught += u32::from(graded.is_some_and(|graded| graded.rule == Some(rule)));
            }
            Kind::Variant => {
                variants += 1;
                passed +=
                    u32::from(graded.is_some_and(|graded| graded.verdict == Verdict::Accepted));
            }
            // Their deviations say what there is to say.
            Kind::Stub | Kind::Solution => {}
        }
    }
    [
        exercise.id.clone(),
        exercise.tasks.len().to_string(),
        tests.to_string(),
        format!("{caught}/{mutants}"),
        format!("{passed}/{variants}"),
        schedules.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(id: &str, width: usize) -> String {
        let row = [id, "9", "74", "43/43", "7/7", "192000"].map(str::to_owned);
        table(&[row], &Style { width, ..Style::default() })
    }

    #[test]
    fn the_names_of_columns_stand_in_one_line_where_there_is_room() {
        let expected = "\
exercise        tasks  tests  mutants caught  correct variants passed  schedules
fork-semantics      9     74           43/43                      7/7     192000
";
        assert_eq!(drawn("fork-semantics", 80), expected);
        assert_eq!(drawn("fork-semantics", 120), expected);
    }

    #[test]
    fn a_table_that_is_too_wide_gets_names_in_two_lines() {
        let expected = [
            "                              mutants  correct variants",
            "exercise        tasks  tests   caught            passed  schedules",
            "fork-semantics      9     74    43/43               7/7     192000",
        ];
        assert_eq!(drawn("fork-semantics", 79).lines().collect::<Vec<_>>(), expected);
    }
}
