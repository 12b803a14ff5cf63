//! What the self-check tried, a row for each exercise.

use super::result;
use super::specimen::{Kind, Specimen};
use forklings_model::{Exercise, Graded, Report, Verdict};
use forklings_report::Style;
use forklings_report::style::Ink;

const HEAD: [&str; 6] =
    ["exercise", "tasks", "tests", "mutants caught", "right passed", "schedules"];

pub(super) fn draw(
    exercises: &[&Exercise],
    specimens: &[Specimen],
    report: &Report,
    style: &Style,
) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for exercise in exercises {
        rows.push(row(exercise, specimens, report));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut out = String::new();
    for (n, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        out += &if n == 0 { style.paint(Ink::Strong, &line) } else { line };
        out.push('\n');
    }
    out
}

fn row(exercise: &Exercise, specimens: &[Specimen], report: &Report) -> [String; 6] {
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
    let (mut mutants, mut caught, mut right, mut passed) = (0, 0, 0, 0);
    for (specimen, graded) in &own {
        match specimen.kind {
            Kind::Mutant(rule) => {
                mutants += 1;
                caught += u32::from(graded.is_some_and(|graded| graded.rule == Some(rule)));
            }
            Kind::Solution | Kind::Variant => {
                right += 1;
                passed +=
                    u32::from(graded.is_some_and(|graded| graded.verdict == Verdict::Accepted));
            }
            Kind::Stub => {}
        }
    }
    [
        exercise.id.clone(),
        exercise.tasks.len().to_string(),
        tests.to_string(),
        format!("{caught}/{mutants}"),
        format!("{passed}/{right}"),
        schedules.to_string(),
    ]
}
