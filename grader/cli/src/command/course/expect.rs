//! Compares what a specimen got with what it must get.

use super::specimen::{Kind, Specimen};
use super::{Deviation, result};
use forklings_model::{Course, Failure, Graded, Outcome, Report, Rule, Verdict};
use std::collections::BTreeSet;

/// Failing tests that a deviation names.
const NAMED: usize = 6;

/// Everything about a specimen that is not as it must be.
pub(super) fn judge(specimen: &Specimen, report: &Report, course: &Course) -> Vec<Deviation> {
    let deviation = |what| Deviation { file: specimen.file.clone(), what };
    let Some(graded) = result(specimen, report) else {
        let refused = report.refused.iter().find(|(who, _)| who.name == specimen.name);
        let why = refused.map_or("it was not graded", |(_, reason)| reason);
        return vec![deviation(format!("must be graded, but {why}"))];
    };
    let wrong = match specimen.kind {
        Kind::Stub => (!stops_at_its_todo(graded)).then_some("stop at its TODO in every test"),
        Kind::Solution | Kind::Variant => {
            (graded.verdict != Verdict::Accepted).then_some("be accepted")
        }
        Kind::Mutant(rule) => (graded.rule != Some(rule)).then(|| rule.name()),
    };
    let mut all: Vec<Deviation> =
        wrong.map(|must| deviation(explain(specimen.kind, must, graded))).into_iter().collect();
    if specimen.kind == Kind::Solution {
        all.extend(strays(graded, course).map(|test| {
            deviation(format!("the test `{test}` stands in a module that is no task"))
        }));
        all.extend(unjudged(graded).map(|(test, reason)| {
            deviation(format!("the test `{test}` cannot judge the solution: {reason}"))
        }));
    }
    all
}

fn stops_at_its_todo(graded: &Graded) -> bool {
    let todo = |outcome: &Outcome| first_rule(outcome) == Some(Rule::TodoLeft);
    graded.verdict == Verdict::Rejected
        && graded.unfinished.is_empty()
        && graded.judgements.iter().all(|judgement| todo(&judgement.outcome))
}

fn first_rule(outcome: &Outcome) -> Option<Rule> {
    match outcome {
        Outcome::Failed { failures } => failures.first().map(Failure::rule),
        Outcome::Passed | Outcome::GraderError { .. } => None,
    }
}

/// What must come, what came, and which tests said so.
fn explain(kind: Kind, must: &str, graded: &Graded) -> String {
    let came = graded.rule.map_or(graded.verdict.name(), Rule::name);
    let mut text = match kind {
        Kind::Mutant(_) => format!("must be caught as {must}, but came as {came}"),
        Kind::Stub | Kind::Solution | Kind::Variant => format!("must {must}, but came as {came}"),
    };
    if let Some(reason) = &graded.grader_error {
        text += &format!("\n{reason}");
    }
    if let Some(diagnostics) = &graded.diagnostics {
        text += &format!("\n{}", diagnostics.lines().take(5).collect::<Vec<_>>().join("\n"));
    }
    let mut named = 0;
    for judgement in &graded.judgements {
        let said = match &judgement.outcome {
            Outcome::Passed if kind == Kind::Stub => "passed".to_owned(),
            Outcome::Passed => continue,
            Outcome::GraderError { reason } => reason.clone(),
            Outcome::Failed { failures } => {
                let rules: Vec<&str> = failures.iter().map(|f| f.rule().name()).collect();
                let replay = failures.first().and_then(|failure| failure.replay.as_ref());
                let replay =
                    replay.map_or(String::new(), |file| format!("\n    {}", file.display()));
                format!("{}{replay}", rules.join(", "))
            }
        };
        if kind == Kind::Stub && said == Rule::TodoLeft.name() {
            continue;
        }
        named += 1;
        if named <= NAMED {
            text += &format!("\n  {}: {said}", judgement.test);
        }
    }
    for test in &graded.unfinished {
        text += &format!("\n  {test}: did not finish");
    }
    text
}

/// Tests that could not tell, with the reason: a student may have the doubt, the course may not.
fn unjudged(graded: &Graded) -> impl Iterator<Item = (&str, &str)> {
    graded.judgements.iter().filter_map(|judgement| {
        let reason = judgement.inspected.as_ref()?.unknown.as_deref()?;
        Some((judgement.test.as_str(), reason))
    })
}

/// Tests that belong to no task, and so never count.
fn strays<'a>(graded: &'a Graded, course: &'a Course) -> impl Iterator<Item = &'a str> {
    let exercise = course.exercise(&graded.exercise);
    let is_task = move |id: &str| exercise.is_some_and(|exercise| exercise.task(id).is_some());
    let tests: BTreeSet<&str> = graded
        .judgements
        .iter()
        .filter(|judgement| !is_task(&judgement.task))
        .map(|judgement| judgement.test.as_str())
        .collect();
    tests.into_iter()
}
