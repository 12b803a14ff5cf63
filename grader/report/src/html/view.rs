//! What the page's template sees: a report, sorted into rows, cells and sections.

use crate::escape::{block, cut, line};
use crate::message::Message;
use crate::sentence::name::{count, list};
use crate::svg;
use crate::timeline::{Room, of_finding};
use forklings_model::{Failure, Graded, Judgement, Outcome, Report, Rule, Verdict};
use serde::Serialize;
use std::collections::BTreeSet;

/// A timeline on a page, which can be scrolled.
const ROOM: Room = Room { columns: 8, rows: 16 };

#[derive(Serialize)]
pub(super) struct Page {
    style: &'static str,
    style_hash: &'static str,
    totals: String,
    isolation: &'static str,
    compiler: String,
    seed: u64,
    exercises: Vec<String>,
    rows: Vec<TableRow>,
    refused: Vec<(String, String)>,
    graded: Vec<Section>,
}

#[derive(Serialize)]
struct TableRow {
    name: String,
    cells: Vec<Option<TableCell>>,
    points: String,
}

#[derive(Serialize)]
struct TableCell {
    id: String,
    verdict: &'static str,
    points: String,
    rule: Option<&'static str>,
}

#[derive(Serialize)]
struct Section {
    id: String,
    submission: String,
    exercise: String,
    verdict: &'static str,
    points: String,
    rule: Option<&'static str>,
    grader_error: Vec<String>,
    diagnostics: Option<String>,
    tasks: Vec<Task>,
    failures: Vec<Six>,
    /// Tests that reach a TODO, after the first: it has said all that there is to say.
    to_do: Vec<ToDo>,
    /// Tests that passed, and what was tried.
    tried: Vec<(String, String)>,
    unfinished: Vec<String>,
    left_out: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Task {
    task: String,
    points: u32,
    max_points: u32,
    passed: u32,
    tests: u32,
}

#[derive(Serialize)]
struct Six {
    test: String,
    rule: &'static str,
    shown: String,
    expected: Vec<Part>,
    happened: Vec<Part>,
    places: Vec<Place>,
    remarks: Vec<String>,
    svg: Option<String>,
    left_out: Option<String>,
    likely: String,
    experiment: String,
    command: String,
    man: &'static str,
    replay: Option<String>,
}

#[derive(Serialize)]
struct Place {
    what: String,
    place: String,
    text: Option<String>,
}

/// A line of a sentence, or several lines that quote.
#[derive(Serialize)]
struct Part {
    quote: bool,
    text: String,
}

#[derive(Serialize)]
struct ToDo {
    test: String,
    todo: String,
}

pub(super) fn page(
    report: &Report,
    style: &'static str,
    style_hash: &'static str,
) -> Result<Page, minijinja::Error> {
    let names: BTreeSet<&str> = report.graded.iter().map(|g| g.submission.name.as_str()).collect();
    let exercises: BTreeSet<&str> = report.graded.iter().map(|g| g.exercise.as_str()).collect();
    let rows = names.iter().map(|name| row(report, name, &exercises)).collect();
    let sections = report.graded.iter().enumerate().map(|(n, graded)| section(n, graded));
    let submissions = count(names.len() as u64, "submission", "submissions");
    let accepted = report.graded.iter().filter(|g| g.verdict == Verdict::Accepted).count();
    Ok(Page {
        style,
        style_hash,
        totals: format!("{submissions}, {accepted} of {} exercises accepted", report.graded.len()),
        isolation: report.isolation.level(),
        compiler: line(report.compiler.lines().next().unwrap_or_default()),
        seed: report.seed,
        exercises: exercises.iter().map(|id| line(id)).collect(),
        rows,
        refused: report.refused.iter().map(|(s, why)| (line(&s.name), line(why))).collect(),
        graded: sections.collect::<Result<_, _>>()?,
    })
}

fn row(report: &Report, name: &str, exercises: &BTreeSet<&str>) -> TableRow {
    let of = |exercise: &str| {
        report
            .graded
            .iter()
            .enumerate()
            .find(|(_, g)| g.submission.name == name && g.exercise == exercise)
    };
    let cells = exercises
        .iter()
        .map(|exercise| {
            of(exercise).map(|(n, graded)| TableCell {
                id: id(n),
                verdict: graded.verdict.name(),
                points: points(graded),
                rule: graded.rule.map(Rule::name),
            })
        })
        .collect();
    let own = report.graded.iter().filter(|g| g.submission.name == name);
    let scored = own.filter(|g| g.verdict != Verdict::GraderError);
    let (have, max) =
        scored.fold((0, 0), |(p, m), graded| (p + graded.points(), m + graded.max_points()));
    let points = if max == 0 { "ungraded".to_owned() } else { format!("{have}/{max}") };
    TableRow { name: cut(&line(name), 60), cells, points }
}

fn section(n: usize, graded: &Graded) -> Result<Section, minijinja::Error> {
    let all = failures(graded);
    let again = |n: usize, failure: &Failure| n > 0 && failure.rule() == Rule::TodoLeft;
    let (to_do, full): (Vec<_>, Vec<_>) =
        all.into_iter().enumerate().partition(|(n, (_, failure))| again(*n, failure));
    let six = |(nth, (judgement, failure))| six(&format!("{}-{nth}", id(n)), judgement, failure);
    let failures = full.into_iter().map(six).collect::<Result<_, _>>()?;
    Ok(Section {
        id: id(n),
        submission: cut(&line(&graded.submission.name), 80),
        exercise: line(&graded.exercise),
        verdict: graded.verdict.name(),
        points: points(graded),
        rule: graded.rule.map(Rule::name),
        grader_error: graded.grader_error.iter().flat_map(|why| why.lines()).map(line).collect(),
        diagnostics: graded.diagnostics.as_deref().map(lines),
        tasks: graded
            .tasks
            .iter()
            .map(|task| Task {
                task: line(&task.task),
                points: task.points,
                max_points: task.max_points,
                passed: task.passed,
                tests: task.tests,
            })
            .collect(),
        failures,
        to_do: to_do
            .into_iter()
            .map(|(_, (judgement, failure))| todo(judgement, failure))
            .collect(),
        tried: graded
            .judgements
            .iter()
            .filter(|judgement| judgement.outcome == Outcome::Passed)
            .map(|judgement| (line(&judgement.test), crate::terminal::passed(judgement)))
            .collect(),
        unfinished: graded.unfinished.iter().map(|test| line(test)).collect(),
        left_out: graded
            .left_out
            .iter()
            .map(|(file, why)| (cut(&line(&file.to_string_lossy()), 120), line(why)))
            .collect(),
    })
}

/// Every failure, the one that gave the verdict its rule first.
fn failures(graded: &Graded) -> Vec<(&Judgement, &Failure)> {
    let mut all: Vec<(&Judgement, &Failure)> = graded
        .judgements
        .iter()
        .flat_map(|judgement| {
            let failures = match &judgement.outcome {
                Outcome::Failed { failures } => failures.as_slice(),
                Outcome::Passed | Outcome::GraderError { .. } => &[],
            };
            failures.iter().map(move |failure| (judgement, failure))
        })
        .collect();
    all.sort_by_key(|(_, failure)| Some(failure.rule()) != graded.rule);
    all
}

/// A failure in full. `name` is unique on the page.
fn six(name: &str, judgement: &Judgement, failure: &Failure) -> Result<Six, minijinja::Error> {
    let message = Message::new(judgement, failure);
    let timeline = of_finding(&failure.trace, &failure.finding, ROOM);
    let title = format!("{} in {}: what the processes did", message.rule, message.test);
    let svg = match timeline.is_empty() {
        true => None,
        false => Some(svg::timeline(&timeline, &title, name)?),
    };
    let left_out = &timeline.left_out;
    Ok(Six {
        test: message.test,
        rule: message.rule.name(),
        shown: match message.small.is_empty() {
            true => message.shown,
            false => format!("{}; {}", message.shown, message.small),
        },
        expected: parts(&message.expected),
        happened: parts(&message.happened),
        places: message
            .places
            .into_iter()
            .map(|(what, place)| Place { what, place: place.to_string(), text: place.text })
            .collect(),
        remarks: message.remarks,
        svg,
        left_out: (!left_out.is_empty()).then(|| list(left_out, 6)),
        likely: message.likely,
        experiment: message.experiment,
        command: message.command,
        man: message.man,
        replay: message.replay,
    })
}

fn todo(judgement: &Judgement, failure: &Failure) -> ToDo {
    let happened = crate::sentence::brief(&failure.finding, &failure.trace);
    ToDo { test: line(&judgement.test), todo: happened }
}

/// Lines that quote are gathered; a page needs no bar before them, it has boxes.
fn parts(text: &str) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("│ "), all.last_mut()) {
            (Some(quoted), Some(last)) if last.quote => {
                last.text.push('\n');
                last.text.push_str(quoted);
            }
            (Some(quoted), _) => all.push(Part { quote: true, text: quoted.to_owned() }),
            (None, _) => all.push(Part { quote: false, text: line.to_owned() }),
        }
    }
    all
}

fn lines(text: &str) -> String {
    let lines = block(text, 60);
    let bare: Vec<&str> = lines.iter().map(|l| l.strip_prefix("│ ").unwrap_or(l)).collect();
    bare.join("\n")
}

fn points(graded: &Graded) -> String {
    match graded.verdict {
        Verdict::GraderError => "ungraded".to_owned(),
        Verdict::Accepted | Verdict::Rejected | Verdict::BuildFailed | Verdict::LimitExceeded => {
            format!("{}/{}", graded.points(), graded.max_points())
        }
    }
}

fn id(n: usize) -> String {
    format!("g{}", n + 1)
}
